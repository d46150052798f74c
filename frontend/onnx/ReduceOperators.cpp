// ONNX operators that combine elements along axes: reductions, softmax and its logarithm. Sources: the operator
// documents of ai.onnx.
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

namespace {

/// The axes that a reduction names, ascending; none where it reduces nothing.
SmallVector<int64_t> reducedAxes(NodeBuilder &n, Value x) {
  auto given = n.integers("axes", 1);
  if (given && !given->empty())
    return n.axes(*given, n.rank(x));
  SmallVector<int64_t> all;
  if (n.integer("noop_with_empty_axes", 0))
    return all;
  for (int64_t axis = 0; axis < n.rank(x); ++axis)
    all.push_back(axis);
  return all;
}

/// Integers as double, floats as they are: for logarithms and roots.
Value asReal(NodeBuilder &n, Value x) {
  return isa<FloatType>(n.element(x)) ? x : n.cast(x, n.state.builder.getF64Type());
}

/// log of the sum of e^x, with the largest element taken out; `axes` may be none.
Value logSumExp(NodeBuilder &n, Value x, ArrayRef<int64_t> axes, bool keep) {
  if (axes.empty())
    return x;
  Value largest = n.reduce("max", x, axes, true);
  Value infinity = n.scalar(n.element(x), std::numeric_limits<double>::infinity());
  Value isFinite = n.compare("lt", n.make<llm::AbsOp>({largest}), infinity);
  largest = n.make<llm::SelectOp>({isFinite, largest, n.scalar(n.element(x), 0)});
  Value sum = n.reduce("sum", n.make<llm::ExpOp>({n.make<llm::SubOp>({x, largest})}), axes, true);
  Value result = n.make<llm::AddOp>({n.make<llm::LogOp>({sum}), largest});
  return keep ? result : n.squeeze(result, axes);
}

} // namespace

void buildReduce(NodeBuilder &n) {
  Value x = n.in(0);
  Type element = n.element(x);
  SmallVector<int64_t> axes = reducedAxes(n, x);
  bool keep = n.integer("keepdims", 1) != 0;
  StringRef name = n.node.op_type();
  if (name == "ReduceLogSumExp")
    return n.give(n.cast(logSumExp(n, asReal(n, x), axes, keep), element));
  if (name == "ReduceL2" || name == "ReduceLogSum")
    x = asReal(n, x);
  if (name == "ReduceL2" || name == "ReduceSumSquare")
    x = n.make<llm::MulOp>({x, x});
  if (name == "ReduceL1" && !element.isUnsignedInteger())
    x = n.make<llm::AbsOp>({x});
  StringRef kind = name == "ReduceMean"   ? "mean"
                   : name == "ReduceMax"  ? "max"
                   : name == "ReduceMin"  ? "min"
                   : name == "ReduceProd" ? "prod"
                                          : "sum";
  Value result = axes.empty() ? x : n.reduce(kind, x, axes, keep);
  if (name == "ReduceL2")
    result = n.make<llm::SqrtOp>({result});
  if (name == "ReduceLogSum")
    result = n.make<llm::LogOp>({result});
  n.give(n.cast(result, element));
}

static Value softmax(NodeBuilder &n, Value x, int64_t axis) {
  if (n.node.op_type() == "Softmax")
    return n.make<llm::SoftmaxOp>({x}, {n.whole("axis", axis)});
  Value shifted = n.make<llm::SubOp>({x, n.reduce("max", x, {axis}, true)}); // LogSoftmax
  Value sum = n.reduce("sum", n.make<llm::ExpOp>({shifted}), {axis}, true);
  return n.make<llm::SubOp>({shifted, n.make<llm::LogOp>({sum})});
}

void buildSoftmax(NodeBuilder &n) {
  Value x = n.in(0);
  n.give(softmax(n, x, n.axis(n.integer("axis", -1), n.rank(x))));
}

/// All axes from `axis` on are one.
void buildFlatSoftmax(NodeBuilder &n) {
  Value x = n.in(0);
  int64_t axis = n.axis(n.integer("axis", 1), n.rank(x));
  if (axis == n.rank(x) - 1)
    return n.give(softmax(n, x, axis));
  SmallVector<int64_t> shape(axis, 0); // 0 keeps a size
  shape.push_back(-1);
  n.give(n.reshape(softmax(n, n.reshape(x, shape), axis), n.make<llm::ShapeOfOp>({x})));
}

} // namespace lathe
