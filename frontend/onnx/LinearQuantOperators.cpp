// ONNX operators between numbers and their quantised form, and products of quantised tensors, in terms of casts and
// arithmetic. Sources: the operator documents of ai.onnx (QuantizeLinear and DequantizeLinear 10 to 28, ...).
#include "frontend/onnx/LinearQuant.h"
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

namespace {

/// Smallest and largest number of an integer type of at most 16 bits, or nothing.
std::optional<std::pair<double, double>> rangeOf(Type type) {
  switch (llm::latheType(type).value_or(LATHE_F32)) {
  case LATHE_I8:
    return {{-128, 127}};
  case LATHE_U8:
    return {{0, 255}};
  case LATHE_I16:
    return {{-32768, 32767}};
  case LATHE_U16:
    return {{0, 65535}};
  case LATHE_I4:
    return {{-8, 7}};
  case LATHE_U4:
    return {{0, 15}};
  case LATHE_I2:
    return {{-2, 1}};
  case LATHE_U2:
    return {{0, 3}};
  default:
    return std::nullopt;
  }
}

/// The attribute as an element type, or nothing when it is left out or 0.
Type typeAttribute(NodeBuilder &n, StringRef name) {
  int64_t number = n.integer(name, 0);
  if (number == 0)
    return Type();
  std::optional<LatheType> type =
      number > 0 && number <= INT32_MAX ? typeOfOnnx(static_cast<int32_t>(number)) : std::nullopt;
  if (!type)
    n.fail("has the type " + onnxTypeName(static_cast<int32_t>(number)) + " as " + name.str() +
           ", which is not supported");
  return llm::elementType(n.state.builder.getContext(), *type);
}

/// A scale or zero point so that it broadcasts to `x`: one for all, one for each place of `axis`, or one for each
/// block.
Value spread(NodeBuilder &n, Value x, Value value) {
  if (n.rank(value) == 0)
    return value;
  if (n.rank(value) == 1 && n.type(value).getDimSize(0) == 1 && n.integer("block_size", 0) == 0)
    return n.squeeze(value, {0});
  int64_t rank = n.rank(x), axis = n.axis(n.integer("axis", 1), rank), block = n.integer("block_size", 0);
  if (block == 0) {
    if (n.rank(value) != 1)
      n.fail("has a scale or zero point of rank " + std::to_string(n.rank(value)) + " without a block_size");
    SmallVector<int64_t> trailing;
    for (int64_t i = 1; i < rank - axis; ++i)
      trailing.push_back(i);
    return trailing.empty() ? value : n.unsqueeze(value, trailing);
  }
  if (n.rank(value) != rank || block < 0 || block > INT32_MAX)
    n.fail("has blocks of " + std::to_string(block) + " and a scale or zero point of rank " +
           std::to_string(n.rank(value)) + " for a tensor of rank " + std::to_string(rank));
  SmallVector<int64_t> repeats(rank + 1, 1), factors(rank, 1);
  repeats[axis + 1] = block;
  factors[axis] = block;
  Value shape = n.make<llm::MulOp>({n.make<llm::ShapeOfOp>({value}), n.vector(factors)});
  Value repeated = n.reshape(n.expand(n.unsqueeze(value, {axis + 1}), n.vector(repeats)), shape);
  int64_t have = n.type(repeated).getDimSize(axis), want = n.type(x).getDimSize(axis);
  if (have == want && !ShapedType::isDynamic(have))
    return repeated;
  return n.slice(repeated, n.vector({0}), n.unsqueeze(n.sizeOf(x, axis), {0}), {axis}, {1});
}

} // namespace

Value saturated(NodeBuilder &n, Value x, Value zero, Type to) {
  auto range = rangeOf(to);
  if (!range)
    n.fail("quantises to a type that is not supported");
  Type real = n.element(x);
  Value result = n.make<llm::RoundOp>({x});
  if (zero)
    result = n.make<llm::AddOp>({result, n.cast(zero, real)});
  result = n.make<llm::MaxOp>({result, n.scalar(real, range->first)});
  return n.cast(n.make<llm::MinOp>({result, n.scalar(real, range->second)}), to);
}

Value centred(NodeBuilder &n, Value x, Value zero) {
  Type i32 = n.state.builder.getI32Type();
  Value result = n.cast(x, i32);
  return zero ? n.make<llm::SubOp>({result, n.cast(zero, i32)}) : result;
}

static bool isNarrowFloat(Type type) {
  LatheType lathe = llm::latheType(type).value_or(LATHE_F32);
  return lathe >= LATHE_F8E4M3FN && lathe <= LATHE_F4E2M1;
}

Value alongProduct(NodeBuilder &n, Value value, int64_t axis, int64_t rank) {
  if (n.rank(value) != 1)
    return value;
  if (n.type(value).getDimSize(0) == 1)
    return n.squeeze(value, {0});
  return axis == -2 && rank >= 2 ? n.unsqueeze(value, {1}) : value;
}

void buildQuantizeLinear(NodeBuilder &n) { // x, scale, zero point
  Value x = n.in(0), scale = n.in(1), zero = n.inOrNull(2);
  Type to = typeAttribute(n, "output_dtype");
  if (!to)
    to = zero ? n.element(zero) : n.state.builder.getIntegerType(8, false);
  Type precision = typeAttribute(n, "precision");
  if (!precision)
    precision = n.element(scale);
  if (!isa<FloatType>(precision))
    precision = n.state.builder.getF32Type();
  Value divided = n.make<llm::DivOp>({n.cast(x, precision), n.cast(spread(n, x, scale), precision)});
  Type real = precision.isF64() ? precision : n.state.builder.getF32Type();
  divided = n.cast(divided, real);
  if (zero)
    zero = n.cast(spread(n, x, zero), real);
  if (!isNarrowFloat(to))
    return n.give(saturated(n, divided, zero, to));
  if (zero)
    divided = n.make<llm::AddOp>({divided, zero});
  n.give(castTo(n, divided, to, n.integer("saturate", 1) != 0, "up"));
}

void buildDequantizeLinear(NodeBuilder &n) { // x, scale, zero point
  Value x = n.in(0), scale = n.in(1), zero = n.inOrNull(2);
  Type to = typeAttribute(n, "output_dtype");
  if (!to)
    to = n.element(scale);
  Type real = to.isF64() ? to : n.state.builder.getF32Type();
  Value value;
  if (isNarrowFloat(n.element(x))) {
    value = n.cast(x, real);
    if (zero)
      value = n.make<llm::SubOp>({value, n.cast(spread(n, x, zero), real)});
  } else {
    value = n.cast(zero ? centred(n, x, spread(n, x, zero)) : x, real);
  }
  Value result = n.cast(n.make<llm::MulOp>({value, n.cast(spread(n, x, scale), real)}), to);
  rememberDequantized(n, result);
  n.give(result);
}

DynamicallyQuantized quantizedDynamically(NodeBuilder &n, Value x) {
  Type f32 = n.state.builder.getF32Type(), u8 = n.state.builder.getIntegerType(8, false);
  if (n.element(x) != f32)
    n.fail("quantises f32 alone");
  SmallVector<int64_t> all;
  for (int64_t axis = 0; axis < n.rank(x); ++axis)
    all.push_back(axis);
  Value nothing = n.scalar(f32, 0), most = n.scalar(f32, 255);
  Value low = n.make<llm::MinOp>({n.reduce("min", x, all, false), nothing});
  Value high = n.make<llm::MaxOp>({n.reduce("max", x, all, false), nothing});
  Value scale = n.make<llm::DivOp>({n.make<llm::SubOp>({high, low}), most});
  Value zero = saturated(n, n.make<llm::DivOp>({n.make<llm::NegOp>({low}), scale}), Value(), u8);
  return {saturated(n, n.make<llm::DivOp>({x, scale}), zero, u8), scale, zero};
}

void buildDynamicQuantizeLinear(NodeBuilder &n) { // x -> y, scale, zero point
  DynamicallyQuantized result = quantizedDynamically(n, n.in(0));
  n.give(result.values);
  n.give(result.scale);
  n.give(result.zero);
}

void buildMatMulInteger(NodeBuilder &n) { // a, b, zero point of a, zero point of b
  Value a = n.in(0), b = n.in(1), zeroA = n.inOrNull(2), zeroB = n.inOrNull(3);
  Value left = centred(n, a, zeroA ? alongProduct(n, zeroA, -2, n.rank(a)) : zeroA);
  Value right = centred(n, b, zeroB ? alongProduct(n, zeroB, -1, n.rank(b)) : zeroB);
  n.give(n.make<llm::MatmulOp>({left, right}));
}

void buildQLinearMatMul(NodeBuilder &n) { // a, its scale and zero point, b, ..., then those of y
  Type f32 = n.state.builder.getF32Type();
  Value a = n.in(0), b = n.in(3);
  Value left = centred(n, a, alongProduct(n, n.in(2), -2, n.rank(a)));
  Value right = centred(n, b, alongProduct(n, n.in(5), -1, n.rank(b)));
  Value product = n.make<llm::MatmulOp>({left, right});
  int64_t rank = n.rank(product);
  Value scale = n.make<llm::MulOp>(
      {n.cast(alongProduct(n, n.in(1), -2, rank), f32), n.cast(alongProduct(n, n.in(4), -1, rank), f32)});
  Value real = n.make<llm::MulOp>({n.cast(product, f32), scale});
  Value divided = n.make<llm::DivOp>({real, n.cast(alongProduct(n, n.in(6), -2, rank), f32)});
  Value zero = n.in(7);
  n.give(saturated(n, divided, alongProduct(n, zero, -2, rank), n.element(zero)));
}

} // namespace lathe
