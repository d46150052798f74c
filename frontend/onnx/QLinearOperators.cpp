// Operators of com.microsoft on quantised tensors: dequantised, computed and quantised again; products stay whole
// numbers until they are scaled. Sources: their operator documents.
#include "frontend/onnx/LinearQuant.h"
#include "frontend/onnx/MultiHeadAttention.h"
#include "frontend/onnx/Operators.h"

using namespace mlir;

namespace lathe {

namespace {

/// The numbers that operand `index` stands for, with its scale and its zero point (which may be left out) behind it.
Value dequantized(NodeBuilder &n, size_t index) {
  Type f32 = n.state.builder.getF32Type();
  Value whole = centred(n, n.in(index), n.inOrNull(index + 2));
  return n.make<llm::MulOp>({n.cast(whole, f32), n.cast(n.in(index + 1), f32)});
}

/// The numbers by the scale in operand `index` and the zero point behind it.
Value quantized(NodeBuilder &n, Value x, size_t index, Type otherwise) {
  Value zero = n.inOrNull(index + 1);
  Value divided = n.make<llm::DivOp>({x, n.cast(n.in(index), n.element(x))});
  return saturated(n, divided, zero, zero ? n.element(zero) : otherwise);
}

/// A scale of columns, or of everything: (columns), (1) or a scalar.
Value ofColumns(NodeBuilder &n, Value value, int64_t rank) {
  return value ? n.cast(alongProduct(n, value, -1, rank), n.state.builder.getF32Type()) : value;
}

/// a * b of whole numbers less their zero points, times both scales, as f32; null zero points are 0.
Value scaledProduct(NodeBuilder &n, Value a, Value b, Value zeroA, Value zeroB, Value scaleA, Value scaleB) {
  Type f32 = n.state.builder.getF32Type();
  Value left = centred(n, a, zeroA ? alongProduct(n, zeroA, -1, n.rank(a)) : zeroA);
  Value right = centred(n, b, zeroB ? alongProduct(n, zeroB, -1, n.rank(b)) : zeroB);
  Value product = n.make<llm::MatmulOp>({left, right});
  Value scale = n.make<llm::MulOp>({ofColumns(n, scaleA, n.rank(product)), ofColumns(n, scaleB, n.rank(product))});
  return n.make<llm::MulOp>({n.cast(product, f32), scale});
}

Value withBias(NodeBuilder &n, Value x, size_t index) {
  return n.has(index) ? n.binary<llm::AddOp>(x, n.cast(n.in(index), n.element(x))) : x;
}

} // namespace

template <class Op> static void buildQLinearBinary(NodeBuilder &n) {
  Value result = n.make<Op>({dequantized(n, 0), dequantized(n, 3)});
  n.give(quantized(n, result, 6, n.element(n.in(0))));
}
void buildQLinearAdd(NodeBuilder &n) { buildQLinearBinary<llm::AddOp>(n); }
void buildQLinearMul(NodeBuilder &n) { buildQLinearBinary<llm::MulOp>(n); }

void buildQLinearSigmoid(NodeBuilder &n) { // X, its scale and zero point, those of Y
  n.give(quantized(n, n.make<llm::SigmoidOp>({dequantized(n, 0)}), 3, n.element(n.in(0))));
}

void buildQLinearLeakyRelu(NodeBuilder &n) { // X, its scale and zero point, those of Y
  Value x = dequantized(n, 0), nothing = n.scalar(n.element(x), 0);
  Value low = n.make<llm::MulOp>({n.make<llm::MinOp>({x, nothing}), n.scalar(n.element(x), n.number("alpha", 0.01f))});
  n.give(quantized(n, n.make<llm::AddOp>({n.make<llm::ReluOp>({x}), low}), 3, n.element(n.in(0))));
}

void buildQLinearSoftmax(NodeBuilder &n) { // X, its scale and zero point, those of Y
  Value x = dequantized(n, 0);
  int64_t rank = n.rank(x), axis = n.axis(n.integer("axis", -1), rank);
  Value result;
  if (n.integer("opset", 13) >= 13 || axis == rank - 1) {
    result = n.make<llm::SoftmaxOp>({x}, {n.whole("axis", axis)});
  } else { // all axes from `axis` on are one
    SmallVector<int64_t> shape(axis, 0);
    shape.push_back(-1);
    result = n.make<llm::SoftmaxOp>({n.reshape(x, shape)}, {n.whole("axis", axis)});
    result = n.reshape(result, n.make<llm::ShapeOfOp>({x}));
  }
  n.give(quantized(n, result, 3, n.element(n.in(0))));
}

void buildQLinearConcat(NodeBuilder &n) { // scale and zero point of Y, then inputs with theirs
  SmallVector<Value> parts;
  for (size_t i = 2; i + 2 < n.operandCount(); i += 3)
    parts.push_back(dequantized(n, i));
  if (parts.empty())
    n.fail("joins nothing");
  Value whole = n.concat(parts, n.axis(n.integer("axis", 0), n.rank(parts.front())));
  n.give(quantized(n, whole, 0, n.element(n.in(2))));
}

void buildQLinearWhere(NodeBuilder &n) { // condition, X, Y with their scales and zero points, those of Z
  if (!n.element(n.in(0)).isInteger(1))
    n.fail("has a condition that is not boolean");
  Value chosen = n.make<llm::SelectOp>({n.in(0), dequantized(n, 1), dequantized(n, 4)});
  n.give(quantized(n, chosen, 7, n.element(n.in(1))));
}

void buildQLinearReduceMean(NodeBuilder &n) { // data, its scale and zero point, those of the result
  Value x = dequantized(n, 0);
  SmallVector<int64_t> axes;
  if (auto given = n.integers("axes"))
    axes = n.axes(*given, n.rank(x));
  else
    for (int64_t axis = 0; axis < n.rank(x); ++axis)
      axes.push_back(axis);
  n.give(quantized(n, n.reduce("mean", x, axes, n.integer("keepdims", 1) != 0), 3, n.element(n.in(0))));
}

void buildQLinearGlobalAveragePool(NodeBuilder &n) { // X, its scale and zero point, those of Y
  Value x = dequantized(n, 0);
  bool channelsLast = n.integer("channels_last", 0) != 0;
  SmallVector<int64_t> axes;
  for (int64_t axis = channelsLast ? 1 : 2; axis < n.rank(x) - channelsLast; ++axis)
    axes.push_back(axis);
  n.give(quantized(n, n.reduce("mean", x, axes, true), 3, n.element(n.in(0))));
}

void buildQGemm(
    NodeBuilder &n) { // A, its scale and zero point, B, its scale and zero point, C, scale and zero point of Y
  Value a = n.in(0), b = n.in(3);
  if (n.rank(a) != 2 || n.rank(b) != 2)
    n.fail("multiplies matrices, but has ranks " + std::to_string(n.rank(a)) + " and " + std::to_string(n.rank(b)));
  Type f32 = n.state.builder.getF32Type();
  Value left = centred(n, a, n.inOrNull(2)), right = centred(n, b, {});
  if (n.integer("transA", 0))
    left = n.transpose(left, {1, 0});
  if (n.integer("transB", 0))
    right = n.transpose(right, {1, 0});
  if (n.has(5))
    right = centred(n, right, alongProduct(n, n.in(5), -1, 2));
  Value product = n.make<llm::MatmulOp>({left, right});
  if (n.has(6))
    product = n.binary<llm::AddOp>(product, n.in(6));
  Value scale = n.make<llm::MulOp>({ofColumns(n, n.in(1), 2), ofColumns(n, n.in(4), 2)});
  if (float alpha = n.number("alpha", 1); alpha != 1)
    scale = n.make<llm::MulOp>({scale, n.scalar(f32, alpha)});
  Value result = n.make<llm::MulOp>({n.cast(product, f32), scale});
  n.give(n.has(7) ? quantized(n, result, 7, n.element(a)) : result);
}

void buildMatMulIntegerToFloat(NodeBuilder &n) { // A, B, scales of A and B, zero points of A and B, bias
  Value product = scaledProduct(n, n.in(0), n.in(1), n.inOrNull(4), n.inOrNull(5), n.in(2), n.in(3));
  n.give(withBias(n, n.cast(product, n.element(n.in(2))), 6));
}

void buildDynamicQuantizeMatMul(NodeBuilder &n) { // A, B, scale and zero point of B, bias
  DynamicallyQuantized a = quantizedDynamically(n, n.in(0));
  n.give(withBias(n, scaledProduct(n, a.values, n.in(1), a.zero, n.inOrNull(3), a.scale, n.in(2)), 4));
}

void buildMatMulInteger16(NodeBuilder &n) { // A, B
  bool isSigned = !n.element(n.in(0)).isUnsignedInteger() || !n.element(n.in(1)).isUnsignedInteger();
  Type wide = isSigned ? Type(n.state.builder.getI32Type()) : Type(n.state.builder.getIntegerType(32, false));
  n.give(n.make<llm::MatmulOp>({n.cast(n.in(0), wide), n.cast(n.in(1), wide)}));
}

void buildMulInteger(NodeBuilder &n) { // A, its zero point, B, its zero point
  n.give(n.make<llm::MulOp>({centred(n, n.in(0), n.inOrNull(1)), centred(n, n.in(2), n.inOrNull(3))}));
}

void buildReduceSumInteger(NodeBuilder &n) { // data
  Value x = n.in(0);
  Type wide =
      n.element(x).isUnsignedInteger() ? n.state.builder.getIntegerType(32, false) : Type(n.state.builder.getI32Type());
  SmallVector<int64_t> axes = n.axes(n.integers("axes").value_or(SmallVector<int64_t>()), n.rank(x));
  n.give(n.reduce("sum", n.cast(x, wide), axes, n.integer("keepdims", 1) != 0));
}

// input, weight, bias, scales of input and weight, mask_index, zero points of input and weight, past
void buildQAttention(NodeBuilder &n) {
  if (n.integer("past_present_share_buffer", 0))
    n.fail("writes into its past (past_present_share_buffer), which is not supported for quantised attention");
  Value x = n.in(0), weights = n.in(1);
  if (n.rank(x) != 3)
    n.fail("takes an input of rank 3, got " + std::to_string(n.rank(x)));
  SmallVector<int64_t> sizes = projectionSizes(n, weights);
  Value projected = scaledProduct(n, x, weights, n.inOrNull(6), n.inOrNull(7), n.in(3), n.in(4));
  projected = withBias(n, n.cast(projected, n.element(n.in(3))), 2);
  MultiHead parts;
  parts.mask = n.inOrNull(5);
  std::tie(parts.pastKey, parts.pastValue) = splitPast(n, n.inOrNull(8));
  giveFromProjection(n, projected, sizes, parts);
}

} // namespace lathe
