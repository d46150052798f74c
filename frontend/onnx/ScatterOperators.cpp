// ONNX operators that read or write elements at computed places. Source: the operator documents of ai.onnx.
#include "frontend/onnx/Operators.h"
#include "ir/llm/IndexOps.h"

using namespace mlir;

namespace lathe {

namespace {

Value indicesOf(NodeBuilder &n, size_t operand) {
  Value indices = n.in(operand);
  if (!isa<IntegerType>(n.element(indices)))
    n.fail("has indices that are no integers");
  return indices;
}

NamedAttribute reductionOf(NodeBuilder &n) {
  return n.attribute("reduction", n.state.builder.getStringAttr(n.text("reduction", "none")));
}

/// The result of a scatter has the sizes of its first operand.
template <class Op> Value scatter(NodeBuilder &n, ArrayRef<Value> operands, ArrayRef<NamedAttribute> attributes) {
  Value result = n.make<Op>(operands, attributes);
  n.state.facts.setDims(result, n.state.facts.dims(operands.front()));
  return result;
}

} // namespace

void buildGatherElements(NodeBuilder &n) {
  Value x = n.in(0), indices = indicesOf(n, 1);
  Value result =
      n.make<llm::GatherElementsOp>({x, indices}, {n.whole("axis", n.axis(n.integer("axis", 0), n.rank(x)))});
  n.state.facts.setDims(result, n.state.facts.dims(indices));
  n.give(result);
}

void buildScatterElements(NodeBuilder &n) { // ScatterElements, Scatter
  Value x = n.in(0);
  n.give(scatter<llm::ScatterElementsOp>(n, {x, indicesOf(n, 1), n.in(2)},
                                         {n.whole("axis", n.axis(n.integer("axis", 0), n.rank(x))), reductionOf(n)}));
}

void buildScatterNd(NodeBuilder &n) {
  n.give(scatter<llm::ScatterNdOp>(n, {n.in(0), indicesOf(n, 1), n.in(2)}, {reductionOf(n)}));
}

void buildTensorScatter(NodeBuilder &n) {
  Value x = n.in(0);
  SmallVector<Value> operands = {x, n.in(1)};
  if (n.has(2))
    operands.push_back(indicesOf(n, 2));
  SmallVector<NamedAttribute> attributes = {n.whole("axis", n.axis(n.integer("axis", -2), n.rank(x)))};
  std::string mode = n.text("mode", "linear");
  if (mode == "circular")
    attributes.push_back(n.flag("circular"));
  else if (mode != "linear")
    n.fail("has the mode '" + mode + "', which is none of linear and circular");
  n.give(scatter<llm::TensorScatterOp>(n, operands, attributes));
}

/// Index tuples (along the last axis of the indices) become one index into the leading axes of x, taken together: what
/// exporters without this operator write as well. Axes of a batch come first, with their own coordinate as index.
void buildGatherNd(NodeBuilder &n) {
  Value x = n.in(0), indices = indicesOf(n, 1);
  int64_t last = n.rank(indices) - 1, batch = n.integer("batch_dims", 0);
  if (last < 0 || n.type(indices).isDynamicDim(last))
    n.fail("has index tuples of unknown length");
  int64_t depth = n.type(indices).getDimSize(last);
  if (batch < 0 || batch > last)
    n.fail("has batch_dims = " + std::to_string(batch) + ", but indices of rank " + std::to_string(last + 1));
  if (depth < 1 || batch + depth > n.rank(x))
    n.fail("has index tuples of " + std::to_string(depth) + " after " + std::to_string(batch) +
           " batch axes for a tensor of rank " + std::to_string(n.rank(x)));
  Type element = n.element(indices);
  auto joined = indices.getDefiningOp<llm::ConcatOp>();
  bool apart = joined && static_cast<int64_t>(joined.getAxis()) == last &&
               static_cast<int64_t>(joined.getInputs().size()) == depth;
  Value flat;
  auto add = [&](Value index, Value size) {
    flat = flat ? n.make<llm::AddOp>({n.make<llm::MulOp>({flat, size}), index}) : index;
  };
  for (int64_t axis = 0; axis < batch; ++axis) {
    Value index = n.cast(n.range(n.sizeOf(x, axis)), element);
    SmallVector<int64_t> trailing; // (size, 1, ...) up to the rank of an index
    for (int64_t i = axis + 1; i < last; ++i)
      trailing.push_back(i - axis);
    add(trailing.empty() ? index : n.unsqueeze(index, trailing), n.cast(n.sizeOf(x, axis), element));
  }
  for (int64_t i = 0; i < depth; ++i) {
    Value index = n.squeeze(apart ? Value(joined.getInputs()[i]) : n.slice(indices, last, i, i + 1), {last});
    Value size = n.cast(n.sizeOf(x, batch + i), element);
    if (!n.state.facts.isNonNegative(index)) {
      Value zero = n.scalar(element, 0);
      index = n.make<llm::SelectOp>({n.compare("lt", index, zero), n.make<llm::AddOp>({index, size}), index});
    }
    add(index, size);
  }
  if (batch + depth > 1) {
    Value shape = n.vector({-1});
    if (batch + depth < n.rank(x))
      shape = n.concat({shape, n.slice(n.make<llm::ShapeOfOp>({x}), 0, batch + depth, n.rank(x))}, 0);
    x = n.reshape(x, shape);
  }
  n.give(n.make<llm::GatherOp>({x, flat}, {n.whole("axis", 0)}));
}

/// y[t, b] = x[length[b] - 1 - t, b] for t below the length, else x[t, b]: a gather from x with time and batch as one
/// axis.
void buildReverseSequence(NodeBuilder &n) {
  Type i64 = n.state.builder.getI64Type();
  Value x = n.in(0), lengths = n.cast(n.in(1), i64);
  int64_t time = n.axis(n.integer("time_axis", 0), n.rank(x)), batch = n.axis(n.integer("batch_axis", 1), n.rank(x));
  if (n.rank(x) < 2 || time + batch != 1 || n.rank(lengths) != 1)
    n.fail("has time and batch axes that are not the first two, or lengths that are no vector");
  Value times = n.unsqueeze(n.range(n.sizeOf(x, time)), {batch}), rows = n.range(n.sizeOf(x, batch));
  if (batch == 0) {
    rows = n.unsqueeze(rows, {1});
    lengths = n.unsqueeze(lengths, {1});
  }
  Value back = n.make<llm::SubOp>({n.make<llm::SubOp>({lengths, n.scalar(i64, 1)}), times});
  Value from = n.make<llm::SelectOp>({n.compare("lt", times, lengths), back, times});
  Value first = time == 0 ? from : rows, second = time == 0 ? rows : from;
  Value flat = n.make<llm::AddOp>({n.make<llm::MulOp>({first, n.sizeOf(x, 1)}), second});
  Value shape = n.vector({-1});
  if (n.rank(x) > 2)
    shape = n.concat({shape, n.slice(n.make<llm::ShapeOfOp>({x}), 0, 2, n.rank(x))}, 0);
  n.give(n.make<llm::GatherOp>({n.reshape(x, shape), flat}, {n.whole("axis", 0)}));
}

} // namespace lathe
