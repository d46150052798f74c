"""Normalisations with what they add before, embeddings, and rotary embedding."""
import numpy as np
from make import Cases, Operand

B, S, D = 2, 4, 8
cases = Cases()
x, skip = Operand("x", (B, S, D), dims=["batch", "tokens", D]), Operand("skip", (B, S, D), dims=["batch", "tokens", D])
gamma, beta, bias = (Operand(name, (D,), constant=True) for name in ("gamma", "beta", "bias"))
cases.add("skip layer norm", "SkipLayerNormalization", [x, skip, gamma, beta])
cases.add("skip layer norm without beta", "SkipLayerNormalization", [x, skip, gamma], dict(epsilon=1e-3))
cases.add("skip layer norm with bias", "SkipLayerNormalization", [x, skip, gamma, beta, bias], outputs=("y", "", "", "sum"))
cases.add("skip of one batch", "SkipLayerNormalization", [x, Operand("skip", (1, S, D), dims=[1, "tokens", D]), gamma, beta])
cases.add("skip of rank 2", "SkipLayerNormalization", [x, Operand("skip", (S, D), dims=["tokens", D]), gamma, beta])
cases.add("skip rms norm", "SkipSimplifiedLayerNormalization", [x, skip, gamma, bias], outputs=("y", "", "", "sum"))
cases.add("rms norm", "SimplifiedLayerNormalization", [x, gamma], dict(axis=-1, epsilon=1e-4), ("y", "inverse"), domain="")
cases.add("layer norm with its statistics", "LayerNormalization", [x, gamma, beta], dict(epsilon=1e-4), ("y", "mean", "inverse"), domain="")
rows = [Operand(name, (S, D), constant=True) for name in ("gamma", "beta")]
cases.add("layer norm of two axes", "LayerNormalization", [Operand("x", (B, S, D), dims=["batch", S, D]), *rows], dict(axis=1), domain="")
half = [Operand(n, s, kind="float16", constant=c) for n, s, c in (("x", (B, S, D), False), ("gamma", (D,), True), ("beta", (D,), True))]
cases.add("layer norm of halves", "LayerNormalization", half, {}, ("y",), domain="", tolerance=2e-3)

ids = Operand("ids", values=np.array([[1, 5, 7, 2], [0, 9, 3, 3]], np.int32), dims=["batch", "tokens"])
segments = Operand("segments", values=np.array([[0, 0, 1, 1], [1, 0, 1, 0]], np.int32), dims=["batch", "tokens"])
tables = [Operand(name, (rows, D), constant=True) for name, rows in (("words", 12), ("places", 9), ("kinds", 2))]
mask = Operand("mask", values=np.array([[1, 1, 0, 0], [1, 1, 1, 1]], np.int32), dims=["batch", "tokens"])
positions = Operand("positions", values=np.array([[0, 1, 2, 3], [2, 3, 4, 5]], np.int32), dims=["batch", "tokens"])
cases.add("embedding", "EmbedLayerNormalization", [ids, segments, *tables, gamma, beta, mask], outputs=("y", "lengths"))
cases.add("embedding without segments", "EmbedLayerNormalization", [ids, None, *tables[:2], None, gamma, beta], outputs=("y", "lengths"))
cases.add("embedding at positions", "EmbedLayerNormalization", [ids, segments, *tables, gamma, beta, mask, positions], dict(epsilon=1e-3),
          ("y", "lengths", "sum"))

N, H = 2, 8
angles = np.arange(12)[:, None] * np.array([1.0, 0.4, 0.2, 0.05])
cos, sin = (Operand(n, values=a.astype(np.float32), constant=True) for n, a in (("cos", np.cos(angles)), ("sin", np.sin(angles))))
flat, heads = Operand("x", (B, S, N * H), dims=["batch", "tokens", N * H]), Operand("x", (B, N, S, H), dims=["batch", N, "tokens", H])
at = Operand("at", values=np.array([[0, 1, 2, 3], [5, 6, 7, 8]]), dims=["batch", "tokens"])
few = [Operand(o.name, values=o.values[:, :2].copy(), constant=True) for o in (cos, sin)]
cases.add("rotary", "RotaryEmbedding", [flat, at, cos, sin])
cases.add("rotary interleaved", "RotaryEmbedding", [flat, at, cos, sin], dict(interleaved=1))
cases.add("rotary of heads", "RotaryEmbedding", [heads, at, cos, sin])
cases.add("rotary from an offset", "RotaryEmbedding", [heads, Operand("at", values=np.array([3]), dims=[1]), cos, sin], dict(interleaved=1))
cases.add("rotary of a part", "RotaryEmbedding", [flat, at, *few], dict(num_heads=N, rotary_embedding_dim=4))
cases.add("rotary with a scale, which is not looked at", "RotaryEmbedding", [flat, at, cos, sin], dict(scale=2.0))
three = Operand("at", values=np.stack([at.values, at.values + 1, at.values + 2]), dims=[3, "batch", "tokens"])
cases.add("rotary of three positions", "MRotaryEmbedding", [flat, three, cos, sin], dict(num_heads=N, mrope_section=[2, 1, 1]))
cases.add("rotary of three positions in turn", "MRotaryEmbedding", [flat, three, cos, sin],
          dict(num_heads=N, mrope_section=[2, 1, 1], mrope_layout=1))
