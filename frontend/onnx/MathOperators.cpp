// ONNX operators of products, reductions and norms. Sources: the operator documents of ai.onnx and com.microsoft.
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

void buildMatMul(NodeBuilder &n) { n.give(n.binary<llm::MatmulOp>(n.in(0), n.in(1))); }

void buildGemm(NodeBuilder &n) {
  Value a = n.in(0), b = n.in(1);
  if (n.rank(a) != 2 || n.rank(b) != 2)
    n.fail("multiplies matrices, but has ranks " + std::to_string(n.rank(a)) + " and " + std::to_string(n.rank(b)));
  if (n.integer("transA", 0))
    a = n.transpose(a, {1, 0});
  if (n.integer("transB", 0))
    b = n.transpose(b, {1, 0});
  Value result = n.binary<llm::MatmulOp>(a, b);
  auto scaled = [&](Value value, float by) {
    return by == 1.0f ? value : n.make<llm::MulOp>({value, n.scalar(n.element(value), by)});
  };
  result = scaled(result, n.number("alpha", 1));
  if (n.has(2))
    result = n.binary<llm::AddOp>(result, scaled(n.in(2), n.number("beta", 1)));
  n.give(result);
}

void buildReduce(NodeBuilder &n) {
  Value x = n.in(0);
  SmallVector<int64_t> axes;
  auto given = n.integers("axes", 1);
  if (given && !given->empty()) {
    axes = n.axes(*given, n.rank(x));
  } else {
    if (n.integer("noop_with_empty_axes", 0))
      n.fail("reduces no axes (noop_with_empty_axes), which is not supported");
    for (int64_t axis = 0; axis < n.rank(x); ++axis)
      axes.push_back(axis);
  }
  bool keep = n.integer("keepdims", 1) != 0;
  StringRef name = n.node.op_type();
  bool squares = name == "ReduceL2" || name == "ReduceSumSquare";
  if (squares)
    x = n.make<llm::MulOp>({x, x});
  StringRef kind = name == "ReduceMean"   ? "mean"
                   : name == "ReduceMax"  ? "max"
                   : name == "ReduceMin"  ? "min"
                   : name == "ReduceProd" ? "prod"
                                          : "sum";
  Value result = n.reduce(kind, x, axes, keep);
  n.give(name == "ReduceL2" ? n.make<llm::SqrtOp>({result}) : result);
}

void buildSoftmax(NodeBuilder &n) {
  Value x = n.in(0);
  n.give(n.make<llm::SoftmaxOp>({x}, {n.whole("axis", n.axis(n.integer("axis", -1), n.rank(x)))}));
}

/// All axes from `axis` on are one.
void buildFlatSoftmax(NodeBuilder &n) {
  Value x = n.in(0);
  int64_t axis = n.axis(n.integer("axis", 1), n.rank(x));
  if (axis == n.rank(x) - 1)
    return n.give(n.make<llm::SoftmaxOp>({x}, {n.whole("axis", axis)}));
  SmallVector<int64_t> shape(axis, 0); // 0 keeps a size
  shape.push_back(-1);
  Value flat = n.make<llm::SoftmaxOp>({n.reshape(x, shape)}, {n.whole("axis", axis)});
  n.give(n.reshape(flat, n.make<llm::ShapeOfOp>({x})));
}

namespace {

/// Fails unless the node normalises the last axis alone.
void needLastAxis(NodeBuilder &n, Value x) {
  if (n.rank(x) == 0 || n.axis(n.integer("axis", -1), n.rank(x)) != n.rank(x) - 1)
    n.fail("normalises more than the last axis, which is not supported");
}

void needNoOutputs(NodeBuilder &n, size_t begin, size_t end, const char *what) {
  for (size_t i = begin; i < end; ++i)
    if (n.gives(i))
      n.fail(std::string("gives ") + what + " as output " + std::to_string(i) + ", which is not supported");
}

/// Weights and biases come as (D), or with leading ones.
Value flatVector(NodeBuilder &n, Value value, Value x) {
  if (!value)
    return value;
  n.needSame(x, value);
  return n.rank(value) == 1 ? value : n.reshape(value, {-1});
}

Value layerNorm(NodeBuilder &n, Value x, Value weight, Value bias, float epsilon) {
  SmallVector<Value> operands = {x, flatVector(n, weight, x)};
  if (bias)
    operands.push_back(flatVector(n, bias, x));
  return n.make<llm::LayerNormOp>(operands, {n.real("epsilon", epsilon)});
}

Value rmsNorm(NodeBuilder &n, Value x, Value weight, float epsilon) {
  return n.make<llm::RmsNormOp>({x, flatVector(n, weight, x)}, {n.real("epsilon", epsilon)});
}

} // namespace

void buildLayerNorm(NodeBuilder &n) {
  needLastAxis(n, n.in(0));
  needNoOutputs(n, 1, 3, "the mean or deviation");
  n.give(layerNorm(n, n.in(0), n.in(1), n.inOrNull(2), n.number("epsilon", 1e-5f)));
}

void buildRmsNorm(NodeBuilder &n) {
  needLastAxis(n, n.in(0));
  needNoOutputs(n, 1, 2, "the deviation");
  n.give(rmsNorm(n, n.in(0), n.in(1), n.number("epsilon", 1e-5f)));
}

namespace {

/// Gives (normalised sum, -, -, sum).
void giveSkip(NodeBuilder &n, Value sum, Value normalised) {
  needNoOutputs(n, 1, 3, "the mean or deviation");
  n.give(normalised);
  n.give(Value());
  n.give(Value());
  n.give(sum);
}

} // namespace

void buildSkipLayerNorm(NodeBuilder &n) { // input, skip, gamma, beta, bias
  Value sum = n.binary<llm::AddOp>(n.in(0), n.in(1));
  if (n.has(4))
    sum = n.binary<llm::AddOp>(sum, n.in(4));
  giveSkip(n, sum, layerNorm(n, sum, n.in(2), n.inOrNull(3), n.number("epsilon", 1e-12f)));
}

void buildSkipRmsNorm(NodeBuilder &n) { // input, skip, gamma, bias
  Value sum = n.binary<llm::AddOp>(n.in(0), n.in(1));
  if (n.has(3))
    sum = n.binary<llm::AddOp>(sum, n.in(3));
  giveSkip(n, sum, rmsNorm(n, sum, n.in(2), n.number("epsilon", 1e-12f)));
}

} // namespace lathe
