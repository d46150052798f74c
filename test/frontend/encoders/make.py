"""make.py [NAME...]: writes NAME.json, what PyTorch says of a tiny encoder of each architecture (needs torch and transformers).

As architectures/make.py: weights follow from their names; a file has the configuration, the tensors, "ids" and "mask" of three texts of
different lengths, token "types" where the model has them, and "hidden", the last hidden states, computed in float32 by transformers' own
model (5.24.0) for each text alone, without padding: what stands at padded places means nothing."""
import json
import math
import pathlib
import sys

import numpy
import torch
import transformers

BASE = dict(vocab_size=32, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=64)
CASES = {
    "bert": ("bert", dict(BASE, type_vocab_size=2)),
    "bert_relu": ("bert", dict(BASE, type_vocab_size=3, hidden_act="relu", layer_norm_eps=1e-5)),
    "roberta": ("roberta", dict(BASE, type_vocab_size=1, pad_token_id=1, max_position_embeddings=66)),
    "mpnet": ("mpnet", dict(BASE, pad_token_id=1, max_position_embeddings=66)),
    "modernbert": ("modernbert", dict(BASE, num_hidden_layers=4, local_attention=5, pad_token_id=0, cls_token_id=1, sep_token_id=2, bos_token_id=1,
                                      eos_token_id=2, global_rope_theta=5000.0, local_rope_theta=100.0)),
    # Its blocks are those of the whole batch: texts of one length. 10 blocks and a part, which makes transformers pad.
    "bigbird": ("big_bird", dict(BASE, attention_type="block_sparse", block_size=4, num_random_blocks=2, hidden_act="gelu")),
    "bigbird_dense": ("big_bird", dict(BASE, attention_type="block_sparse", block_size=4, num_random_blocks=1)),
    "distilbert": ("distilbert", dict(vocab_size=32, dim=32, hidden_dim=48, n_layers=2, n_heads=4, max_position_embeddings=64)),
}

LENGTHS = {"bigbird": (41, 41, 41), "modernbert": (13, 4, 6)}


def fill(name, shape, scale, offset):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    with numpy.errstate(over="ignore"):
        z = numpy.arange(math.prod(shape), dtype=numpy.uint64) + numpy.uint64(seed)
        z = z * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z = z ^ (z >> numpy.uint64(31))
    u = (z >> numpy.uint64(40)).astype(numpy.float64) / 2.0**24
    return torch.from_numpy((offset + scale * (u - 0.5)).astype(numpy.float32).reshape(shape))


def make(name):
    kind, settings = CASES[name]
    config = transformers.AutoConfig.for_model(kind, **settings)
    model = transformers.AutoModel.from_config(config, attn_implementation="eager").float().eval()
    tensors = {}
    padding = settings.get("pad_token_id", 0)
    texts = [[(7 * i * i + 3 * i + step) % 29 + 3 for i in range(length)] for step, length in zip((1, 2, 5), LENGTHS.get(name, (9, 4, 6)))]
    with torch.no_grad():
        for tensor, parameter in model.named_parameters():
            if "pooler" in tensor:
                continue
            is_norm = "norm" in tensor.lower()
            scale, offset = (0.5, 1.0 if tensor.endswith("weight") else 0.0) if is_norm else (0.8, 0.0)
            tensors[tensor] = [list(parameter.shape), scale, offset]
            parameter.copy_(fill(tensor, parameter.shape, scale, offset))
        has_types = settings.get("type_vocab_size", 0) > 1
        types = [[int(i > len(text) // 2) for i in range(len(text))] for text in texts]
        hidden = [model(torch.tensor([text]), **({"token_type_ids": torch.tensor([kinds])} if has_types else {})).last_hidden_state[0].tolist()
                  for text, kinds in zip(texts, types)]
    longest = max(map(len, texts))
    pad = lambda row, value: row + [value] * (longest - len(row))
    case = {"config": {"model_type": kind, **settings}, "tensors": tensors, "ids": [pad(text, padding) for text in texts],
            "mask": [pad([1] * len(text), 0) for text in texts]}
    if has_types:
        case["types"] = [pad(kinds, 0) for kinds in types]
    case["hidden"] = [[[float(f"{value:.6g}") for value in row] for row in text] for text in hidden]
    lines = [f'"{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in case.items()]
    pathlib.Path(__file__).with_name(name + ".json").write_text("{" + ",\n".join(lines) + "}\n")


for name in sys.argv[1:] or CASES:
    make(name)
