// ONNX operators that normalise the channels of images, and LpNormalization. Sources: the operator documents of
// ai.onnx. They compute in f32, or f64 where an operand is f64, and round once.
#include "frontend/onnx/Operators.h"
#include "frontend/onnx/WindowAttributes.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

namespace {

Type wideType(NodeBuilder &n, ArrayRef<Value> values) {
  bool isDouble = llvm::any_of(values, [&](Value value) { return n.element(value).isF64(); });
  return isDouble ? Type(n.state.builder.getF64Type()) : Type(n.state.builder.getF32Type());
}

SmallVector<int64_t> axesFrom(int64_t first, int64_t rank) {
  SmallVector<int64_t> axes;
  for (int64_t axis = first; axis < rank; ++axis)
    axes.push_back(axis);
  return axes;
}

/// (channels) as (channels, 1..), for a tensor of that rank.
Value perChannel(NodeBuilder &n, Value vector, int64_t rank, Type element) {
  if (n.rank(vector) != 1)
    n.fail("has a scale, bias, mean or variance of rank " + std::to_string(n.rank(vector)) + "; supported: 1");
  SmallVector<int64_t> shape(rank - 1, 1);
  shape[0] = -1;
  return n.reshape(n.cast(vector, element), shape);
}

Value plus(NodeBuilder &n, Value x, double number) { return n.make<llm::AddOp>({x, n.scalar(n.element(x), number)}); }
Value times(NodeBuilder &n, Value a, Value b) { return n.make<llm::MulOp>({a, b}); }

struct Moments {
  Value centred, variance;
};
Moments momentsOf(NodeBuilder &n, Value x, ArrayRef<int64_t> axes) {
  Value centred = n.make<llm::SubOp>({x, n.reduce("mean", x, axes, true)});
  return {centred, n.reduce("mean", times(n, centred, centred), axes, true)};
}

/// (x - mean) / sqrt(variance + epsilon) over the axes.
Value normalised(NodeBuilder &n, Value x, ArrayRef<int64_t> axes, float epsilon) {
  Moments moments = momentsOf(n, x, axes);
  return times(n, moments.centred, n.make<llm::RsqrtOp>({plus(n, moments.variance, epsilon)}));
}

void needChannels(NodeBuilder &n, Value x) {
  if (n.rank(x) < 2)
    n.fail("needs an input (batch, channels, ..), but it has the rank " + std::to_string(n.rank(x)));
}

} // namespace

void buildBatchNorm(NodeBuilder &n) { // X, scale, B, mean, variance
  Value x = n.in(0);
  needChannels(n, x);
  if (n.integer("spatial", 1) == 0)
    n.fail("has spatial = 0, which is not supported");
  Type element = n.element(x), wide = wideType(n, {x, n.in(1), n.in(3)});
  int64_t rank = n.rank(x);
  float epsilon = n.number("epsilon", 1e-5f), momentum = n.number("momentum", 0.9f);
  Value scale = perChannel(n, n.in(1), rank, wide), bias = perChannel(n, n.in(2), rank, wide);
  Value mean = perChannel(n, n.in(3), rank, wide), variance = perChannel(n, n.in(4), rank, wide),
        input = n.cast(x, wide);
  bool training = n.opset >= 14 && n.integer("training_mode", 0) != 0;
  if (training) {
    SmallVector<int64_t> axes = axesFrom(1, rank);
    axes.front() = 0;
    // Back to (channels, 1..): the batch axis is of size 1.
    Value ownMean = n.squeeze(n.reduce("mean", input, axes, true), {0});
    Value ownVariance = n.squeeze(momentsOf(n, input, axes).variance, {0});
    auto running = [&](Value past, Value now) {
      Value mixed =
          n.make<llm::AddOp>({times(n, past, n.scalar(wide, momentum)), times(n, now, n.scalar(wide, 1.0 - momentum))});
      return n.cast(n.reshape(mixed, {-1}), n.element(n.in(3)));
    };
    Value runningMean = running(mean, ownMean), runningVariance = running(variance, ownVariance);
    mean = ownMean, variance = ownVariance;
    Value factor = times(n, scale, n.make<llm::RsqrtOp>({plus(n, variance, epsilon)}));
    n.give(n.cast(n.make<llm::AddOp>({times(n, n.make<llm::SubOp>({input, mean}), factor), bias}), element));
    n.give(runningMean);
    n.give(runningVariance);
    return;
  }
  for (size_t i = 1; i < n.outputCount(); ++i)
    if (n.gives(i))
      n.fail("gives running statistics, which only training computes");
  Value factor = times(n, scale, n.make<llm::RsqrtOp>({plus(n, variance, epsilon)}));
  n.give(n.cast(n.make<llm::AddOp>({times(n, n.make<llm::SubOp>({input, mean}), factor), bias}), element));
}

void buildInstanceNorm(NodeBuilder &n) { // input, scale, B
  Value x = n.in(0);
  needChannels(n, x);
  Type element = n.element(x), wide = wideType(n, {x});
  Value y = normalised(n, n.cast(x, wide), axesFrom(2, n.rank(x)), n.number("epsilon", 1e-5f));
  y = times(n, y, perChannel(n, n.in(1), n.rank(x), wide));
  n.give(n.cast(n.make<llm::AddOp>({y, perChannel(n, n.in(2), n.rank(x), wide)}), element));
}

void buildGroupNorm(NodeBuilder &n) { // X, scale, bias; before opset 21 one element a group
  Value x = n.in(0);
  needChannels(n, x);
  Type element = n.element(x), wide = wideType(n, {x});
  int64_t groups = n.integer("num_groups", 0), rank = n.rank(x);
  if (groups < 1 || (!n.type(x).isDynamicDim(1) && n.type(x).getDimSize(1) % groups != 0))
    n.fail("has " + std::to_string(groups) + " groups, which do not divide its channels");
  Value shape = n.make<llm::ShapeOfOp>({x});
  Value y = normalised(n, n.reshape(n.cast(x, wide), {0, groups, -1}), {2}, n.number("epsilon", 1e-5f));
  bool perGroup = n.opset < 21;
  auto affine = [&](int64_t rank) {
    y = times(n, y, perChannel(n, n.in(1), rank, wide));
    y = n.make<llm::AddOp>({y, perChannel(n, n.in(2), rank, wide)});
  };
  if (perGroup)
    affine(3);
  y = n.reshape(y, shape);
  if (!perGroup)
    affine(rank);
  n.give(n.cast(y, element));
}

void buildLrn(NodeBuilder &n) {
  Value x = n.in(0);
  needChannels(n, x);
  Type element = n.element(x);
  int64_t size = n.integer("size", 0), rank = n.rank(x);
  if (size < 1 || size > (1 << 20))
    n.fail("has the size " + std::to_string(size) + ", which is not in [1, 1048576]");
  Value input = n.cast(x, wideType(n, {x}));
  Windows windows(rank - 1);
  windows.front().kernel = size;
  windows.front().padBegin = (size - 1) / 2;
  windows.front().padEnd = size - 1 - (size - 1) / 2;
  Value sums = n.squeeze(makePool(n, n.unsqueeze(times(n, input, input), {1}), "sum", windows), {1});
  Value base = times(n, sums, n.scalar(n.element(input), n.number("alpha", 1e-4f) / static_cast<double>(size)));
  base = plus(n, base, n.number("bias", 1));
  Value divisor = n.make<llm::PowOp>({base, n.scalar(n.element(input), n.number("beta", 0.75f))});
  n.give(n.cast(n.make<llm::DivOp>({input, divisor}), element));
}

void buildLpNorm(NodeBuilder &n) {
  Value x = n.in(0);
  Type element = n.element(x);
  int64_t axis = n.axis(n.integer("axis", -1), n.rank(x)), p = n.integer("p", 2);
  if (p != 1 && p != 2)
    n.fail("has p = " + std::to_string(p) + "; supported: 1, 2");
  Value input = n.cast(x, wideType(n, {x}));
  Value norm = n.reduce("sum", p == 1 ? n.make<llm::AbsOp>({input}) : times(n, input, input), {axis}, true);
  if (p == 2)
    norm = n.make<llm::SqrtOp>({norm});
  Value zero = n.scalar(n.element(input), 0), quotient = n.make<llm::DivOp>({input, norm});
  n.give(n.cast(n.make<llm::SelectOp>({n.compare("eq", norm, zero), zero, quotient}), element));
}

void buildMeanVarianceNorm(NodeBuilder &n) {
  Value x = n.in(0);
  SmallVector<int64_t> axes = n.axes(n.integers("axes").value_or(SmallVector<int64_t>{0, 2, 3}), n.rank(x));
  Moments moments = momentsOf(n, n.cast(x, wideType(n, {x})), axes);
  Value deviation = plus(n, n.make<llm::SqrtOp>({moments.variance}), 1e-9);
  n.give(n.cast(n.make<llm::DivOp>({moments.centred, deviation}), n.element(x)));
}

} // namespace lathe
