"""Mixtures of experts. ONNX Runtime has no CPU kernel for a gate of its own (fc3) and for halves (swiglu_fusion 2): these by their formula."""
import numpy as np

from make import Cases, Operand

cases = Cases()
E, H, I, N = 4, 16, 12, 5


def operands(rows=I, bias=True, gate=False, shape=(N, H)):
    given = [Operand("x", shape), Operand("logits", [N, E], 6.0), Operand("fc1", [E, rows, H], 1.0, constant=True),
             Operand("b1", [E, rows], constant=True) if bias else None, Operand("fc2", [E, H, I], 1.0, constant=True),
             Operand("b2", [E, H], constant=True) if bias else None]
    return given + ([Operand("fc3", [E, I, H], 1.0, constant=True)] if gate else [])


def by_formula(halves):
    def compute(a):
        x, p = a["x"].astype(np.float64), np.exp(a["logits"].astype(np.float64))
        p /= p.sum(-1, keepdims=True)
        y = np.zeros(x.shape)
        for t in range(N):
            chosen = np.argsort(-p[t], kind="stable")[:2]
            for e in chosen:
                g = a["fc1"][e].astype(np.float64) @ x[t]
                g, u = (g[:I], g[I:]) if halves else (g, a["fc3"][e].astype(np.float64) @ x[t])
                y[t] += p[t, e] / p[t, chosen].sum() * (a["fc2"][e].astype(np.float64) @ (g / (1 + np.exp(-g)) * u))
        return {"y": y}
    return compute


for activation in ("relu", "gelu", "silu", "identity"):
    cases.add(f"moe_{activation}", "MoE", operands(), dict(k=2, activation_type=activation))
cases.add("moe_normalized", "MoE", operands(), dict(k=2, activation_type="silu", normalize_routing_weights=1))
cases.add("moe_one", "MoE", operands(), dict(k=1, activation_type="silu"))
cases.add("moe_all", "MoE", operands(), dict(k=E, activation_type="silu"))
cases.add("moe_swiglu_plain", "MoE", operands(2 * I), dict(k=2, activation_type="swiglu", swiglu_fusion=1))
cases.add("moe_batch", "MoE", operands(bias=False, shape=(1, N, H)), dict(k=1, activation_type="relu"))
cases.add("moe_swiglu", "MoE", operands(2 * I), dict(k=2, activation_type="swiglu", swiglu_fusion=1, activation_alpha=1.702,
                                                   activation_beta=1.0, swiglu_limit=1.0, normalize_routing_weights=1))
cases.add("moe_swiglu_halves", "MoE", operands(2 * I, bias=False), dict(k=2, activation_type="swiglu", swiglu_fusion=2, normalize_routing_weights=1),
          expected=by_formula(True))
cases.add("moe_gate", "MoE", operands(bias=False, gate=True), dict(k=2, activation_type="silu", normalize_routing_weights=1),
          expected=by_formula(False))


def quantised(rows, bits, block, zeros, inner=32, hidden=64):
    def one(name, r, c):
        scales = [E, r] + ([c // block] if block else [])
        points = [E, r * bits // 8] if not block else [E, r, c // block * bits // 8]
        return (Operand(name, [E, r, c * bits // 8], kind="uint8", constant=True),
                Operand(name + "_scales", values=np.full(scales, 0.02, np.float32) + np.arange(np.prod(scales)).reshape(scales).astype(np.float32) * 1e-5,
                        constant=True),
                Operand(name + "_zeros", points, kind="uint8", constant=True) if zeros else None)
    (q1, s1, z1), (q2, s2, z2) = one("fc1", rows, hidden), one("fc2", hidden, inner)
    given = [Operand("x", [N, hidden]), Operand("logits", [N, E], 6.0), q1, s1, Operand("b1", [E, rows], constant=True), q2, s2, None]
    return given + ([None, None, None, z1, z2] if zeros else [])


cases.add("qmoe_rows", "QMoE", quantised(32, 4, 0, False), dict(k=2, activation_type="relu", expert_weight_bits=4))
cases.add("qmoe_zeros", "QMoE", quantised(64, 4, 0, True), dict(k=2, activation_type="swiglu", swiglu_fusion=1, expert_weight_bits=4))
cases.add("qmoe_blocks", "QMoE", quantised(64, 4, 32, True, inner=64), dict(k=2, activation_type="silu", expert_weight_bits=4, block_size=32), tolerance=1e-3)
cases.add("qmoe_bytes", "QMoE", quantised(32, 8, 0, True), dict(k=1, activation_type="silu", expert_weight_bits=8), tolerance=5e-3)
