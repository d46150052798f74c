"""make_minilm.py MODEL > minilm.json: embeddings of a few texts by PyTorch: the hidden states of transformers' BertModel in float32, their mean
over the tokens, normalised, as sentence-transformers does it (needs torch and transformers; made with 2.15.0 and 5.24.0)."""
import json
import sys

import torch
import transformers

TEXTS = ["The cat sat on the mat.", "A short film about trains and winter, made in 1998.", "def add(a, b): return a + b", "Un caf\u00e9, s'il vous pla\u00eet \u2014 na\u00efve r\u00e9sum\u00e9!",
         "\u6771\u4eac\u306f\u65e5\u672c\u306e\u9996\u90fd\u3067\u3059\u3002", "Quantum chromodynamics describes the strong interaction between quarks and gluons. " * 6, "x"]
model = transformers.BertModel.from_pretrained(sys.argv[1], attn_implementation="eager").float().eval()
tokenizer = transformers.AutoTokenizer.from_pretrained(sys.argv[1])
cases = []
for text in TEXTS:
    batch = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        vector = torch.nn.functional.normalize(model(**batch).last_hidden_state.mean(1), dim=1)[0]
    cases.append({"text": text, "tokens": batch["input_ids"].shape[1], "vector": [float(f"{value:.7g}") for value in vector.tolist()]})
json.dump(cases, sys.stdout, separators=(",", ":"))
print()
