"""A small decoder as an ONNX file in the raw operators of an exporter, every choice of which can be made otherwise: what the sabotage
tests are made of. Standard library alone; the schema's field numbers are those of onnx.proto3."""
import random
import struct

HIDDEN, HEADS, KV_HEADS, SIZE, INNER, VOCABULARY = 16, 4, 2, 4, 24, 32
FLOAT, INT64, BOOL = 1, 7, 9


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
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, dims, values, kind):
    raw = struct.pack(f"<{len(values)}{'f' if kind == FLOAT else 'q'}", *values)
    return b"".join(field(1, dim) for dim in dims) + field(2, kind) + field(8, name) + field(9, raw)


def attribute(name, value):
    if isinstance(value, list):
        return field(1, name) + b"".join(field(8, item) for item in value) + field(20, 7)
    return field(1, name) + (field(2, value) + field(20, 1) if isinstance(value, float) else field(3, value) + field(20, 2))


def value_info(name, dims, kind):
    shape = b"".join(field(1, field(2, dim) if isinstance(dim, str) else field(1, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


class Graph:
    def __init__(self):
        self.nodes, self.initializers, self.known, self.prefix = [], [], {}, ""

    def op(self, kind, *inputs, outputs=1, **attributes):
        name = f"{self.prefix}{kind}_{len(self.nodes)}"
        results = [f"{name}.{i}" if i else f"{name}.out" for i in range(outputs)]
        self.nodes.append(b"".join(field(1, x) for x in inputs) + b"".join(field(2, x) for x in results) + field(3, name) +
                          field(4, kind) + b"".join(field(5, attribute(*entry)) for entry in attributes.items()))
        return results[0] if outputs == 1 else results

    def number(self, value):
        return self.constant([], [float(value)], FLOAT)

    def integers(self, *values):
        return self.constant([len(values)], list(values), INT64)

    def whole(self, value):
        return self.constant([], [value], INT64)

    def constant(self, dims, values, kind):
        key = (tuple(dims), tuple(values), kind)
        if key not in self.known:
            self.known[key] = f"constant_{len(self.known)}"
            self.initializers.append(tensor(self.known[key], dims, values, kind))
        return self.known[key]

    def weight(self, name, *dims, scale=0.4, around=0.0):
        count = 1
        for dim in dims:
            count *= dim
        generator = random.Random(name)
        name = self.prefix + name
        self.initializers.append(tensor(name, dims, [around + generator.uniform(-scale, scale) for _ in range(count)], FLOAT))
        return name

    def model(self, inputs, outputs, opsets={"": 17}):
        graph = b"".join(field(1, node) for node in self.nodes) + field(2, "g") + b"".join(field(5, x) for x in self.initializers)
        graph += b"".join(field(11, x) for x in inputs) + b"".join(field(12, x) for x in outputs)
        versions = b"".join(field(8, field(1, domain) + field(2, version)) for domain, version in opsets.items())
        return field(1, 8) + field(2, "sabotage") + field(7, graph) + versions


# ---- the parts of a layer; `o` says what is otherwise ----

def rms_norm(g, x, name, o):
    square = g.op("Mul", x, x) if "cube" not in o else g.op("Mul", x, g.op("Neg", x))
    kind = "ReduceSum" if "sum" in o else "ReduceMean"
    axis = o.get("norm_axis", -1)
    mean = g.op(kind, square, g.integers(axis)) if kind == "ReduceSum" else g.op(kind, square, axes=[axis], keepdims=1)
    epsilon = g.number(1e-5)
    if "epsilon_outside" in o:
        root = g.op("Add", g.op("Sqrt", mean), epsilon)
    elif "epsilon_computed" in o:
        root = g.op("Sqrt", g.op("Add", mean, g.op("Abs", g.op("ReduceMax", x, axes=[-1], keepdims=1))))
    elif "no_epsilon" in o:
        root = g.op("Sqrt", mean)
    else:
        root = g.op("Sqrt", g.op("Add", mean, epsilon))
    scaled = o["scaled"](g, x) if "scaled" in o else x
    normed = g.op("Mul", g.op("Div", g.number(1), root), scaled) if "root_plain" not in o else g.op("Mul", root, x)
    return g.op("Mul", normed, g.weight(name, *o.get("weight", [HIDDEN]), around=1))


def layer_norm(g, x, name, o):
    mean = g.op("ReduceMean", o["mean_of"](g, x) if "mean_of" in o else x, axes=[o.get("mean_axis", -1)], keepdims=1)
    centred = g.op("Sub", x, mean)
    other = o["variance_of"](g, x, centred) if "variance_of" in o else centred
    variance = g.op("ReduceMean", g.op("Mul", other, other), axes=[o.get("variance_axis", -1)], keepdims=1)
    normed = g.op("Div", centred, g.op("Sqrt", g.op("Add", variance, g.number(1e-5))))
    if "no_weight" in o:
        return normed
    return g.op("Add", g.op("Mul", normed, g.weight(name + ".w", HIDDEN, around=1)), g.weight(name + ".b", HIDDEN))


def angles(g, ids, o):
    """Cosines and sines, (1, 1, tokens, head size)."""
    tokens = g.op("Gather", g.op("Shape", ids), g.whole(1))
    positions = g.op("Range", g.whole(0), tokens, g.whole(1))
    frequencies = [o.get("theta", 10000.0) ** (-2 * i / SIZE) for i in range(SIZE // 2)]
    other = [2 * f for f in frequencies] if "halves_differ" in o else frequencies
    column = g.op("Unsqueeze", g.op("Cast", positions, to=FLOAT), g.integers(1))

    def angle(column, frequencies):
        return g.op("Mul", column, g.constant([1, SIZE // 2], frequencies, FLOAT))

    both = g.op("Concat", angle(column, frequencies), angle(column, other), axis=1)
    cosines, sines = g.op("Cos", both), g.op("Sin", both)
    if "sine_shifted" in o:
        later = g.op("Unsqueeze", g.op("Cast", g.op("Add", positions, g.whole(1)), to=FLOAT), g.integers(1))
        sines = g.op("Sin", g.op("Concat", angle(later, frequencies), angle(later, frequencies), axis=1))
    if "sine_faster" in o:
        faster = angle(column, [3 * f for f in frequencies])
        sines = g.op("Sin", g.op("Concat", faster, faster, axis=1))
    if "sine_larger" in o:
        sines = g.op("Mul", sines, g.number(1.5))
    if "sine_is_cosine" in o:
        sines = cosines
    if "angle_bent" in o:
        cosines = g.op("Cos", g.op("Tanh", both))
    return [g.op("Unsqueeze", table, g.integers(0, 1)) for table in (cosines, sines)]


def rope(g, x, cosines, sines, o):
    first = o.get("cut", SIZE // 2)
    halves = [g.op("Slice", x, g.integers(a), g.integers(b), g.integers(3)) for a, b in ((0, first), (first, SIZE))]
    if "same_half" in o:
        halves[1] = g.op("Slice", x, g.integers(1), g.integers(3), g.integers(3))
    if "sign" in o:
        turned = g.op("Concat", halves[1], g.op("Neg", halves[0]), axis=3)
    else:
        turned = g.op("Concat", g.op("Neg", halves[1]), halves[0], axis=3)
    straight = g.op("Mul", o["straight"](g, x) if "straight" in o else x, cosines)
    return g.op("Add", straight, g.op("Mul", turned, sines))


def attention(g, x, ids, cosines, sines, o):
    def heads(name, count):
        y = g.op("MatMul", x, g.weight(name, HIDDEN, count * SIZE))
        if "heads_of_rows" in o and name == "q":
            return g.op("Reshape", y, g.integers(0, count, -1, SIZE))
        if "heads_last" in o and name == "q":
            return g.op("Transpose", g.op("Reshape", y, g.integers(0, 0, SIZE, count)), perm=[0, 3, 1, 2])
        y = g.op("Reshape", y, g.integers(0, 0, count, SIZE))
        if "head_norm" in o and name == "q":
            y = rms_norm(g, y, "q_norm", {"weight": o["head_norm"]})
        return g.op("Transpose", y, perm=[0, 2, 1, 3])

    def repeat(y, wrong):
        if wrong:
            return g.op("Concat", y, y, axis=1)
        twice = g.op("Unsqueeze", y, g.integers(2))
        return g.op("Reshape", g.op("Concat", twice, twice, axis=2), g.integers(0, HEADS, -1, SIZE))

    one = "one_value_head" in o
    q, k, v = heads("q", HEADS), heads("k", KV_HEADS), heads("v", 1 if one else KV_HEADS)
    q, k = rope(g, q, cosines, sines, o), rope(g, k, cosines, sines, {})
    k = repeat(k, "repeat_keys" in o or "repeat_both" in o)
    v = v if one else repeat(v, "repeat_values" in o or "repeat_both" in o)
    scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
    scale = g.number(SIZE ** -0.5) if "scale_computed" not in o else g.op("Abs", g.op("ReduceMean", x, keepdims=0))
    tokens = g.op("Gather", g.op("Shape", ids), g.whole(1))
    places = g.op("Range", g.whole(0), tokens, g.whole(1))
    row, column = g.op("Unsqueeze", places, g.integers(1)), g.op("Unsqueeze", places, g.integers(0))
    row = g.op("Add", row, g.whole(o["offset"])) if "offset" in o else row
    seen = g.op("Not", g.op("Greater", column, row))
    if "window" in o:
        seen = g.op("And", seen, g.op("Greater", column, g.op("Sub", row, g.whole(o["window"]))))
    if "window_alone" in o:
        seen = g.op("Greater", column, g.op("Sub", row, g.whole(o["window_alone"])))
    if "window_halved" in o:
        seen = g.op("And", seen, g.op("Greater", column, g.op("Sub", row, g.op("Div", tokens, g.whole(2)))))
    if "mask_of_parity" in o:
        seen = g.op("Equal", g.op("Mod", g.op("Add", column, row), g.whole(2)), g.whole(0))
    if "mask_either" in o:
        seen = g.op("Or", seen, g.op("Less", column, g.whole(2)))
    filler = o.get("filler", -3.4028234663852886e38)
    mask = g.op("Unsqueeze", g.op("Where", seen, g.number(0), g.number(filler)), g.integers(0, 1))
    if "softcap" in o:
        scores = g.op("Mul", g.op("Tanh", g.op("Div", g.op("Mul", scores, scale), g.number(5))), o["softcap"](g, x))
    elif "scale_late" not in o:
        scores = g.op("Mul", scores, scale)
    if "where" in o:
        scores = g.op("Where", g.op("Unsqueeze", seen, g.integers(0, 1)), scores, g.number(o["where"]))
    else:
        scores = g.op("Add", scores, mask)
    if "scale_late" in o:
        scores = g.op("Mul", scores, g.number(o["scale_late"]))
    if "scores_bent" in o:
        scores = g.op("Exp", scores)
    weights = g.op("Softmax", scores, axis=o.get("axis", -1))
    if "nan_is_one" in o:
        weights = g.op("Where", g.op("IsNaN", weights), g.number(1), weights)
    if "weights_scaled" in o:
        weights = g.op("Mul", weights, g.number(0.9))
    y = g.op("Transpose", g.op("MatMul", weights, v), perm=[0, 2, 1, 3])
    return g.op("MatMul", g.op("Reshape", y, g.integers(0, 0, HEADS * SIZE)), g.weight("o", HEADS * SIZE, HIDDEN))


def gelu(g, x, o):
    if "tanh" in o:
        cube = g.op("Mul", g.op("Mul", g.op("Mul", x, x), x), g.number(o.get("cubic", 0.044715)))
        bent = g.op("Tanh", g.op("Mul", g.op("Add", x, cube), g.number(o.get("inner", 0.7978845608))))
    else:
        bent = g.op("Erf", g.op("Div", o["erf_of"](g, x) if "erf_of" in o else x, g.number(o.get("divisor", 2 ** 0.5))))
    return g.op("Mul", g.op("Mul", x, g.op("Add", bent, g.number(1))), g.number(o.get("half", 0.5)))


def feed_forward(g, x, o):
    gate, up = (g.op("MatMul", x, g.weight(name, HIDDEN, INNER)) for name in ("gate", "up"))
    active = g.op("Mul", gate, g.op("Sigmoid", gate))
    if "one_tensor" in o:
        up = active
    y = g.op("Mul", active, up)
    if "gate_twice" in o:
        y = g.op("Add", y, active)
    y = gelu(g, g.op("MatMul", y, g.weight("down", INNER, HIDDEN)), o)
    return g.op("MatMul", y, g.weight("out", HIDDEN, HIDDEN))


def decoder(layers):
    """A model with a layer for each of the dictionaries: what is otherwise in it."""
    g = Graph()
    x = g.op("Gather", g.weight("embedding", VOCABULARY, HIDDEN), "input_ids")
    for number, o in enumerate(layers):
        g.prefix = f"layer.{number}."
        cosines, sines = angles(g, "input_ids", o)
        x = g.op("Add", x, attention(g, rms_norm(g, x, "norm", o), "input_ids", cosines, sines, o))
        x = g.op("Add", x, feed_forward(g, layer_norm(g, x, "norm2", o), o))
    g.prefix = ""
    x = rms_norm(g, x, "norm", {})
    g.nodes.append(field(1, x) + field(1, g.weight("head", HIDDEN, VOCABULARY)) + field(2, "logits") + field(3, "head") + field(4, "MatMul"))
    return g.model([value_info("input_ids", ["batch", "tokens"], INT64)], [value_info("logits", ["batch", "tokens", VOCABULARY], FLOAT)])
