"""large_model.py LATHE FOLDER: a Llama of 7 billion parameters as an ONNX file, in the raw operators of an exporter or with contrib
operators, whose 14 GB of weights are a sparse file: no command may read them. Fails when one takes 1 GB of memory, or 20 seconds."""
import json
import os
import resource
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "passes", "fusion", "sabotage"))
from graph import INT64, FLOAT, Graph, attribute, field, value_info

LAYERS, HIDDEN, HEADS, SIZE, INNER, VOCABULARY = 32, 4096, 32, 128, 11008, 32000
HALF = 10


class LargeGraph(Graph):
    offset = 0

    def weight(self, name, *dims):
        count = 1
        for dim in dims:
            count *= dim
        name = self.prefix + name
        entries = {"location": "weights.bin", "offset": str(self.offset), "length": str(2 * count)}
        self.initializers.append(b"".join(field(1, dim) for dim in dims) + field(2, HALF) + field(8, name) + field(14, 1) +
                                 b"".join(field(13, field(1, key) + field(2, value)) for key, value in entries.items()))
        self.offset += 2 * count
        return name

    def contrib(self, kind, inputs, outputs, **attributes):
        """An operator of com.microsoft; `outputs` are suffixes."""
        name = f"{self.prefix}{kind}_{len(self.nodes)}"
        self.nodes.append(b"".join(field(1, x) for x in inputs) + b"".join(field(2, name + x if x else "") for x in outputs) + field(3, name) +
                          field(4, kind) + b"".join(field(5, attribute(*entry)) for entry in attributes.items()) + field(7, "com.microsoft"))
        return [name + x for x in outputs]

    def rename(self, value, name):
        self.nodes.append(field(1, value) + field(2, name) + field(3, "name_" + name) + field(4, "Identity"))


def rms_norm(g, x, name):
    wide = g.op("Cast", x, to=FLOAT)
    mean = g.op("ReduceMean", g.op("Pow", wide, g.number(2)), g.integers(-1), keepdims=1)
    root = g.op("Reciprocal", g.op("Sqrt", g.op("Add", mean, g.number(1e-5))))
    return g.op("Mul", g.weight(name, HIDDEN), g.op("Cast", g.op("Mul", wide, root), to=HALF))


def rope(g, x, cosines, sines):
    first, second = (g.op("Slice", x, g.integers(a), g.integers(b), g.integers(3)) for a, b in ((0, SIZE // 2), (SIZE // 2, 1 << 40)))
    return g.op("Add", g.op("Mul", x, cosines), g.op("Mul", g.op("Concat", g.op("Neg", second), first, axis=-1), sines))


def raw(g):
    """As torch's exporter writes it: masks and angles computed in the graph, the cache by Concat."""
    position = g.op("Unsqueeze", g.op("Cast", "position_ids", to=FLOAT), g.integers(1))
    frequencies = g.constant([1, SIZE // 2, 1], [10000.0 ** (-2 * i / SIZE) for i in range(SIZE // 2)], FLOAT)
    angles = g.op("Transpose", g.op("MatMul", frequencies, position), perm=[0, 2, 1])
    angles = g.op("Concat", angles, angles, axis=-1)
    cosines, sines = (g.op("Unsqueeze", g.op("Cast", g.op(kind, angles), to=HALF), g.integers(1)) for kind in ("Cos", "Sin"))
    tokens = g.op("Gather", g.op("Shape", "input_ids"), g.whole(1))
    past = g.op("Gather", g.op("Shape", "past_key_values.0.key"), g.whole(2))
    total = g.op("Add", past, tokens)
    rows = g.op("Unsqueeze", g.op("Range", past, total, g.whole(1)), g.integers(1))
    columns = g.op("Unsqueeze", g.op("Range", g.whole(0), total, g.whole(1)), g.integers(0))
    padding = g.op("Unsqueeze", g.op("Cast", "attention_mask", to=9), g.integers(1, 2))
    seen = g.op("And", g.op("Unsqueeze", g.op("LessOrEqual", columns, rows), g.integers(0, 1)), padding)
    mask = g.op("Cast", g.op("Where", seen, g.number(0), g.number(-65504)), to=HALF)
    scale = g.op("Cast", g.number(SIZE ** -0.5), to=HALF)
    x = g.op("Gather", g.weight("embedding", VOCABULARY, HIDDEN), "input_ids")
    for layer in range(LAYERS):
        g.prefix = f"layer.{layer}."
        y = rms_norm(g, x, "norm")
        q, k, v = (g.op("Transpose", g.op("Reshape", g.op("MatMul", y, g.weight(name, HIDDEN, HIDDEN)), g.integers(0, 0, HEADS, SIZE)), perm=[0, 2, 1, 3])
                   for name in "qkv")
        q, k = rope(g, q, cosines, sines), rope(g, k, cosines, sines)
        k, v = (g.op("Concat", f"past_key_values.{layer}.{name}", y, axis=2) for name, y in (("key", k), ("value", v)))
        g.rename(k, f"present.{layer}.key"), g.rename(v, f"present.{layer}.value")
        scores = g.op("Add", g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), scale), mask)
        weights = g.op("Cast", g.op("Softmax", g.op("Cast", scores, to=FLOAT), axis=-1), to=HALF)
        y = g.op("Reshape", g.op("Transpose", g.op("MatMul", weights, v), perm=[0, 2, 1, 3]), g.integers(0, 0, HIDDEN))
        x = g.op("Add", x, g.op("MatMul", y, g.weight("o", HIDDEN, HIDDEN)))
        y = rms_norm(g, x, "norm2")
        gate, up = (g.op("MatMul", y, g.weight(name, HIDDEN, INNER)) for name in ("gate", "up"))
        y = g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), up)
        x = g.op("Add", x, g.op("MatMul", y, g.weight("down", INNER, HIDDEN)))
    g.prefix = ""
    return g.op("MatMul", rms_norm(g, x, "norm"), g.weight("head", HIDDEN, VOCABULARY))


def contrib(g):
    """As ONNX Runtime's builder writes it: GroupQueryAttention with its cache, norms with their residual."""
    lengths = g.op("Cast", g.op("Sub", g.op("ReduceSum", "attention_mask", g.integers(1), keepdims=0), g.whole(1)), to=6)
    total = g.op("Cast", g.op("Gather", g.op("Shape", "attention_mask"), g.whole(1)), to=6)
    cosines, sines = g.weight("cosines", 4096, SIZE // 2), g.weight("sines", 4096, SIZE // 2)
    x = g.op("Gather", g.weight("embedding", VOCABULARY, HIDDEN), "input_ids")
    y, = g.contrib("SimplifiedLayerNormalization", [x, g.weight("first", HIDDEN)], [".y"], epsilon=1e-5, axis=-1)
    for layer in range(LAYERS):
        g.prefix = f"layer.{layer}."
        q, k, v = (g.op("MatMul", y, g.weight(name, HIDDEN, HIDDEN)) for name in "qkv")
        y, key, value = g.contrib("GroupQueryAttention", [q, k, v, f"past_key_values.{layer}.key", f"past_key_values.{layer}.value", lengths, total,
                                                          cosines, sines], [".y", ".k", ".v"], num_heads=HEADS, kv_num_heads=HEADS, do_rotary=1)
        g.rename(key, f"present.{layer}.key"), g.rename(value, f"present.{layer}.value")
        y = g.op("MatMul", y, g.weight("o", HIDDEN, HIDDEN))
        y, _, _, x = g.contrib("SkipSimplifiedLayerNormalization", [x, y, g.weight("norm", HIDDEN)], [".y", "", "", ".x"], epsilon=1e-5)
        gate, up = (g.op("MatMul", y, g.weight(name, HIDDEN, INNER)) for name in ("gate", "up"))
        y = g.op("MatMul", g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), up), g.weight("down", INNER, HIDDEN))
        y, _, _, x = g.contrib("SkipSimplifiedLayerNormalization", [x, y, g.weight("norm2", HIDDEN)], [".y", "", "", ".x"], epsilon=1e-5)
    g.prefix = ""
    return g.op("MatMul", y, g.weight("head", HIDDEN, VOCABULARY))


def write(build, folder):
    g = LargeGraph()
    g.rename(build(g), "logits")
    caches = [f"{layer}.{name}" for layer in range(LAYERS) for name in ("key", "value")]
    inputs = [value_info(name, ["batch", size], INT64) for name, size in
              (("input_ids", "tokens"), ("attention_mask", "total"), ("position_ids", "tokens"))]
    inputs += [value_info(f"past_key_values.{name}", ["batch", HEADS, "past", SIZE], HALF) for name in caches]
    outputs = [value_info("logits", ["batch", "tokens", VOCABULARY], HALF)]
    outputs += [value_info(f"present.{name}", ["batch", HEADS, "total", SIZE], HALF) for name in caches]
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(g.model(inputs, outputs, {"": 18, "com.microsoft": 1}))
    with open(os.path.join(folder, "weights.bin"), "wb") as file:
        file.truncate(g.offset)
    return g.offset


lathe, folder = sys.argv[1:]
problems = []
for build in (raw, contrib):
    place = os.path.join(folder, build.__name__)
    bytes_of_weights = write(build, place)
    assert 13e9 < bytes_of_weights < 14e9, bytes_of_weights
    model = os.path.join(place, "model.onnx")
    wanted = {"attention": LAYERS, "rms_norm": 2 * LAYERS + 1, "glu": LAYERS, "rope": 2 * LAYERS}
    for arguments, shows in ((["check", model], "can be compiled"), (["explain", model, "--json"], '"near_misses": []'),
                             (["compile", model, "--stop-after", "place", "-q"], "plan.launch")):
        begin = time.time()
        with subprocess.Popen([lathe, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            out = process.stdout.read()
            error = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds, megabytes = time.time() - begin, usage.ru_maxrss / 1024
        print(f"{build.__name__} {arguments[0]}: {seconds:.1f} s, {megabytes:.0f} MB")
        if process.returncode != 0 or shows not in out:
            problems.append(f"{build.__name__} {arguments[0]}: status {process.returncode}, no '{shows}': {error[-2000:]}{out[-2000:]}")
        elif arguments[0] == "explain":
            counts = {fusion["name"]: fusion["count"] for fusion in json.loads(out)["fusions"]}
            if any(counts.get(name) != count for name, count in wanted.items()) or json.loads(out)["layers"]["fused"] != LAYERS:
                problems.append(f"{build.__name__}: {counts}, wanted {wanted}; {json.loads(out)['layers']}")
        if seconds > 20 or megabytes > 1024:
            problems.append(f"{build.__name__} {arguments[0]} takes {seconds:.1f} s and {megabytes:.0f} MB")
    os.truncate(os.path.join(place, "weights.bin"), 0)
print("\n".join(problems))
sys.exit(1 if problems else 0)
