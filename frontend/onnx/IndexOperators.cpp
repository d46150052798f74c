// ONNX operators that take parts of tensors, join them or look them up. Source: the operator documents of ai.onnx.
#include "frontend/onnx/Operators.h"

using namespace mlir;

namespace lathe {

void buildSlice(NodeBuilder &n) {
  Value x = n.in(0), starts = n.cast(n.in(1), n.state.builder.getI64Type()),
        ends = n.cast(n.in(2), n.state.builder.getI64Type());
  if (n.rank(starts) != 1 || n.rank(ends) != 1 || n.type(starts).isDynamicDim(0) || n.type(starts) != n.type(ends))
    n.fail("needs starts and ends of one known length");
  int64_t count = n.type(starts).getDimSize(0);
  SmallVector<int64_t> axes, steps(count, 1);
  if (n.has(3)) {
    for (int64_t axis : n.constants(3, "axes"))
      axes.push_back(n.axis(axis, n.rank(x)));
  } else {
    for (int64_t i = 0; i < count; ++i)
      axes.push_back(n.axis(i, n.rank(x)));
  }
  if (n.has(4))
    steps = n.constants(4, "steps");
  if (static_cast<int64_t>(axes.size()) != count || static_cast<int64_t>(steps.size()) != count)
    n.fail("has " + std::to_string(count) + " starts, " + std::to_string(axes.size()) + " axes and " +
           std::to_string(steps.size()) + " steps");
  if (llvm::is_contained(steps, 0))
    n.fail("has a step of 0");
  n.axes(axes, n.rank(x)); // no axis twice
  if (llvm::is_sorted(axes))
    return n.give(n.slice(x, starts, ends, axes, steps));
  for (int64_t i = 0; i < count; ++i)
    x = n.slice(x, n.slice(starts, 0, i, i + 1), n.slice(ends, 0, i, i + 1), {axes[i]}, {steps[i]});
  n.give(x);
}

void buildSplit(NodeBuilder &n) {
  Value x = n.in(0);
  int64_t axis = n.axis(n.integer("axis", 0), n.rank(x)), size = n.type(x).getDimSize(axis);
  int64_t parts = n.outputCount();
  SmallVector<int64_t> sizes;
  if (auto given = n.integers("split", 1)) {
    sizes = *given;
  } else {
    if (ShapedType::isDynamic(size))
      n.fail("splits an axis of unknown size into equal parts, which is not supported");
    int64_t part = (size + parts - 1) / parts;
    for (int64_t i = 0, rest = size; i < parts; ++i, rest -= part)
      sizes.push_back(std::clamp<int64_t>(rest, 0, part));
  }
  if (static_cast<int64_t>(sizes.size()) != parts)
    n.fail("has " + std::to_string(parts) + " outputs, but sizes for " + std::to_string(sizes.size()));
  int64_t begin = 0, end = 0;
  for (int64_t i = 0; i < parts; ++i, begin = end) {
    if (sizes[i] < 0 || __builtin_add_overflow(begin, sizes[i], &end) || (!ShapedType::isDynamic(size) && end > size))
      n.fail("splits an axis of " + std::to_string(size) + " elements into parts that do not fit");
    n.give(n.gives(i) ? n.slice(x, axis, begin, end) : Value());
  }
}

void buildConcat(NodeBuilder &n) {
  SmallVector<Value> values;
  for (size_t i = 0; i < n.operandCount(); ++i)
    values.push_back(n.in(i));
  if (values.empty())
    n.fail("joins nothing");
  int64_t axis = n.axis(n.integer("axis", 1), n.rank(values.front()));
  n.give(values.size() == 1 ? values.front() : n.concat(values, axis));
}

void buildGather(NodeBuilder &n) {
  Value x = n.in(0), indices = n.in(1);
  if (!isa<IntegerType>(n.element(indices)))
    n.fail("has indices that are no integers");
  n.give(n.make<llm::GatherOp>({x, indices}, {n.whole("axis", n.axis(n.integer("axis", 0), n.rank(x)))}));
}

/// Index tuples (along the last axis of the indices) become one index into the leading axes of x, taken together: what
/// exporters without this operator write as well.
void buildGatherNd(NodeBuilder &n) {
  Value x = n.in(0), indices = n.in(1);
  if (n.integer("batch_dims", 0) != 0)
    n.fail("has batch_dims = " + std::to_string(n.integer("batch_dims", 0)) + "; 0 is supported");
  int64_t last = n.rank(indices) - 1;
  if (last < 0 || n.type(indices).isDynamicDim(last))
    n.fail("has index tuples of unknown length");
  int64_t depth = n.type(indices).getDimSize(last);
  if (depth < 1 || depth > n.rank(x))
    n.fail("has index tuples of " + std::to_string(depth) + " for a tensor of rank " + std::to_string(n.rank(x)));
  Type element = n.element(indices);
  auto joined = indices.getDefiningOp<llm::ConcatOp>();
  bool apart = joined && static_cast<int64_t>(joined.getAxis()) == last &&
               static_cast<int64_t>(joined.getInputs().size()) == depth;
  Value flat;
  for (int64_t i = 0; i < depth; ++i) {
    Value index = n.squeeze(apart ? Value(joined.getInputs()[i]) : n.slice(indices, last, i, i + 1), {last});
    Value size = n.cast(n.sizeOf(x, i), element);
    if (!n.state.facts.isNonNegative(index)) {
      Value zero = n.scalar(element, 0);
      index = n.make<llm::SelectOp>({n.compare("lt", index, zero), n.make<llm::AddOp>({index, size}), index});
    }
    flat = flat ? n.make<llm::AddOp>({n.make<llm::MulOp>({flat, size}), index}) : index;
  }
  if (depth > 1) {
    Value shape = n.vector({-1});
    if (depth < n.rank(x))
      shape = n.concat({shape, n.slice(n.make<llm::ShapeOfOp>({x}), 0, depth, n.rank(x))}, 0);
    x = n.reshape(x, shape);
  }
  n.give(n.make<llm::GatherOp>({x, flat}, {n.whole("axis", 0)}));
}

namespace {

/// 0, 1, ... along an axis of x.
Value indicesAlong(NodeBuilder &n, Value x, int64_t axis) {
  Type i64 = n.state.builder.getI64Type();
  Value zero = n.scalar(i64, 0), one = n.scalar(i64, 1), size = n.sizeOf(x, axis);
  return n.makeTyped<llm::RangeOp>(i64, n.state.facts.rangeLength(zero, size, one), {zero, size, one});
}

} // namespace

void buildTrilu(NodeBuilder &n) {
  Value x = n.in(0);
  bool upper = n.integer("upper", 1) != 0;
  std::optional<SmallVector<int64_t>> diagonal = SmallVector<int64_t>{0};
  if (n.has(1)) {
    if (n.type(n.in(1)).getNumDynamicDims() || n.type(n.in(1)).getNumElements() != 1)
      n.fail("has a diagonal that is no scalar");
    diagonal = n.state.facts.constants(n.in(1));
  }
  if (diagonal) {
    SmallVector<NamedAttribute> attributes = {n.whole("diagonal", diagonal->front())};
    if (upper)
      attributes.push_back(n.flag("upper"));
    return n.give(n.make<llm::TriluOp>({x}, attributes));
  }
  // A computed diagonal: elements are kept where column - row is on the right side of it.
  if (n.rank(x) < 2)
    n.fail("needs a matrix");
  Value rows = n.unsqueeze(indicesAlong(n, x, n.rank(x) - 2), {1}), columns = indicesAlong(n, x, n.rank(x) - 1);
  Value kept = n.compare(upper ? "ge" : "le", n.make<llm::SubOp>({columns, rows}),
                         n.cast(n.in(1), n.state.builder.getI64Type()));
  n.give(n.make<llm::SelectOp>({kept, x, n.scalar(n.element(x), 0)}));
}

void buildCumSum(NodeBuilder &n) {
  Value x = n.in(0);
  SmallVector<int64_t> along = n.constants(1, "the axis");
  if (along.size() != 1)
    n.fail("has an axis that is no scalar");
  if (n.integer("reverse", 0))
    n.fail("sums in reverse, which is not supported");
  Value sums = n.make<llm::CumSumOp>({x}, {n.whole("axis", n.axis(along.front(), n.rank(x)))});
  n.give(n.integer("exclusive", 0) ? n.make<llm::SubOp>({sums, x}) : sums);
}

} // namespace lathe
