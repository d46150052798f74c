"""Weights and activations of few bits."""
import numpy as np
from make import Cases, Operand

cases = Cases()
random = np.random.default_rng(5)


def packed(values, bits):
    """Numbers of `bits` bits behind each other, low bits first, along the last axis."""
    ones = (values[..., None] >> np.arange(bits) & 1).reshape(*values.shape[:-1], -1)
    ones = np.concatenate([ones, np.zeros((*ones.shape[:-1], -ones.shape[-1] % 8), int)], -1)
    return np.packbits(ones.astype(np.uint8).reshape(*ones.shape[:-1], -1, 8), -1, bitorder="little")[..., 0]


def linear(name, inputs, outputs, bits, block, zeros=None, bias=False, groups=None):
    count = -(-inputs // block)
    numbers, scales = random.integers(0, 1 << bits, (outputs, count, block)), (random.random((outputs, count)) * 0.1 + 0.01).astype(np.float32)
    zero = np.full((outputs, count), 1 << bits - 1)
    operands = [Operand("a", (2, 2, inputs), dims=["batch", "tokens", inputs]), Operand("b", values=packed(numbers, bits), constant=True),
                Operand("scales", values=scales, constant=True), None, None, None]
    if zeros == "packed":
        zero = random.integers(0, 1 << bits, (outputs, count))
        operands[3] = Operand("zeros", values=packed(zero, bits), constant=True)
    elif zeros == "floats":
        zero = (random.random((outputs, count)) * (1 << bits)).astype(np.float32)
        operands[3] = Operand("zeros", values=zero, constant=True)
    if groups is not None:
        operands[4] = Operand("groups", values=groups, constant=True)
    if bias:
        operands[5] = Operand("bias", (outputs,), constant=True)
    weights = ((numbers - zero[..., None]) * scales[..., None].astype(float)).reshape(outputs, -1)[:, :inputs]
    while operands[-1] is None:
        operands.pop()
    # The formula, since ONNX Runtime's kernels take 2, 4 and 8 bits alone; for those it agrees within 1e-3.
    cases.add(f"linear {name}", "MatMulNBits", operands, dict(K=inputs, N=outputs, bits=bits, block_size=block), tolerance=1e-5,
              expected=lambda v: {"y": v["a"].astype(float) @ weights.T + (v["bias"] if bias else 0)})


for bits in range(2, 9):
    linear(f"{bits} bits", 32, 3, bits, 32)
    linear(f"{bits} bits, zero points", 64, 3, bits, 32, "packed")
linear("zero points of floats", 64, 3, 4, 32, "floats")
linear("blocks of 16", 48, 3, 4, 16, "packed")
linear("a part of a block", 96, 3, 4, 64, "packed", bias=True)
linear("columns that fill no block of 32", 40, 3, 8, 32)
linear("groups in order", 64, 3, 4, 32, groups=(np.arange(64) // 32).astype(np.int32))
cases.add("linear by nothing", "MatMulNBits",
          [Operand("a", (2, 2, 32), dims=["batch", "tokens", 32]), Operand("b", values=np.zeros((3, 0, 16), np.uint8), constant=True),
           Operand("scales", values=np.zeros((3, 1), np.float32), constant=True), None, None, Operand("bias", (3,), constant=True)],
          dict(K=32, N=3, bits=4, block_size=32))


def lookup(name, kind, shape, block, gather=0, axis=1, zeros=False, bits=4):
    numbers, places = random.integers(0, 1 << bits, shape), list(shape)
    places[axis] = -(-shape[axis] // block)
    scales, zero = (random.random(places) * 0.1 + 0.01).astype(np.float32), random.integers(0, 1 << bits, places)
    low = 8 if kind == "i4" else 0

    def table(name, values):
        if kind == "u8":
            return Operand(name, values=packed(values, bits), constant=True)
        return Operand(name, values=(values - low).astype(np.int8 if low else np.uint8), constant=True, nibbles=kind)
    operands = [table("data", numbers), Operand("ids", values=random.integers(0, shape[gather], (2, 2)), dims=["batch", "tokens"]),
                Operand("scales", values=scales, constant=True)]
    if zeros:
        operands.append(table("zeros", zero))
    cases.add(f"lookup {name}", "GatherBlockQuantized", operands, dict(bits=bits, block_size=block, gather_axis=gather, quantize_axis=axis))


lookup("bytes of two", "u8", (6, 64), 32)
lookup("bytes of two, zero points", "u8", (6, 64), 32, zeros=True)
lookup("bytes of two, blocks of 16", "u8", (6, 32), 16, zeros=True)
lookup("bytes of one", "u8", (6, 32), 32, bits=8)
lookup("bytes of four", "u8", (6, 64), 32, zeros=True, bits=2)
lookup("unsigned", "u4", (6, 64), 32)
lookup("signed, zero points", "i4", (6, 64), 32, zeros=True)
lookup("columns of blocks of rows", "i4", (32, 5), 16, gather=1, axis=0, zeros=True)
lookup("rows inside of blocks", "u4", (32, 5), 16, gather=0, axis=0)
lookup("rank 3", "u4", (4, 3, 16), 16, axis=2)


def scalar(name, value, kind=np.float32):
    return Operand(name, values=np.array(value, kind), constant=True)


def quantised(name, scale, zero, shape=(2, 6), kind="uint8"):
    return [Operand(name, shape, kind=kind), scalar(f"{name}_scale", scale), scalar(f"{name}_zero", zero, kind)]


to = [scalar("y_scale", 0.02), scalar("y_zero", 100, np.uint8)]
for op in ("QLinearAdd", "QLinearMul"):
    cases.add(op, op, [*quantised("a", 0.01, 120), *quantised("b", 0.02, 100), *to], tolerance=1 / 128)
cases.add("QLinearSigmoid", "QLinearSigmoid", [*quantised("x", 0.03, 120), scalar("y_scale", 1 / 256), scalar("y_zero", 0, np.uint8)], tolerance=1 / 128)
cases.add("QLinearLeakyRelu", "QLinearLeakyRelu", [*quantised("x", 0.02, 120), *to], dict(alpha=0.2), tolerance=1 / 128)
cases.add("QLinearConcat", "QLinearConcat", [*to, *quantised("a", 0.01, 120), *quantised("b", 0.02, 100)], dict(axis=1), tolerance=1 / 128)
cases.add("QLinearGlobalAveragePool", "QLinearGlobalAveragePool", [*quantised("x", 0.03, 120, (1, 2, 3, 3)), *to], tolerance=1 / 128)
columns = [Operand("b", (6, 3), kind="int8", constant=True), Operand("b_scale", values=np.float32([0.01, 0.02, 0.03]), constant=True),
           Operand("b_zero", values=np.int8([1, -2, 3]), constant=True)]
cases.add("QGemm", "QGemm", [*quantised("a", 0.03, 120), *columns, Operand("c", values=np.int32([5, -7, 9]), constant=True)])
bias = Operand("bias", (3,), constant=True)
a_zero = scalar("a_zero", 120, np.uint8)
cases.add("MatMulIntegerToFloat", "MatMulIntegerToFloat",
          [Operand("a", (2, 6), kind="uint8"), columns[0], scalar("a_scale", 0.03), columns[1], a_zero, columns[2], bias])
cases.add("DynamicQuantizeMatMul", "DynamicQuantizeMatMul", [Operand("a", (2, 6)), *columns, bias], tolerance=2e-3)
cases.add("QuantizeLinear", "QuantizeLinear", [Operand("x", (2, 6)), scalar("scale", 0.05), scalar("zero", 100, np.uint8)])
cases.add("DequantizeLinear", "DequantizeLinear", [Operand("x", (2, 6), kind="uint8"), scalar("scale", 0.05), scalar("zero", 100, np.uint8)])
cases.add("QAttention", "QAttention",
          [Operand("x", (2, 4, 8), kind="uint8", dims=["batch", "tokens", 8]), Operand("w", (8, 24), kind="int8", constant=True),
           Operand("bias", (24,), constant=True), scalar("x_scale", 0.01), scalar("w_scale", 0.003),
           Operand("mask", values=np.array([3, 4], np.int32), dims=["batch"]), scalar("x_zero", 120, np.uint8), scalar("w_zero", 2, np.int8)],
          dict(num_heads=2))
