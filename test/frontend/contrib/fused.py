"""Operators that stand for several: products and what follows them, biases of attention, gates."""
import math

import numpy as np
from make import Cases, Operand

B, S, D = 2, 3, 4
cases = Cases()
a, b = Operand("a", (B, S, D), dims=["batch", "tokens", D]), Operand("b", (D, 6), constant=True)
bias, skip = Operand("bias", (D,), constant=True), Operand("skip", (B, S, D), dims=["batch", "tokens", D])


def product(name, left, right, **attributes):
    cases.add(f"product {name}", "FusedMatMul", [Operand("a", left), Operand("b", right)], attributes)


product("scaled", (2, 3, 4), (4, 5), alpha=0.5)
product("transposed left", (2, 4, 3), (2, 4, 5), transA=1)
product("transposed right", (2, 3, 4), (2, 5, 4), transB=1)
product("batch of the left inside", (3, 2, 2, 4), (2, 2, 4, 5), transBatchA=1)
product("batch of the left inside, transposed", (4, 2, 2, 3), (2, 2, 4, 5), transBatchA=1, transA=1)
product("batch of the right inside", (2, 2, 3, 4), (4, 2, 2, 5), transBatchB=1)
product("batch of the right inside, transposed", (2, 2, 3, 4), (5, 2, 2, 4), transBatchB=1, transB=1)
cases.add("product by its old name", "TransposeMatMul", [Operand("a", (4, 3)), Operand("b", (4, 5))], dict(transA=1))
for activation, parameters in (("Relu", {}), ("LeakyRelu", dict(activation_alpha=0.1)), ("Tanh", {}), ("Sigmoid", {}),
                               ("HardSigmoid", dict(activation_alpha=0.3, activation_beta=0.4))):
    cases.add(f"gemm {activation}", "FusedGemm", [Operand("a", (3, 4)), Operand("b", (4, 5)), Operand("c", (5,))],
              dict(activation=activation, **parameters))
for op in ("Gelu", "FastGelu", "QuickGelu"):
    cases.add(op, op, [a], dict(alpha=1.3) if op == "QuickGelu" else {})
cases.add("BiasGelu", "BiasGelu", [a, bias])
cases.add("FastGelu with bias", "FastGelu", [a, bias])
cases.add("lower triangle", "Trilu", [Operand("a", (2, 3, 4)), Operand("k", values=np.array(1), constant=True)], dict(upper=0))
cases.add("scaled silu", "ScaledSiLU", [a], dict(alpha=1.5))
cases.add("gated addition", "GatedAdd", [a, skip, Operand("gate", (B, S, 1), dims=["batch", "tokens", 1])])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def erf_gelu(x):
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def formula(name, op, operands, function, attributes=None, outputs=("y",)):
    cases.add(name, op, operands, attributes, outputs, expected=lambda v: dict(zip(outputs, function(*(v[o.name] for o in operands)))))


formula("product and gelu", "GemmFastGelu", [a, b], lambda a, b: [0.5 * (a @ b) * (1 + np.tanh(0.7978845608 * (a @ b + 0.044715 * (a @ b) ** 3)))])
formula("bias and skip", "BiasAdd", [a, bias, skip], lambda a, b, s: [a + b + s])
formula("bias and dropout", "BiasDropout", [a, bias, skip], lambda a, b, s: [a + b + s, np.ones_like(a)], outputs=("y", "kept"))
formula("bias and split gelu", "BiasSplitGelu", [a, bias], lambda a, b: [(a + b)[..., :2] * erf_gelu((a + b)[..., 2:])])
scores = Operand("scores", (2, 2, 3, 4))
formula("bias and softmax, inner", "BiasSoftmax", [scores, Operand("bias", (2, 1, 1, 4))], lambda x, b: [softmax(x + b)], dict(axis=3, is_inner_broadcast=1))
formula("bias and softmax, outer", "BiasSoftmax", [scores, Operand("bias", (1, 1, 3, 4))], lambda x, b: [softmax(x + b)], dict(axis=3, is_inner_broadcast=0))


def groups(x, gamma, beta, silu):
    parts = x.reshape(2, -1, 2, 2)
    parts = (parts - parts.mean((1, 3), keepdims=True)) / np.sqrt(parts.var((1, 3), keepdims=True) + 1e-5)
    y = parts.reshape(x.shape) * gamma + beta
    return y * sigmoid(y) if silu else y


image, gamma, beta = Operand("x", (2, 3, 2, 4)), Operand("gamma", (4,)), Operand("beta", (4,))
formula("groups", "GroupNorm", [image, gamma, beta], lambda x, g, b: [groups(x, g, b, True)], dict(groups=2, activation=1))
formula("skip and groups", "SkipGroupNorm", [image, gamma, beta, Operand("skip", (2, 4)), Operand("bias", (4,))],
        lambda x, g, b, s, c: [groups(x + s[:, None, None] + c, g, b, False), x + s[:, None, None] + c], dict(groups=2, activation=0), ("y", "sum"))
formula("gated norm", "GatedRMSNorm", [a, Operand("gate", (B, S, D), dims=["batch", "tokens", D]), Operand("scale", (2,))],
        lambda x, g, w: [(x.reshape(B, S, 2, 2) / np.sqrt((x.reshape(B, S, 2, 2) ** 2).mean(-1, keepdims=True) + 1e-5) * w).reshape(x.shape) * g * sigmoid(g)])
formula("clamped swiglu", "SwiGLU", [a, skip], lambda g, u: [np.minimum(g, 0.5) * sigmoid(1.7 * np.minimum(g, 0.5)) * (np.clip(u, -0.5, 0.5) + 1)],
        dict(limit=0.5, activation_alpha=1.7, activation_beta=1.0))
pairs = [Operand(name, (3, 2)) for name in "ab"]
formula("complex product", "ComplexMul", pairs,
        lambda a, b: [np.stack([a[:, 0] * b[:, 0] - a[:, 1] * b[:, 1], a[:, 0] * b[:, 1] + a[:, 1] * b[:, 0]], 1)])


def buckets(table, queries, keys, both):
    """T5's relative position buckets, by the paper's code: half of them exact, the others logarithmic up to 20."""
    ahead, count, first = np.arange(keys)[None] - np.arange(queries)[:, None], len(table), 0
    if both:
        count //= 2
        first, ahead = (ahead > 0) * count, -np.abs(ahead)
    distance, exact = np.maximum(-ahead, 0), count // 2
    far = exact + (np.log(np.maximum(distance, 1) / exact) / np.log(20 / exact) * (count - exact)).astype(int)
    return table[first + np.where(distance < exact, distance, np.minimum(far, count - 1))].transpose(2, 0, 1)[None]


for both in (0, 1):
    formula(f"position buckets, both ways {both}", "RelativePositionBias",
            [Operand("table", (8, 2)), Operand("q", values=np.array(30), constant=True), Operand("k", values=np.array(30), constant=True)],
            lambda t, q, k, both=both: [buckets(t, q, k, both)], dict(is_bidirectional=both, max_distance=20))
