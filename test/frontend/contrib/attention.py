"""Attention, MultiHeadAttention and DecoderMaskedMultiHeadAttention, in the forms that ONNX Runtime's CPU kernels take."""
import numpy as np
from make import Cases, Operand

B, S, N, H, I, P, L = 2, 4, 2, 4, 6, 3, 5
D = N * H
cases = Cases()


def ints(name, values, dims):
    return Operand(name, values=np.array(values, np.int32), dims=dims)


x = Operand("x", (B, S, I), dims=["batch", "tokens", I])
w, b = Operand("w", (I, 3 * D), 0.8, constant=True), Operand("b", (3 * D,), constant=True)
past = Operand("past", (2, B, N, P, H), dims=[2, "batch", N, "past", H])
padded = ints("mask", [[0, 0, 1, 1], [1, 1, 1, 0]], ["batch", "tokens"])
heads = dict(num_heads=N)


def attention(name, *rest, sizes=None, outputs=("y",), valid=None, **attributes):
    cases.add(f"attention {name}", "Attention", [x, w, b, *rest], dict(heads, **attributes), outputs, valid=valid)


attention("plain")
cases.add("attention without bias", "Attention", [x, w], heads)
attention("causal", unidirectional=1, outputs=("y", "present"))
attention("scale", scale=0.3)
attention("mask", padded)
# Rows that see nothing are left out: ONNX Runtime gives their mean, we give 0.
attention("causal mask", padded, unidirectional=1, valid=lambda _, a: np.concatenate([a[0, 2:], a[1]]))
attention("mask of queries", ints("mask", [[[1, 0, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 1]]] * B, ["batch", "tokens", "keys"]))
attention("mask of ends", ints("mask", [3, 4], ["batch"]))
attention("mask of ends and starts", ints("mask", [4, 4, 1, 2], ["bounds"]))
attention("past", None, past, unidirectional=1, outputs=("y", "present"))
attention("past and mask", ints("mask", [[0, 0, 1, 1, 1, 1, 1], [1] * 7], ["batch", "total"]), past, unidirectional=1, outputs=("y", "present"))
attention("bias of scores", padded, None, Operand("bias", (1, N, S, S), dims=[1, N, "tokens", "tokens"]))
attention("soft filler", padded, mask_filter_value=-3.0)
cases.add("attention wide values", "Attention", [x, Operand("w", (I, 4 * D), 0.8, constant=True), Operand("b", (4 * D,), constant=True)],
          dict(heads, qkv_hidden_sizes=[D, D, 2 * D]))


def rotated(arrays):
    def turn(part):  # (B, S, N, H), angles of base 10000, halves
        angles = np.arange(S)[:, None] * 10000.0 ** (-np.arange(H // 2) * 2 / H)
        c, s = np.cos(angles)[:, None], np.sin(angles)[:, None]
        a, z = part[..., :H // 2], part[..., H // 2:]
        return np.concatenate([a * c - z * s, z * c + a * s], -1)
    q, k, v = [part.reshape(B, S, N, H) for part in np.split(arrays["x"] @ arrays["w"] + arrays["b"], 3, -1)]
    scores = np.einsum("bqhd,bkhd->bhqk", turn(q), turn(k)) / np.sqrt(H) + np.triu(np.full((S, S), -np.inf), 1)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return {"y": np.einsum("bhqk,bkhd->bqhd", weights / weights.sum(-1, keepdims=True), v).reshape(B, S, D)}


cases.add("attention rotary", "Attention", [x, w, b], dict(heads, unidirectional=1, do_rotary=1), expected=rotated)

q = Operand("q", (B, S, D), dims=["batch", "tokens", D])
k, v = Operand("k", (B, L, D), dims=["batch", "keys", D]), Operand("v", (B, L, D), dims=["batch", "keys", D])
own = [Operand(name, (B, S, D), dims=["batch", "tokens", D]) for name in "kv"]
cross = [Operand(name, (B, N, L, H), dims=["batch", N, "keys", H]) for name in "kv"]
caches = [Operand(name, (B, N, P, H), dims=["batch", N, "past", H]) for name in ("pk", "pv")]
present = ("y", "present_key", "present_value")


def multi(name, *operands, outputs=("y",), **attributes):
    cases.add(f"multi-head {name}", "MultiHeadAttention", operands, dict(heads, **attributes), outputs,
              types={"scores": 1} if "scores" in outputs else None)


multi("cross", q, k, v)
multi("wide values", q, k, Operand("v", (B, L, 2 * D), dims=["batch", "keys", 2 * D]))
multi("bias", q, k, v, b)
multi("causal", q, *own, b, unidirectional=1, outputs=present)
multi("keys of a cache", q, *cross)
multi("keys of a cache and bias", q, *cross, b)
multi("padding", q, k, v, None, ints("mask", [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], ["batch", "keys"]))
multi("lengths", q, k, v, None, ints("mask", [2, 5], ["batch"]))
multi("mask of queries", q, k, v, None, ints("mask", [[[1, 0, 1, 0, 1]] * S] * B, ["batch", "tokens", "keys"]))
multi("bias of scores", q, k, v, None, None, Operand("bias", (1, N, S, L), dims=[1, N, "tokens", "keys"]))
multi("past", q, *own, b, None, None, *caches, unidirectional=1, outputs=present)
multi("past and padding", q, *own, b, ints("mask", [[0, 0, 1, 1, 1, 1, 1], [1] * 7], ["batch", "total"]), None, *caches, unidirectional=1,
      outputs=present)
multi("scores", q, k, v, None, ints("mask", [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], ["batch", "keys"]), outputs=(*present, "scores"), scale=0.5)

one = [Operand(name, (B, 1, D), dims=["batch", 1, D]) for name in "qkv"]
room = [Operand(name, (B, N, 8, H), dims=["batch", N, 8, H]) for name in ("pk", "pv")] + [ints("past_length", [P], [1])]
masked = ints("mask", [[0, 1, 1, 1], [1, 1, 1, 1]], ["batch", "total"])
cases.add("decoder step into a cache with room", "DecoderMaskedMultiHeadAttention", [*one, masked, None, *room, None, None, b],
          dict(heads, past_present_share_buffer=1), present, valid=lambda output, a: a if output == "y" else a[:, :, :P + 1])
cases.add("decoder step over another sequence", "DecoderMaskedMultiHeadAttention", [one[0], *cross], heads)
