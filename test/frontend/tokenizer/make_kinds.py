"""Writes kinds.json: small tokenizers of every kind that tokenizer.json can describe, and what Hugging Face's tokenizers
library makes of some texts with them.

Made with tokenizers 0.22.1 (0.23 decodes added tokens of normalised text in their normalised form): python make_kinds.py > kinds.json
"""
import base64
import json
import struct
import sys

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

CORPUS = [
    "The quick brown fox jumps over the lazy dog. The dog doesn't mind; it's used to it, and they'll play.",
    "In 2023, 1234567 people said: \"Hello, world!\" He said hello hello hello. They're here, we've won.",
    "def hello(world):\n    return world + 1\n\n\nfor i in range(10):\n\tprint(i)   # comment",
    "caf\u00e9 na\u00efve \u4f60\u597d\u4e16\u754c \u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440 the the the   and  and",
] * 3
TEXTS = [
    "", " ", "  ", "\n", "Hello world", " Hello  world ", "The dog doesn't mind; THEY'LL play.", "12 345 6789", "a\n\n b\r\n\tc   d",
    "def f(x):\n    return x+1", "caf\u00e9 cafe\u0301 \u4f60\u597d \U0001f999\U0001f1ea\U0001f1fa \u043f\u0440\u0438\u0432\u0435\u0442", "x\u00a0y\u2003z\u3000w",
    "<s>hi</s> <s> there", "hello<mask>  world <mask>", "a wordy word, Word word", "\ufb01ne \u2460\u2161\u00bd \u0663\u0664", "\u2581x\u2581 y",
    "!!!...---\u00bf?\u3002", "The" * 5, "it's IT'S \u017f'\u017f", " the the", "\tthe\u200bdog", "'s 'S 're'RE 'd",
]
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def byte_level():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=380, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return json.loads(t.to_str())["model"]


def sentence_piece():
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Replace(" ", "\u2581")
    t.pre_tokenizer = pre_tokenizers.Split("\u2581", "merged_with_next")
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=420, special_tokens=special, show_progress=False))
    return json.loads(t.to_str())["model"]


def word_piece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=220, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    return json.loads(t.to_str())["model"]


def unigram(bytes_too):
    t = Tokenizer(models.Unigram())
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<unk>", "<s>", "</s>"] + ([f"<0x{b:02X}>" for b in range(256)] if bytes_too else [])
    t.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=180 + len(special), special_tokens=special, unk_token="<unk>", show_progress=False))
    return json.loads(t.to_str())["model"]


def suffixed():
    t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=260, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False))
    return json.loads(t.to_str())["model"]


def prefixed():
    t = Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="##"))
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=260, special_tokens=["<unk>"], continuing_subword_prefix="##", show_progress=False))
    return json.loads(t.to_str())["model"]


def words():
    t = Tokenizer(models.WordLevel(unk_token="<unk>"))
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.train_from_iterator(CORPUS, trainers.WordLevelTrainer(vocab_size=60, special_tokens=["<unk>"], show_progress=False))
    return json.loads(t.to_str())["model"]


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def byte(add_prefix_space=False, use_regex=True):
    return {"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": True, "use_regex": use_regex}


def sequence(*steps, key="pretokenizers"):
    return {"type": "Sequence", key: list(steps)}


def added(id, content, special=True, **flags):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": not special, "special": special, **flags}


LLAMA_DECODER = {"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
GEMMA_DECODER = {"type": "Sequence", "decoders": LLAMA_DECODER["decoders"][:3]}
REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}


def character_map():
    """A small precompiled map in SentencePiece's form, its double array built by hand: no two children of the array collide."""
    rules = {"\ufb01": "fi", "\u3000": " ", "\u00a0": " ", "\u00e9": "e", "e\u0301": "E", "\u2460": "1", "T": "t", "\u00bd": "1/2", "!": ""}
    tree, texts = {}, b""
    for key, text in rules.items():
        node = tree
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[0] = len(texts)
        texts += text.encode() + b"\0"
    units, used, taken = {0: 0}, {0}, set()

    def place(index, node):
        base = next(b for b in range(1, 1 << 16) if (b ^ index) not in taken and all((b ^ label) not in used for label in node) and (b ^ index) < 1 << 21)
        used.update(base ^ label for label in node)
        units[index] |= (base ^ index) << 10 | ((1 << 8) if 0 in node else 0)
        for label, child in node.items():
            at = base ^ label
            if label == 0:
                units[at] = 1 << 31 | child
            else:
                units[at] = label
        for label, child in node.items():
            if label:
                place(base ^ label, child)

    place(0, tree)
    size = (max(units) | 255) + 1
    array = struct.pack(f"<{size}I", *[units.get(i, 0xff) for i in range(size)])
    return struct.pack("<I", len(array)) + array + texts


def template(before, after=()):
    names = list(before) + list(after)
    item = lambda n: {"SpecialToken": {"id": n[0], "type_id": 0}}
    return {"type": "TemplateProcessing", "single": [item(n) for n in before] + [{"Sequence": {"id": "A", "type_id": 0}}] + [item(n) for n in after],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {n[0]: {"id": n[0], "ids": [n[1]], "tokens": [n[0]]} for n in names}}


def metaspace(scheme, split=True):
    return {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": split}


def main():
    bases = {"bytes": byte_level(), "pieces": sentence_piece(), "word piece": word_piece(), "unigram": unigram(False),
             "unigram bytes": unigram(True), "suffixed": suffixed(), "prefixed": prefixed(), "words": words()}
    n = len(bases["bytes"]["vocab"])
    mask = [added(n, "<s>"), added(n + 1, "</s>"), added(n + 2, "<mask>", lstrip=True, rstrip=True)]
    llama = [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")]
    m = len(bases["pieces"]["vocab"])
    cases = []

    def case(name, base, pre=None, normalizer=None, decoder=None, post=None, tokens=(), **model):
        parts = {"normalizer": normalizer, "pre_tokenizer": pre, "post_processor": post, "decoder": decoder, "added_tokens": list(tokens)}
        whole = {"version": "1.0", "truncation": None, "padding": None, **parts, "model": {**bases[base], **model}}
        t = Tokenizer.from_str(json.dumps(whole))
        texts = []
        for text in TEXTS:
            ids = t.encode(text).ids
            texts.append([text, ids, t.encode(text, add_special_tokens=False).ids, t.decode(ids, skip_special_tokens=False), t.decode(ids, skip_special_tokens=True)])
        cases.append({"name": name, "base": base, "model": model, "parts": parts, "texts": texts})

    d = byte()
    case("gpt2", "bytes", byte(), decoder=d, tokens=mask)
    case("gpt2 prefix space", "bytes", byte(True), decoder=d, post=template([("<s>", n)], [("</s>", n + 1)]), tokens=mask)
    case("llama3", "bytes", sequence(split(LLAMA3), byte(use_regex=False)), decoder=d, tokens=mask, ignore_merges=True)
    case("qwen2", "bytes", sequence(split(QWEN2), byte(use_regex=False)), {"type": "NFC"}, decoder=d, tokens=mask)
    case("smollm", "bytes", sequence({"type": "Digits", "individual_digits": True}, byte()), decoder=d, tokens=mask)
    case("digits together", "bytes", sequence({"type": "Digits", "individual_digits": False}, byte()), decoder=d)
    case("deepseek", "bytes", sequence(split(r"\p{N}{1,3}"), split("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"), split(r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"), byte(use_regex=False)), decoder=d)
    case("han script", "bytes", sequence(split(r"\p{Han}+|\p{Cyrillic}+"), byte()), decoder=d)
    case("punctuation", "bytes", sequence({"type": "Punctuation", "behavior": "Isolated"}, byte()), decoder=d)
    case("alphabet before split", "bytes", sequence(byte(use_regex=False), split("\u0120", "MergedWithNext", kind="String")), decoder=d)
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        for invert in [False, True]:
            case(f"split {behavior} {invert}", "bytes", sequence(split(r"[aeiou ]", behavior, invert), byte(use_regex=False)), decoder=d)
    case("split string", "bytes", sequence(split("the", "Isolated", kind="String"), byte()), decoder=d)
    case("whitespace", "bytes", sequence({"type": "Whitespace"}, byte(use_regex=False)), decoder=d)
    case("whitespace split", "bytes", sequence({"type": "WhitespaceSplit"}, byte(use_regex=False)), decoder=d)
    case("flags", "bytes", byte(), decoder=d, tokens=[
        added(n, "word", special=False, single_word=True, normalized=False), added(n + 1, "<mask>", lstrip=True),
        added(n + 2, "<s>", rstrip=True), added(n + 3, "</s>", special=False), added(n + 4, "he", special=False, single_word=True)])
    case("lowercase", "bytes", byte(), sequence({"type": "NFKC"}, {"type": "Lowercase"}, key="normalizers"), decoder=d, tokens=[added(n, "THE", special=False), added(n + 1, "<s>")])
    case("nfd strip", "bytes", byte(), sequence({"type": "NFD"}, {"type": "Strip", "strip_left": True, "strip_right": True}, key="normalizers"), decoder=d)
    case("nfkd", "bytes", byte(), {"type": "NFKD"}, decoder=d)
    case("replace regex", "bytes", byte(), {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, decoder=d)
    legacy = sequence({"type": "Prepend", "prepend": "\u2581"}, REPLACE, key="normalizers")
    case("llama legacy", "pieces", None, legacy, LLAMA_DECODER, template([("<s>", 1)]), llama)
    case("llama normalized added", "pieces", None, legacy, LLAMA_DECODER, None, llama + [added(m, "<mask>", special=False)])
    case("gemma", "pieces", split(" ", "MergedWithPrevious", kind="String"), REPLACE, GEMMA_DECODER, None, llama)
    for scheme in ["always", "first", "never"]:
        for cut in [True, False]:
            case(f"metaspace {scheme} {cut}", "pieces", metaspace(scheme, cut), None, GEMMA_DECODER if scheme == "never" else LLAMA_DECODER, None, llama)
    case("no byte fallback", "pieces", None, REPLACE, GEMMA_DECODER, None, llama, byte_fallback=False)
    case("unknown not fused", "pieces", None, REPLACE, GEMMA_DECODER, None, llama, byte_fallback=False, fuse_unk=False)
    case("no unknown", "pieces", None, REPLACE, GEMMA_DECODER, None, llama, byte_fallback=False, unk_token=None)
    bert = [added(i, text) for i, text in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])]
    around = {"type": "BertProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]}
    bert_normalizer = lambda **options: {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True, **options}
    for name, options in [("bert", {}), ("bert cased", {"lowercase": False}), ("bert accents", {"lowercase": False, "strip_accents": True}),
                          ("bert keeps", {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False})]:
        case(name, "word piece", {"type": "BertPreTokenizer"}, bert_normalizer(**options), {"type": "WordPiece", "prefix": "##", "cleanup": name != "bert keeps"}, around, bert)
    case("bert short words", "word piece", {"type": "BertPreTokenizer"}, bert_normalizer(), {"type": "WordPiece", "prefix": "##", "cleanup": True}, around, bert, max_input_chars_per_word=6)
    t5 = [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")]
    accents = sequence({"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Nmt"}, key="normalizers")
    charsmap = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(character_map()).decode()}
    for base in ["unigram", "unigram bytes"]:
        more = {"byte_fallback": True} if base.endswith("bytes") else {}
        decoder = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, metaspace("always")]} if more else metaspace("always")
        case(base, base, metaspace("always"), None, decoder, template([], [("</s>", 2)]), t5, **more)
        case(base + " whole", base, metaspace("first", False), sequence({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, key="normalizers"), decoder, None, t5, **more)
        case(base + " accents", base, metaspace("always"), accents, decoder, None, t5, **more)
        case(base + " map", base, metaspace("always"), charsmap, decoder, None, t5, **more)
    case("suffix", "suffixed", {"type": "BertPreTokenizer"}, {"type": "Lowercase"}, {"type": "BPEDecoder", "suffix": "</w>"}, None, [added(0, "<unk>")])
    case("prefix", "prefixed", {"type": "Whitespace"}, None, {"type": "WordPiece", "prefix": "##", "cleanup": False}, None, [added(0, "<unk>")])
    case("words", "words", {"type": "Whitespace"}, None, None, None, [added(0, "<unk>")])
    for base in bases.values():
        if "merges" not in base:
            continue
        base["merges"] = [" ".join(pair) if base is bases["bytes"] else pair for pair in base["merges"]]
    json.dump({"models": bases, "cases": cases}, sys.stdout, ensure_ascii=True, separators=(",", ":"))
    print()


main()
