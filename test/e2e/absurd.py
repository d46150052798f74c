"""Files whose counts, offsets, lengths and paths are absurd: cases(kind, whole) -> [(what, bytes or function of the path, must fail: or the command alone that must)]."""
import json
import os
import struct

import tiny_models as tiny


def gguf(_):
    def tensor(**change):
        """Changes the entry of blk.0.attn_q.weight."""
        names = ["name", "rank", "sizes", "kind", "offset"]

        def apply(name, entry):
            return tuple(change.get(key, value) for key, value in zip(names, entry)) if name == "blk.0.attn_q.weight" else entry
        return tiny.gguf(change=apply)

    for count in (1 << 63, (1 << 64) - 1, 1 << 40, 1 << 20):
        yield f"{count} tensors", tiny.gguf(tensor_count=count), True
        yield f"{count} keys", tiny.gguf(key_count=count), True
        yield f"a name of {count} bytes", tensor(name=tiny.gguf_string("blk.0.attn_q.weight", count)), True
        yield f"a text of {count} bytes", tiny.gguf({"general.name": struct.pack("<I", 8) + tiny.gguf_string("x", count)}), True
        for element in (0, 4, 8, 10):
            yield f"an array of {count}", tiny.gguf({"x": struct.pack("<IIQ", 9, element, count)}), True
        yield f"a tensor at {count}", tensor(offset=count & ~31), True
        yield f"a tensor of {count} columns", tensor(sizes=(count, 32)), True
    yield "sizes whose product overflows", tensor(sizes=(1 << 32, 1 << 32)), True
    yield "negative size", tensor(sizes=((1 << 64) - 32, 32)), True
    for rank in (0, 5, 255, 0xffffffff):
        yield f"rank {rank}", tensor(rank=rank), True
    for kind in (4, 99, 0xffffffff):
        yield f"tensor type {kind}", tensor(kind=kind), True
    yield "a crooked offset", tensor(offset=3), True
    for version in (0, 1, 99, 0x03000000):
        yield f"version {version}", tiny.gguf(version=version), True
    yield "arrays in arrays", tiny.gguf({"x": struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 100000 + struct.pack("<IQ", 4, 0)}), True
    yield "an unknown value type", tiny.gguf({"x": struct.pack("<II", 77, 0)}), True
    for alignment in (0, 1, 3, 1 << 31):
        yield f"alignment {alignment}", tiny.gguf({"general.alignment": alignment}), alignment != 1
    for key in ("block_count", "embedding_length", "feed_forward_length", "attention.head_count", "attention.head_count_kv"):
        for value in (0, 1 << 20, (1 << 31) - 1, (1 << 32) - 1, 1 << 62, "text", [1, 2]):
            yield f"{key} {value}", tiny.gguf({f"llama.{key}": value}), True
    for value in (0, 1, 3, 1 << 31, 1 << 62, "text"):
        yield f"rope dimensions {value}", tiny.gguf({"llama.rope.dimension_count": value}), True
    yield "no architecture", tiny.gguf({"general.architecture": None}), True
    yield "an unknown architecture", tiny.gguf({"general.architecture": "x" * 100000}), True
    for key in ("bos_token_id", "eos_token_id", "unknown_token_id"):
        for value in (len(tiny.TOKENS), (1 << 32) - 1, "text"):
            yield f"{key} {value}", tiny.gguf({f"tokenizer.ggml.{key}": value}), False
    yield "fewer scores than tokens", tiny.gguf({"tokenizer.ggml.scores": [0.0]}), True
    yield "fewer types than tokens", tiny.gguf({"tokenizer.ggml.token_type": [1]}), True
    yield "a type of token that is none", tiny.gguf({"tokenizer.ggml.token_type": [99] * len(tiny.TOKENS)}), False
    yield "no tokens", tiny.gguf({"tokenizer.ggml.tokens": struct.pack("<IIQ", 9, 8, 0)}), True
    yield "a tokenizer that is none", tiny.gguf({"tokenizer.ggml.model": "no such thing"}), True
    yield "a chat template that never ends", tiny.gguf({"tokenizer.chat_template": "{% for a in range(999999999) %}x" * 100}), False


def safetensors(_):
    name = "model.layers.0.self_attn.q_proj.weight"

    def entry(**change):
        def apply(header):
            header[name] = {**header[name], **change}
            return header
        return tiny.safetensors(apply)

    for length in (0, 1, 1 << 27, 1 << 40, 1 << 63, (1 << 64) - 1):
        yield f"a header of {length} bytes", tiny.safetensors(length=length), True
    for begin, end in [(0, 1 << 62), (1 << 62, (1 << 62) + 4096), (4096, 0), (-4096, 0), (0, 4095), (0, 4.5), ("0", "4096"), (0, 1 << 70)]:
        yield f"data from {begin} to {end}", entry(data_offsets=[begin, end]), True
    for shape in ([1 << 62, 4], [1 << 32, 1 << 32], [-32, -32], [32], [], [32.0, 32.0], ["32", "32"], [1 << 70, 1], [1] * 100000):
        yield f"shape {str(shape)[:40]}", entry(shape=shape), True
    for dtype in ("F31", "", 7, None, "x" * 100000):
        yield f"type {str(dtype)[:20]}", entry(dtype=dtype), True
    yield "deep nesting", tiny.safetensors(lambda header: b"[" * 300000), True
    yield "deep objects", tiny.safetensors(lambda header: b'{"a":' * 200000), True
    yield "no UTF-8", tiny.safetensors(lambda header: b'{"\xff\xfe": {}}'), True
    yield "a list", tiny.safetensors(lambda header: []), True

    def shards(place):
        def make(path):
            folder = os.path.dirname(path)
            os.rename(path, os.path.join(folder, "..", "outside.safetensors"))
            if place == "a link":
                os.symlink("../outside.safetensors", os.path.join(folder, "part.safetensors"))
            file = {"a link": "part.safetensors", "absolute": os.path.abspath(os.path.join(folder, "..", "outside.safetensors"))}.get(place, place)
            index = {"weight_map": {tensor: file for _, tensor, _ in tiny.llama_shapes()}}
            tiny.write(path + ".index.json", json.dumps(index).encode())
        return make
    for place in ("../outside.safetensors", "absolute", "a link", "./../outside.safetensors", "x/../../outside.safetensors", "", ".", "a\0b"):
        yield f"a shard at {place!r}", shards(place), True

    def link(path):
        os.rename(path, os.path.join(os.path.dirname(path), "..", "outside"))
        os.symlink("../outside", path)
    yield "a link out of the folder", link, True


def config(_):
    for key in ("num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads", "vocab_size"):
        for value in (0, -1, 1 << 20, 1 << 31, 1 << 62, 1 << 70, 1.5, "text", None, [], {}):
            # No number of key heads, and no vocabulary: as many as there are.
            yield f"{key} {value}", tiny.config(**{key: value}), value is not None
    for key in ("max_position_embeddings", "rms_norm_eps", "rope_theta"):
        for value in (0, -1, 1 << 62, 1 << 70, "text", [], {}, 1e400):
            yield f"{key} {value}", tiny.config(**{key: value}), False
    yield "deep nesting", b"[" * 300000, True
    yield "deep objects", b'{"a":' * 200000 + b"1" + b"}" * 200000, True
    yield "an unknown model", tiny.config(model_type="x" * 100000), True
    yield "a model that is a number", tiny.config(model_type=5), True
    for scaling in ({"rope_type": "llama3"}, {"rope_type": "linear", "factor": 0}, {"rope_type": 5}, {"type": "yarn"}, "text", [1]):
        yield f"rope scaling {scaling}", tiny.config(rope_scaling=scaling), False
    yield "end tokens by the million", tiny.config(eos_token_id=list(range(1000000))), False


def tokenizer(_):
    for value in (-1, 1 << 31, 1 << 62, 1 << 70, 1.5, "text", None):
        yield f"an id {value}", tiny.tokenizer_json(model={"vocab": {"a": 0, "b": value}, "merges": []}), True
    yield "two tokens of an id", tiny.tokenizer_json(model={"vocab": {"a": 0, "b": 0}, "merges": []}), True
    yield "ids with a gap of 2^31", tiny.tokenizer_json(model={"vocab": {"a": 0, "b": (1 << 31) - 2}, "merges": []}), True
    for merges in (["a b", "nothing there"], ["ab"], [["a"]], [["a", "b", "c"]], "a b", [1, 2], [""], {"a": "b"}):
        yield f"merges {merges}", tiny.tokenizer_json(model={"merges": merges}), True
    for key, value in [("type", "Nothing"), ("type", 5), ("vocab", []), ("vocab", "text"), ("vocab", {})]:
        yield f"model {key} {value}", tiny.tokenizer_json(model={key: value}), True
    for value in ({"type": "Nothing"}, {"type": 5}, {"type": "Sequence"}, {"type": "Sequence", "pretokenizers": 5}, [], "text",
                  {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated"}, {"type": "Split", "pattern": {"Regex": "a" * 100000 + "{2,3}" * 1000}, "behavior": "Isolated"}):
        # Patterns are compiled where the tokenizer is used.
        yield f"pre-tokenizer {str(value)[:60]}", tiny.tokenizer_json(pre_tokenizer=value), "tokenize" if "Regex" in str(value) else True
    for pattern in ("(a+)+$", "(a|a|b)*c", "(?=(a*))*b", "((a{1,100}){1,100}){1,100}", "(?R)", "(.*)*(.*)*(.*)*x"):
        split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
        yield f"the pattern {pattern}", tiny.tokenizer_json(pre_tokenizer=split), False
    deep = {"type": "ByteLevel", "add_prefix_space": False}
    for _ in range(300):
        deep = {"type": "Sequence", "pretokenizers": [deep]}
    yield "sequences in sequences", tiny.tokenizer_json(pre_tokenizer=deep), False
    yield "deep nesting", b"[" * 300000, True
    yield "deep objects", b'{"model":' * 200000, True
    yield "a list", b"[]", True
    for value in (-1, 1 << 31, 1 << 40, 5):
        yield f"an added token {value}", tiny.tokenizer_json(added_tokens=[{"id": value, "content": "<end>"}]), value != 5
    yield "an added token without text", tiny.tokenizer_json(added_tokens=[{"id": 258}]), True
    yield "an added token of a megabyte", tiny.tokenizer_json(added_tokens=[{"id": 258, "content": "x" * (1 << 20)}]), True
    yield "an added token of no bytes", tiny.tokenizer_json(added_tokens=[{"id": 258, "content": ""}]), False
    yield "a replacement that grows", tiny.tokenizer_json(normalizer={"type": "Sequence", "normalizers": [
        {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 1000}] * 10}), False


def onnx(_):
    def external(**entries):
        return tiny.onnx(tiny.onnx_tensor("W", (16, 8), external={"location": "m.bin", "offset": "0", "length": "512", **entries}))

    def outside(location, link=False):
        def make(path):
            folder = os.path.dirname(path)
            target = os.path.join(folder, "..", "outside.bin")
            tiny.write(target, bytes(512))
            if link:
                os.symlink(target if link == "absolute" else "../outside.bin", os.path.join(folder, "out.bin"))
            tiny.write(path, external(location=location or os.path.abspath(target)))
        return make

    for location in ("../outside.bin", "./../outside.bin", "x/../../outside.bin", "..", ".", "", "/", "/etc/passwd", "missing.bin",
                     "m.bin/", "x" * 5000, "m.bin\0x", "..\\outside.bin", "/dev/zero", "/proc/self/mem"):
        yield f"data at {location[:40]!r}", outside(location) if location else external(location=""), True
    yield "data at an absolute path", outside(""), True
    yield "data behind a link", outside("out.bin", "relative"), True
    yield "data behind an absolute link", outside("out.bin", "absolute"), True

    def linked_folder(path):
        os.mkdir(os.path.join(os.path.dirname(path), "..", "outside"))
        tiny.write(os.path.join(os.path.dirname(path), "..", "outside", "m.bin"), bytes(512))
        os.symlink("../outside", os.path.join(os.path.dirname(path), "sub"))
        tiny.write(path, external(location="sub/m.bin"))
    yield "data in a linked folder", linked_folder, True

    def pipe(path):
        os.remove(os.path.join(os.path.dirname(path), "m.bin"))
        os.mkfifo(os.path.join(os.path.dirname(path), "m.bin"))
        tiny.write(path, external())
    yield "data in a pipe", pipe, True
    for text in ("-1", "1", "513", "4294967296", "9223372036854775807", "18446744073709551616", "x", "0x10", "1e3"):
        yield f"offset {text}", external(offset=text), True
        if text != "1":
            yield f"length {text}", external(length=text), True
    for dims in ((-16, -8), (1 << 62, 4), (1 << 32, 1 << 32), (16, 8, 1 << 40), (16,), (0, 8)):
        yield f"sizes {dims}", tiny.onnx(tiny.onnx_tensor("W", dims, external={"location": "m.bin", "length": "512"})), True
        yield f"sizes {dims} inside", tiny.onnx(tiny.onnx_tensor("W", dims, raw=bytes(512))), True
    for kind in (0, 8, 99, 1 << 31, 1 << 62):
        yield f"type {kind}", tiny.onnx(tiny.onnx_tensor("W", (16, 8), raw=bytes(512), kind=kind)), True
    yield "an operator that does not exist", tiny.onnx(nodes=[tiny.onnx_node("NoSuchThing", ["x"], ["y"])]), True
    yield "a node without inputs", tiny.onnx(nodes=[tiny.onnx_node("MatMul", [], ["y"])]), True
    yield "a value used before it is made", tiny.onnx(nodes=[tiny.onnx_node("Add", ["z", "z"], ["y"]), tiny.onnx_node("Add", ["x", "x"], ["z"])]), False
    yield "a node that uses its own result", tiny.onnx(nodes=[tiny.onnx_node("Add", ["y", "y"], ["y"])]), True
    yield "a result made twice", tiny.onnx(nodes=[tiny.onnx_node("Relu", ["x"], ["y"])] * 2), True
    for version in (0, 5, 99, 1 << 62):
        yield f"operator set {version}", tiny.onnx(opset=version), False
    deep = b""
    for _ in range(5000):
        deep = tiny.field(5, tiny.field(6, tiny.field(1, tiny.onnx_node("If", ["x"], ["y"], deep))))
    yield "graphs in graphs", tiny.onnx(nodes=[tiny.onnx_node("If", ["x"], ["y"], deep)]), True
    shape = tiny.onnx_tensor("b", (3,), raw=struct.pack("<3q", 1 << 40, 1 << 20, 4), kind=7)
    for kind in ("ConstantOfShape", "Expand", "Tile", "Reshape"):
        inputs = ["b"] if kind == "ConstantOfShape" else ["x", "b"]
        yield f"{kind} to 2^62 elements", tiny.onnx(bias=shape, nodes=[tiny.onnx_node(kind, inputs, ["y"])]), kind == "Tile"
    many = [tiny.onnx_node("Add", ["x" if i == 0 else f"v{i - 1}"] * 2, [f"v{i}"]) for i in range(20000)]
    yield "20000 nodes", tiny.onnx(nodes=many + [tiny.onnx_node("Relu", ["v19999"], ["y"])]), False


def artifact(whole):
    def words(at, form, *values):
        damaged = bytearray(whole)
        struct.pack_into(form, damaged, at, *values)
        return bytes(damaged)
    for value in (0, 1, 3, 0xffffffff):
        yield f"version {value}", words(8, "<I", value), True
    for value in (0, 1, 1023, 0xffffffff):
        yield f"{value} sections", words(12, "<I", value), True
    for value in (0, len(whole) - 1, len(whole) + 1, 1 << 63, (1 << 64) - 1):
        yield f"{value} bytes", words(16, "<Q", value), True
        yield f"a section at {value}", words(32 + 8, "<Q", value), True
        yield f"a section of {value}", words(32 + 16, "<Q", value), True
    yield "a byte more", whole + b"\0", True
    yield "another magic", b"LATHE\n\n\x1a" + whole[8:], True
    yield "twice", whole + whole, True


def cases(kind, whole):
    return list(globals()[kind](whole))
