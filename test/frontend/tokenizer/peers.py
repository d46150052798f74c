"""peers.py LATHE SHARED_DATA: `lathe tokenize --lines` against Hugging Face's tokenizers, SentencePiece and tiktoken on 10,000 lines: text in many
scripts, every kind of character, special tokens inside of words, random bytes. Every id must be the same.

The tokenizers: each tokenizer.json of SHARED_DATA, and models that SentencePiece and Hugging Face's trainers make here.
"""
import base64
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata

import sentencepiece
import tiktoken
from tokenizers import Tokenizer

lathe, shared = sys.argv[1], pathlib.Path(sys.argv[2])
random.seed(7)
BLOCKS = [(0x20, 0x7E), (0xA0, 0x17F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F),
          (0x1100, 0x11FF), (0x2000, 0x206F), (0x20A0, 0x214F), (0x2460, 0x24FF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xFB00, 0xFB4F),
          (0xFF00, 0xFFEF), (0x1D400, 0x1D7FF), (0x1F300, 0x1F6FF), (0x20000, 0x2A6DF), (0x0, 0x1F)]
ODD = ["don't", "I'll", "<s>", "</s>", "[CLS]", "[MASK]", "<|endoftext|>", "<pad>", "\t", "\r", "...", "http://a.b/c?d=1", "foo_bar(x);", "C++", "na\u00efve",
       "\u0130", "\u00df", "\ufb01", "\u2460", "\u00bd", "cafe\u0301", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u2581x"]


def character(assigned=True):
    while True:
        first, last = random.choice(BLOCKS)
        c = chr(random.randint(first, last))
        if c != "\n" and not (assigned and unicodedata.category(c) == "Cn"):
            return c


def make_lines():
    text = (shared / "text/wikitext2_test_tokens.txt").read_text("utf-8").split("\n") + (shared / "text/tinystories_sample.txt").read_text("utf-8").split("\n")
    lines = [line.replace("<unk>", "rare") for line in text if line.strip()][:4000]
    random.shuffle(lines)
    words = " ".join(lines[:500]).split()
    while len(lines) < 7000:
        parts = []
        for _ in range(random.randint(1, 30)):
            kind = random.random()
            parts.append(random.choice(words) if kind < 0.5 else "".join(character() for _ in range(random.randint(1, 6))) if kind < 0.7
                         else str(random.randint(0, 10 ** random.randint(1, 12))) if kind < 0.8 else " " * random.randint(1, 5) if kind < 0.85
                         else random.choice(ODD) if kind < 0.92 else "".join(character(False) for _ in range(random.randint(2, 8))))
        lines.append(random.choice(["", " ", " "]).join(parts))
    while len(lines) < 10000:
        lines.append(random.randbytes(random.randint(1, 120)).decode("utf-8", "replace"))
    return [line.replace("\n", " ") or "x" for line in lines]


lines = make_lines()
work = pathlib.Path(tempfile.mkdtemp(prefix="tokenizers"))
(work / "lines").write_text("\n".join(lines) + "\n", "utf-8", newline="")
failed = 0


def compare(name, folder, expected, leave_out=()):
    global failed
    run = subprocess.run([lathe, "tokenize", folder, "--lines", "-f", work / "lines"], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{name}: {run.stderr}")
    ours = run.stdout.split("\n")[:-1]
    assert len(ours) == len(lines) == len(expected), (name, len(ours))
    looked = different = 0
    for line, written, ids in zip(lines, ours, expected):
        if any(text in line for text in leave_out):
            continue
        looked += 1
        got = [int(i) for i in written.split(",")] if written else []
        if got != ids:
            different += 1
            if different <= 2:
                print(f"{name}: {ascii(line)[:200]}\n  lathe {got[:40]}\n  peer  {ids[:40]}")
    failed += different > 0
    print(f"{name}: {looked} lines, {different} differ")


def compare_json(name, folder):
    peer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    peer.no_truncation()
    peer.no_padding()
    compare(name, folder, [encoding.ids for encoding in peer.encode_batch(lines)])


def compare_sentence_piece(name, settings, **options):
    folder = work / name
    folder.mkdir()
    (work / "train").write_text("\n".join(line for line in lines[1500:5000] if "\0" not in line), "utf-8")
    sentencepiece.SentencePieceTrainer.train(input=str(work / "train"), model_prefix=str(folder / "tokenizer"), minloglevel=2, **options)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    peer = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    bos = [peer.bos_id()] if settings.get("add_bos_token") else []
    # SentencePiece cannot be asked for control tokens in a text, and ends a text at a zero byte.
    compare(name, folder, [bos + peer.encode(line) for line in lines], ("<unk>", "<s>", "</s>", "<pad>", "\0"))


def compare_tiktoken():
    """Ranks out of GPT-2's vocabulary as SmolLM2 has it, in the file that Qwen ships."""
    model = json.loads((shared / "exports/smollm2-135m/tokenizer.json").read_text("utf-8"))
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    byte_of = {chr(b): b for b in printable} | {chr(256 + i): b for i, b in enumerate(b for b in range(256) if b not in printable)}
    special = {token["content"] for token in model["added_tokens"]}
    pieces = [bytes(byte_of[c] for c in text) for text, _ in sorted(model["model"]["vocab"].items(), key=lambda item: item[1]) if text not in special]
    ranks = {piece: i for i, piece in enumerate([bytes([b]) for b in range(256)] + [piece for piece in pieces if len(piece) > 1])}
    folder = work / "tiktoken"
    folder.mkdir()
    (folder / "qwen.tiktoken").write_text("".join(f"{base64.b64encode(piece).decode()} {rank}\n" for piece, rank in ranks.items()))
    (folder / "config.json").write_text('{"model_type": "qwen"}')
    pattern = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    peer = tiktoken.Encoding("qwen", pat_str=pattern, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": len(ranks)})
    compare("tiktoken", folder, [peer.encode(line, allowed_special="all") for line in lines])


def compare_vocabulary_files():
    """vocab.json with merges.txt, and vocab.txt, written from a tokenizer.json that says the same."""
    for name, kind in [("gpt2-hf", "bytes"), ("bert-hf", "words")]:
        model = json.loads((shared / "exports" / name / "tokenizer.json").read_text("utf-8"))["model"]
        folder = work / kind
        folder.mkdir()
        if kind == "bytes":
            (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
            merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
            (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", "utf-8")
        else:
            (folder / "vocab.txt").write_text("".join(f"{text}\n" for text, _ in sorted(model["vocab"].items(), key=lambda item: item[1])), "utf-8")
        peer = Tokenizer.from_file(str(shared / "exports" / name / "tokenizer.json"))
        compare(f"vocabulary files of {name}", folder, [encoding.ids for encoding in peer.encode_batch(lines)])


seen = set()
for path in sorted(shared.glob("exports/*/tokenizer.json")):
    if path.read_bytes() not in seen:
        seen.add(path.read_bytes())
        compare_json(path.parent.name, path.parent)
minilm = pathlib.Path(__file__).resolve().parents[3] / ".cache/models/all-MiniLM-L6-v2"
if minilm.exists():
    compare_json("all-MiniLM-L6-v2", minilm)
compare_sentence_piece("bpe", {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True}, model_type="bpe", byte_fallback=True, vocab_size=4000,
                       character_coverage=0.98, user_defined_symbols=["[MASK]", "foo_bar"])
compare_sentence_piece("bpe-verbatim", {}, model_type="bpe", vocab_size=4000, character_coverage=0.98, normalization_rule_name="identity",
                       remove_extra_whitespaces=False, split_by_whitespace=False)
compare_sentence_piece("unigram-folded", {}, model_type="unigram", vocab_size=4000, character_coverage=0.98, normalization_rule_name="nmt_nfkc_cf",
                       user_defined_symbols=["[MASK]"])
compare_sentence_piece("unigram-bytes", {}, model_type="unigram", vocab_size=4000, character_coverage=0.98, normalization_rule_name="nfkc",
                       byte_fallback=True, add_dummy_prefix=False, remove_extra_whitespaces=False)
t5 = sentencepiece.SentencePieceProcessor(model_file=str(shared / "hf/tiny-t5/spiece.model"))
compare("tiny-t5", shared / "hf/tiny-t5", [t5.encode(line) + [t5.eos_id()] for line in lines], ("<unk>", "<s>", "</s>", "<pad>"))
compare_tiktoken()
compare_vocabulary_files()
sys.exit(f"{failed} tokenizers differ" if failed else 0)
