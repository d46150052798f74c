"""GroupQueryAttention. Only what the operator's document specifies is compared: not the rows of padding."""
import numpy as np
from make import Cases, Operand

N, K, H, ROWS = 4, 2, 16, 16
cases = Cases()
angles = np.arange(ROWS)[:, None] * 0.5 ** np.arange(8)
tables = [Operand("cos", values=np.cos(angles).astype(np.float32), constant=True), Operand("sin", values=np.sin(angles).astype(np.float32), constant=True)]


def group(name, batch, tokens, past, lengths, packed=False, extra={}, outputs=("y", "present_key", "present_value"), own=None, total=None, **attributes):
    operands = [None] * 17
    widths = [(N + 2 * K) * H] if packed else [N * H, K * H, K * H]
    for i, width in enumerate(widths):
        operands[i] = Operand("qkv"[i], (batch, tokens, width), dims=["batch", "tokens", width])
    if past is not None:
        operands[3:5] = [Operand(n, (batch, K, past, H), dims=["batch", K, "past", H]) for n in ("pk", "pv")]
    operands[5] = Operand("last", values=np.array(lengths, np.int32) - 1, dims=["batch"])
    operands[6] = Operand("total", values=np.array(total or max(lengths), np.int32))
    if attributes.get("do_rotary"):
        operands[7:9] = tables
    for index, operand in extra.items():
        operands[index] = operand
    while operands[-1] is None:
        operands.pop()
    counts = own or [min(tokens, length) for length in lengths]

    def valid(output, a):
        rows = []
        for b, (count, length) in enumerate(zip(counts, lengths)):
            if output == "y":
                rows.append(a[b, :count].flatten())
            elif output == "scores":
                rows += [a[b, :, t, :length - count + t + 1].flatten() for t in range(count)]
            else:
                rows.append(a[b, :, :length].flatten())
        return np.concatenate(rows)

    cases.add(f"grouped {name}", "GroupQueryAttention", operands, dict(num_heads=N, kv_num_heads=K, **attributes), outputs, valid=valid,
              types={"scores": 1} if "scores" in outputs else None)


group("prompt without a cache", 2, 4, None, [4, 4])
group("prompt", 2, 4, 0, [4, 4])
group("packed", 2, 4, 0, [4, 4], packed=True)
group("step", 2, 1, 5, [6, 6], packed=True, do_rotary=1)
group("rotary prompt", 2, 4, 0, [4, 4], do_rotary=1)
group("rotary interleaved", 2, 4, 0, [4, 4], do_rotary=1, rotary_interleaved=1)
group("prompt padded on the right", 3, 4, 0, [4, 3, 1], do_rotary=1)
group("step after padded prompts", 3, 1, 5, [6, 4, 2], do_rotary=1)
group("step after padded prompts in a window", 3, 1, 5, [6, 4, 2], do_rotary=1, local_window_size=2)
group("several tokens", 1, 3, 5, [8], do_rotary=1)
group("several tokens in a window", 1, 3, 5, [8], do_rotary=1, local_window_size=3)
group("window", 2, 4, 0, [4, 4], local_window_size=2)
group("soft cap", 2, 4, 0, [4, 4], softcap=2.0)
group("smooth softmax", 2, 4, 0, [4, 4], smooth_softmax=1)
group("sinks", 2, 4, 0, [4, 4], extra={11: Operand("sink", (N,), constant=True)})
group("scale", 2, 4, 0, [4, 4], scale=0.11)
group("positions of a step", 2, 1, 5, [6, 6], do_rotary=1, extra={9: Operand("positions", values=np.array([[4], [9]]), dims=["batch", "tokens"])})
group("bias of scores", 2, 4, 0, [4, 4], extra={10: Operand("bias", (1, N, 4, 4), dims=[1, N, "tokens", "total"])})
group("bias of scores of a step", 2, 1, 5, [6, 6], extra={10: Operand("bias", (2, 1, 1, 6), dims=["batch", 1, "tokens", "total"])})
group("scores", 2, 4, 0, [4, 4], qk_output=1, softcap=2.0, outputs=("y", "present_key", "present_value", "scores"))
group("weights of a step", 2, 1, 5, [6, 6], qk_output=2, outputs=("y", "present_key", "present_value", "scores"))
group("not causal", 2, 4, 0, [4, 4], causal=0)
group("chunks with padding", 3, 4, 8, [10, 3, 6], do_rotary=1, own=[4, 3, 2], total=12,
      extra={16: Operand("counts", values=np.array([4, 3, 2], np.int32), dims=["batch"])})


def windowed(name, tokens, capacity, window, lengths):
    """A cache of the window's size: of the present only the rows that the document says are kept."""
    def kept(total):
        step = capacity - window + 1
        return total if total <= capacity else total - step * -(-(total - capacity) // step)
    batch = len(lengths)
    operands = [*(Operand(n, (batch, tokens, c * H), dims=["batch", "tokens", c * H]) for n, c in zip("qkv", (N, K, K))),
                *(Operand(n, (batch, K, capacity, H), dims=["batch", K, capacity, H]) for n in ("pk", "pv")),
                Operand("last", values=np.array(lengths, np.int32) - 1, dims=["batch"]), Operand("total", values=np.array(max(lengths), np.int32))]
    cases.add(f"windowed {name}", "GroupQueryAttention", operands, dict(num_heads=N, kv_num_heads=K, local_window_size=window, sliding_window_cache=1),
              ("y", "present_key", "present_value"),
              valid=lambda output, a: np.concatenate([(a[b, :min(tokens, length)] if output == "y" else a[b, :, :kept(length)]).flatten()
                                                      for b, length in enumerate(lengths)]))


windowed("prompt longer than its cache", 6, 3, 3, [6])
windowed("steps", 1, 3, 3, [2, 5])
windowed("steps with room to spare", 1, 5, 3, [4, 6, 8])
windowed("several tokens", 3, 5, 3, [9])


def normalised(arrays):
    """Each head of query and key by its root mean square, then causal attention."""
    def heads(x, count, weight=None):
        x = x.reshape(2, 4, count, H)
        return x if weight is None else x / np.sqrt((x ** 2).mean(-1, keepdims=True) + 1e-6) * weight
    q, k, v = heads(arrays["q"], N, arrays["qw"]), heads(arrays["k"], K, arrays["kw"]), heads(arrays["v"], K)
    k, v = np.repeat(k, N // K, 2), np.repeat(v, N // K, 2)
    scores = np.einsum("bqhd,bkhd->bhqk", q, k) / np.sqrt(H) + np.triu(np.full((4, 4), -np.inf), 1)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return {"y": np.einsum("bhqk,bkhd->bqhd", weights / weights.sum(-1, keepdims=True), v).reshape(2, 4, N * H)}


cases.add("grouped norms of heads", "GroupQueryAttention",
          [*(Operand(n, (2, 4, c * H), dims=["batch", "tokens", c * H]) for n, c in zip("qkv", (N, K, K))), None, None,
           Operand("last", values=np.array([3, 3], np.int32), dims=["batch"]), Operand("total", values=np.array(4, np.int32)),
           *[None] * 7, Operand("qw", (H,), constant=True), Operand("kw", (H,), constant=True)],
          dict(num_heads=N, kv_num_heads=K), expected=normalised)
