"""Small models that tests write themselves, as bytes: a Llama as GGUF and as a Hugging Face folder, an ONNX graph with external data.
Every format's writer takes what a damaged file would say instead. Standard library alone."""
import json
import os
import random
import struct

HIDDEN, INNER, HEADS, KV_HEADS, LAYERS, CONTEXT = 32, 64, 4, 2, 2, 512
TOKENS = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + ["\u2581", "a", "b", "\u2581a", "ab", "\u2581ab"]


def floats(count, seed, scale=0.3):
    """Repeatable numbers; the values do not matter, only that they are not all alike."""
    generator = random.Random(seed)
    return struct.pack(f"<{count}f", *(generator.uniform(-scale, scale) for _ in range(count)))


def llama_shapes():
    """(GGUF's name, Hugging Face's name, shape, rows first)"""
    kv = HIDDEN // HEADS * KV_HEADS
    yield "token_embd.weight", "model.embed_tokens.weight", (len(TOKENS), HIDDEN)
    yield "output_norm.weight", "model.norm.weight", (HIDDEN,)
    for layer in range(LAYERS):
        for gguf, hf, shape in [
                ("attn_norm", "input_layernorm", (HIDDEN,)), ("attn_q", "self_attn.q_proj", (HIDDEN, HIDDEN)),
                ("attn_k", "self_attn.k_proj", (kv, HIDDEN)), ("attn_v", "self_attn.v_proj", (kv, HIDDEN)),
                ("attn_output", "self_attn.o_proj", (HIDDEN, HIDDEN)), ("ffn_norm", "post_attention_layernorm", (HIDDEN,)),
                ("ffn_gate", "mlp.gate_proj", (INNER, HIDDEN)), ("ffn_up", "mlp.up_proj", (INNER, HIDDEN)),
                ("ffn_down", "mlp.down_proj", (HIDDEN, INNER))]:
            yield f"blk.{layer}.{gguf}.weight", f"model.layers.{layer}.{hf}.weight", shape


def weight(name, shape):
    count = 1
    for size in shape:
        count *= size
    return floats(count, name)


# ---- GGUF: github.com/ggml-org/ggml/blob/master/docs/gguf.md ----

def gguf_string(text, length=None):
    data = text.encode()
    return struct.pack("<Q", len(data) if length is None else length) + data


def gguf_value(value):
    if isinstance(value, bytes):
        return value  # a type and a value as they are
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value) if value < 1 << 32 else struct.pack("<IQ", 10, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + gguf_string(value)
    if isinstance(value[0], str):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(gguf_string, value))
    kind, code = (6, "f") if isinstance(value[0], float) else (5, "i")
    return struct.pack("<IIQ", 9, kind, len(value)) + struct.pack(f"<{len(value)}{code}", *value)


def gguf_metadata():
    types = [2, 3, 3] + [6] * 256 + [1] * (len(TOKENS) - 259)
    return {"general.architecture": "llama", "general.name": "tiny", "llama.context_length": CONTEXT, "llama.embedding_length": HIDDEN,
            "llama.block_count": LAYERS, "llama.feed_forward_length": INNER, "llama.attention.head_count": HEADS,
            "llama.attention.head_count_kv": KV_HEADS, "llama.rope.dimension_count": HIDDEN // HEADS,
            "llama.attention.layer_norm_rms_epsilon": 1e-5, "tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": TOKENS,
            "tokenizer.ggml.scores": [float(-i) for i in range(len(TOKENS))], "tokenizer.ggml.token_type": types,
            "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2, "tokenizer.ggml.unknown_token_id": 0,
            "tokenizer.ggml.add_bos_token": True}


def gguf(metadata=None, tensor_count=None, key_count=None, version=3, change=lambda name, entry: entry):
    """`change` gets a tensor's name and (name bytes, rank, sizes innermost first, type, offset) and returns such a tuple."""
    values = {**gguf_metadata(), **(metadata or {})}
    values = {key: value for key, value in values.items() if value is not None}
    shapes = [(name, shape) for name, _, shape in llama_shapes()]
    data = b""
    infos = b""
    for name, shape in shapes:
        name_bytes, rank, sizes, kind, offset = change(name, (gguf_string(name), len(shape), shape[::-1], 0, len(data)))
        infos += name_bytes + struct.pack("<I", rank) + b"".join(struct.pack("<Q", size) for size in sizes) + struct.pack("<IQ", kind, offset)
        data += weight(name, shape)
        data += bytes(-len(data) % 32)
    head = b"GGUF" + struct.pack("<IQQ", version, len(shapes) if tensor_count is None else tensor_count,
                                 len(values) if key_count is None else key_count)
    head += b"".join(gguf_string(key) + gguf_value(value) for key, value in values.items()) + infos
    return head + bytes(-len(head) % 32) + data


# ---- Hugging Face ----

def config(**change):
    values = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": HIDDEN, "intermediate_size": INNER,
              "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "num_hidden_layers": LAYERS, "vocab_size": len(TOKENS),
              "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-5, "hidden_act": "silu", "tie_word_embeddings": True, **change}
    return json.dumps(values).encode()


def safetensors(change=lambda header: header, length=None):
    header, data = {}, b""
    for _, name, shape in llama_shapes():
        bytes_ = weight(name, shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = change(header)
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tokenizer_json(**change):
    """Byte-level BPE: the 256 bytes in GPT-2's printable alphabet, two merges, an added token."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet = {byte: chr(byte) for byte in printable}
    for number, byte in enumerate(byte for byte in range(256) if byte not in alphabet):
        alphabet[byte] = chr(256 + number)
    pieces = [alphabet[byte] for byte in range(256)] + ["ab", "\u0120ab"]
    model = {"type": "BPE", "vocab": {piece: i for i, piece in enumerate(pieces)}, "merges": ["a b", "\u0120 ab"]}
    values = {"version": "1.0", "added_tokens": [{"id": 258, "content": "<end>", "special": True, "normalized": False}], "normalizer": None,
              "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}, "post_processor": None,
              "decoder": {"type": "ByteLevel"}, "model": {**model, **change.pop("model", {})}, **change}
    return json.dumps(values).encode()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def hf_folder(folder, **files):
    os.makedirs(folder, exist_ok=True)
    for name, data in {"config.json": config(), "model.safetensors": safetensors(), "tokenizer.json": tokenizer_json(), **files}.items():
        if data is not None:
            write(os.path.join(folder, name), data)


# ---- ONNX: onnx.proto3's field numbers ----

def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while True:
        out += bytes([value & 127 | (128 if value > 127 else 0)])
        value >>= 7
        if not value:
            return out


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def onnx_value(name, dims):
    shape = b"".join(field(1, field(2, dim) if isinstance(dim, str) else field(1, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def onnx_tensor(name, dims, raw=None, external=None, kind=1):
    data = b"".join(field(1, dim) for dim in dims) + field(2, kind) + field(8, name)
    if raw is not None:
        data += field(9, raw)
    for key, value in (external or {}).items():
        data += field(13, field(1, key) + field(2, value))
    return data + (field(14, 1) if external else b"")


def onnx_node(kind, inputs, outputs, attributes=b""):
    return b"".join(field(1, name) for name in inputs) + b"".join(field(2, name) for name in outputs) + field(3, f"node_{kind}") + field(4, kind) + attributes


def onnx(tensor=None, bias=None, nodes=None, opset=17):
    """y = x W + b; W lies in m.bin unless `tensor` says otherwise."""
    tensor = tensor or onnx_tensor("W", (16, 8), external={"location": "m.bin", "offset": "0", "length": "512"})
    bias = bias or onnx_tensor("b", (8,), raw=floats(8, "b"))
    nodes = nodes or [onnx_node("MatMul", ["x", "W"], ["xw"]), onnx_node("Add", ["xw", "b"], ["y"])]
    graph = b"".join(field(1, node) for node in nodes) + field(2, "g") + field(5, tensor) + field(5, bias)
    graph += field(11, onnx_value("x", ["batch", 16])) + field(12, onnx_value("y", ["batch", 8]))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, opset))
