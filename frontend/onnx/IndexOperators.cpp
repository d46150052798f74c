// ONNX operators that take parts of tensors, join them or look them up. Source: the operator documents of ai.onnx.
#include "frontend/onnx/Operators.h"
#include "ir/llm/IndexOps.h"

#include "onnx-ml.pb.h"

#include <numeric>

using namespace mlir;

namespace lathe {

namespace {

/// Bounds of axes that are computed: the box is cut axis by axis at indices that are computed too.
Value sliceAnywhere(NodeBuilder &n, Value x, Value starts, Value ends, Value axes, Value steps) {
  Type i64 = n.state.builder.getI64Type();
  int64_t rank = n.rank(x);
  Value zero = n.scalar(i64, 0), one = n.scalar(i64, 1);
  auto select = [&](Value condition, Value a, Value b) { return n.make<llm::SelectOp>({condition, a, b}); };
  auto counted = [&](Value value, Value size) {
    return select(n.compare("lt", value, zero), n.make<llm::AddOp>({value, size}), value);
  };
  axes = counted(axes, n.reshape(n.vector({rank}), ArrayRef<int64_t>()));
  auto ofAllAxes = [&](int64_t otherwise, Value values) {
    return n.make<llm::ScatterElementsOp>({n.vector(SmallVector<int64_t>(rank, otherwise)), axes, values},
                                          {n.whole("axis", 0)});
  };
  starts = ofAllAxes(0, starts), ends = ofAllAxes(INT64_MAX, ends), steps = ofAllAxes(1, steps);
  for (int64_t axis = 0; axis < rank; ++axis) {
    auto at = [&](Value values) { return n.squeeze(n.slice(values, 0, axis, axis + 1), {0}); };
    Value step = at(steps), size = n.sizeOf(x, axis), down = n.compare("lt", step, zero);
    Value lowest = select(down, n.scalar(i64, -1), zero), highest = select(down, n.make<llm::SubOp>({size, one}), size);
    auto clamped = [&](Value bound, Value least) {
      return n.make<llm::MinOp>({n.make<llm::MaxOp>({counted(bound, size), least}), highest});
    };
    Value start = clamped(at(starts), zero),
          end = clamped(at(ends), lowest); // a start is never before the first element
    // A step of 0 gives a size that is refused when it is read.
    Value still = n.compare("eq", step, zero), sign = select(down, n.scalar(i64, -1), one);
    Value distance = n.make<llm::AddOp>({n.make<llm::SubOp>({end, start}), n.make<llm::SubOp>({step, sign})});
    Value count = n.make<llm::MaxOp>({n.make<llm::DivOp>({distance, select(still, one, step)}), zero});
    Value places = n.range(n.decidedSize(select(still, n.scalar(i64, -1), count)));
    places = n.make<llm::AddOp>({n.make<llm::MulOp>({places, step}), start});
    x = n.make<llm::GatherOp>({x, places}, {n.whole("axis", axis)});
  }
  return x;
}

} // namespace

void buildSlice(NodeBuilder &n) {
  Type i64 = n.state.builder.getI64Type();
  Value x = n.in(0), starts = n.cast(n.in(1), i64), ends = n.cast(n.in(2), i64);
  if (n.rank(starts) != 1 || n.rank(ends) != 1 || n.type(starts).isDynamicDim(0) || n.type(starts) != n.type(ends))
    n.fail("needs starts and ends of one known length");
  int64_t count = n.type(starts).getDimSize(0);
  SmallVector<int64_t> axes, steps(count, 1);
  auto known = [&](size_t index) { return n.has(index) ? n.state.facts.constants(n.in(index)) : std::nullopt; };
  if ((n.has(3) && !known(3)) || (n.has(4) && !known(4))) {
    SmallVector<int64_t> all(count);
    std::iota(all.begin(), all.end(), 0);
    Value named = n.has(3) ? n.cast(n.in(3), i64) : n.vector(all),
          by = n.has(4) ? n.cast(n.in(4), i64) : n.vector(steps);
    if (n.type(named) != n.type(starts) || n.type(by) != n.type(starts))
      n.fail("has axes or steps that are not as many as its starts");
    return n.give(sliceAnywhere(n, x, starts, ends, named, by));
  }
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

namespace {

/// Parts between bounds that are computed (each a vector of one element for every part).
void giveParts(NodeBuilder &n, Value x, int64_t axis, Value starts, Value ends) {
  for (int64_t i = 0; i < static_cast<int64_t>(n.outputCount()); ++i)
    n.give(n.gives(i) ? n.slice(x, n.slice(starts, 0, i, i + 1), n.slice(ends, 0, i, i + 1), {axis}, {1}) : Value());
}

} // namespace

void buildSplit(NodeBuilder &n) {
  Value x = n.in(0);
  int64_t axis = n.axis(n.integer("axis", 0), n.rank(x)), size = n.type(x).getDimSize(axis);
  int64_t parts = n.outputCount();
  if (int64_t given = n.integer("num_outputs", parts); given != parts)
    n.fail("has " + std::to_string(parts) + " outputs, but num_outputs says " + std::to_string(given));
  SmallVector<int64_t> sizes;
  if (n.has(1) && !n.state.facts.constants(n.in(1))) {
    Value given = n.cast(n.in(1), n.state.builder.getI64Type());
    if (n.rank(given) != 1 || n.type(given).getDimSize(0) != parts)
      n.fail("has " + std::to_string(parts) + " outputs, but not as many sizes");
    Value ends = n.make<llm::CumSumOp>({given}, {n.whole("axis", 0)});
    return giveParts(n, x, axis, n.make<llm::SubOp>({ends, given}), ends);
  }
  if (auto given = n.integers("split", 1)) {
    sizes = *given;
  } else if (ShapedType::isDynamic(size)) {
    // Of ceil(size / parts) elements each; the last one may be smaller.
    SmallVector<int64_t> before(parts), after(parts);
    for (int64_t i = 0; i < parts; ++i)
      before[i] = i, after[i] = i + 1;
    Value whole = n.slice(n.make<llm::ShapeOfOp>({x}), 0, axis, axis + 1);
    Value each = n.make<llm::DivOp>({n.make<llm::AddOp>({whole, n.vector({parts - 1})}), n.vector({parts})});
    return giveParts(n, x, axis, n.make<llm::MulOp>({n.vector(before), each}),
                     n.make<llm::MulOp>({n.vector(after), each}));
  } else {
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
  Value rows = n.unsqueeze(n.range(n.sizeOf(x, n.rank(x) - 2)), {1}), columns = n.range(n.sizeOf(x, n.rank(x) - 1));
  Value kept = n.compare(upper ? "ge" : "le", n.make<llm::SubOp>({columns, rows}),
                         n.cast(n.in(1), n.state.builder.getI64Type()));
  n.give(n.make<llm::SelectOp>({kept, x, n.scalar(n.element(x), 0)}));
}

namespace {

/// Running sums or products along an axis, from the end when `reverse`, without the element itself when `exclusive`.
Value cumulate(NodeBuilder &n, Value x, int64_t axis, bool products, bool exclusive, bool reverse) {
  auto turned = [&](Value value) {
    return reverse ? n.slice(value, n.vector({-1}), n.vector({INT64_MIN}), {axis}, {-1}) : value;
  };
  Value from = turned(x);
  if (exclusive) { // moved by one
    SmallVector<int64_t> pads(2 * n.rank(x), 0);
    pads[axis] = 1, pads[axis + n.rank(x)] = -1;
    from = n.pad(from, n.vector(pads), n.scalar(n.element(x), products));
  }
  Value result = products ? n.make<llm::CumProdOp>({from}, {n.whole("axis", axis)})
                          : n.make<llm::CumSumOp>({from}, {n.whole("axis", axis)});
  n.state.facts.setDims(result, n.state.facts.dims(x));
  return turned(result);
}

} // namespace

void buildCumulative(NodeBuilder &n) { // CumSum, CumProd
  Value x = n.in(0), axes = n.cast(n.in(1), n.state.builder.getI64Type());
  int64_t rank = n.rank(x);
  if (rank == 0 || !n.type(axes).hasStaticShape() || n.type(axes).getNumElements() != 1)
    n.fail("has an axis that is no scalar, or an operand that is one");
  bool products = n.node.op_type() == "CumProd", exclusive = n.integer("exclusive", 0),
       reverse = n.integer("reverse", 0);
  if (auto known = n.state.facts.constants(axes))
    return n.give(cumulate(n, x, n.axis(known->front(), rank), products, exclusive, reverse));
  // A computed axis: the results along all of them, of which one is taken.
  Value result = cumulate(n, x, 0, products, exclusive, reverse);
  axes = n.rank(axes) == 0 ? axes : n.reshape(axes, ArrayRef<int64_t>());
  for (int64_t axis = 1; axis < rank; ++axis) {
    Value is = n.make<llm::OrOp>({n.compare("eq", axes, n.scalar(n.element(axes), axis)),
                                  n.compare("eq", axes, n.scalar(n.element(axes), axis - rank))});
    result = n.make<llm::SelectOp>({is, cumulate(n, x, axis, products, exclusive, reverse), result});
  }
  n.give(result);
}

void buildDet(NodeBuilder &n) {
  Value result = n.make<llm::DetOp>({n.in(0)});
  n.state.facts.setDims(result, Expressions(ArrayRef(n.state.facts.dims(n.in(0))).drop_back(2)));
  n.give(result);
}

} // namespace lathe
