// ONNX operators that make constants and shapes or change the shape of a tensor. Source: the operator documents of
// ai.onnx.
#include "frontend/onnx/Operators.h"

#include "ir/llm/IndexOps.h"

#include "onnx-ml.pb.h"

#include <numeric>

using namespace mlir;

namespace lathe {

void buildIdentity(NodeBuilder &n) { n.give(n.in(0)); }

void buildConstant(NodeBuilder &n) {
  if (n.node.attribute_size() != 1)
    n.fail("has " + std::to_string(n.node.attribute_size()) + " attributes, where one is its value");
  const std::string &name = n.node.attribute(0).name();
  Builder &builder = n.state.builder;
  if (name == "value") {
    onnx::TensorProto tensor = *n.tensor("value");
    if (n.node.output_size())
      tensor.set_name(n.node.output(0)); // tensors of nodes have no name of their own, or one that repeats
    Result<Weight> weight = n.state.tensors.read(tensor);
    if (!weight)
      n.fail(weight.message());
    return n.give(n.constantOrWeight(*weight));
  }
  if (name == "value_int")
    return n.give(
        n.constant(DenseElementsAttr::get(RankedTensorType::get({}, builder.getI64Type()), n.integer(name, 0))));
  if (name == "value_float")
    return n.give(
        n.constant(DenseElementsAttr::get(RankedTensorType::get({}, builder.getF32Type()), n.number(name, 0))));
  if (name == "value_ints")
    return n.give(n.vector(*n.integers(name)));
  if (name == "value_floats") {
    SmallVector<float> values = *n.numbers(name);
    auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getF32Type());
    return n.give(n.constant(DenseElementsAttr::get(type, ArrayRef<float>(values))));
  }
  n.fail("has a value of a kind that is not supported: " + name);
}

void buildConstantOfShape(NodeBuilder &n) {
  Value element;
  if (const onnx::TensorProto *given = n.tensor("value")) {
    Result<Weight> weight = n.state.tensors.read(*given);
    if (!weight)
      n.fail(weight.message());
    if (*elementCount(weight->shape) != 1)
      n.fail("has a value of " + std::to_string(*elementCount(weight->shape)) + " elements, where one is filled in");
    weight->shape.clear();
    element = n.constantOrWeight(*weight);
  } else {
    element = n.scalar(n.state.builder.getF32Type(), 0);
  }
  Value shape = n.in(0);
  if (n.rank(shape) == 1 && n.type(shape).getDimSize(0) == 0)
    return n.give(element);
  n.give(n.expand(element, shape));
}

void buildShape(NodeBuilder &n) {
  Value x = n.in(0), shape = n.make<llm::ShapeOfOp>({x});
  int64_t rank = n.rank(x);
  auto bound = [&](int64_t value) { return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank); };
  int64_t begin = bound(n.integer("start", 0)), end = std::max(begin, bound(n.integer("end", rank)));
  n.give(begin == 0 && end == rank ? shape : n.slice(shape, 0, begin, end));
}

void buildSize(NodeBuilder &n) { n.give(n.reduce("prod", n.make<llm::ShapeOfOp>({n.in(0)}), {0}, false)); }

/// With allowzero a 0 is a size: where one may be, all sizes are given as they are.
static Value reshapeToZeros(NodeBuilder &n, Value x, Value shape, const Expressions &known) {
  OpBuilder &builder = n.state.builder;
  Type i64 = builder.getI64Type();
  Value zero = n.scalar(i64, 0), one = n.scalar(i64, 1), others = one;
  SmallVector<Value> sizes;
  for (size_t i = 0; i < known.size(); ++i) {
    sizes.push_back(n.make<llm::GatherOp>({shape, n.scalar(i64, static_cast<double>(i))}, {n.whole("axis", 0)}));
    others = n.binary<llm::MulOp>(others, sizes.back());
  }
  Value total = n.reduce("prod", n.make<llm::ShapeOfOp>({x}), {0}, false);
  // Where one is -1 the product of all is minus that of the others.
  Value rest = n.binary<llm::DivOp>(total, n.binary<llm::MaxOp>(n.binary<llm::SubOp>(zero, others), one));
  Expressions expressions;
  for (Value size : sizes) {
    Value isOpen = n.compare("lt", size, zero);
    Value decided = n.decidedSize(n.make<llm::SelectOp>({isOpen, rest, size}));
    expressions.push_back(n.state.facts.integers(decided)->front());
  }
  auto map = AffineMap::get(0, n.state.sizes.symbols().size(), expressions, builder.getContext());
  Value dims = n.makeTyped<llm::DimsOp>(i64, {builder.getAffineConstantExpr(static_cast<int64_t>(known.size()))}, {},
                                        {n.attribute("expressions", AffineMapAttr::get(map))});
  return n.makeTyped<llm::ReshapeOp>(n.element(x), expressions, {x, dims});
}

void buildReshape(NodeBuilder &n) {
  Value x = n.in(0), shape = n.in(1);
  if (n.integer("allowzero", 0) && n.rank(shape) == 1 && !n.type(shape).isDynamicDim(0)) {
    auto sizes = n.state.facts.integers(shape);
    Expressions known = sizes ? *sizes : Expressions(n.type(shape).getDimSize(0));
    bool mayBeZero = ::llvm::any_of(known, [](AffineExpr size) {
      auto number = dyn_cast_or_null<AffineConstantExpr>(size);
      return !size || (number && number.getValue() == 0);
    });
    if (mayBeZero)
      return n.give(reshapeToZeros(n, x, n.cast(shape, n.state.builder.getI64Type()), known));
  }
  n.give(n.reshape(x, shape));
}

void buildFlatten(NodeBuilder &n) {
  Value x = n.in(0);
  int64_t rank = n.rank(x), axis = n.integer("axis", 1);
  axis += axis < 0 ? rank : 0;
  if (axis < 0 || axis > rank)
    n.fail("has the axis " + std::to_string(n.integer("axis", 1)) + ", but a rank of " + std::to_string(rank));
  auto product = [&](ArrayRef<int64_t> sizes) {
    int64_t result = 1;
    for (int64_t size : sizes)
      if (ShapedType::isDynamic(size) || __builtin_mul_overflow(result, size, &result))
        return int64_t(-1);
    return result;
  };
  ArrayRef<int64_t> sizes = n.type(x).getShape();
  int64_t left = product(sizes.take_front(axis)), right = product(sizes.drop_front(axis));
  if (right > 0)
    return n.give(n.reshape(x, {-1, right}));
  if (left > 0)
    return n.give(n.reshape(x, {left, -1}));
  Value shape = n.make<llm::ShapeOfOp>({x});
  Value outer = n.reduce("prod", n.slice(shape, 0, 0, axis), {0}, true),
        inner = n.reduce("prod", n.slice(shape, 0, axis, rank), {0}, true);
  n.give(n.reshape(x, n.concat({outer, inner}, 0)));
}

namespace {

/// Axes that are computed, as marks of 1 among `rank` zeros.
Value markAxes(NodeBuilder &n, Value axes, int64_t rank) {
  Type i64 = n.state.builder.getI64Type();
  axes = n.cast(axes, i64);
  Value size = n.reshape(n.vector({rank}), ArrayRef<int64_t>());
  Value counted = n.make<llm::SelectOp>({n.compare("lt", axes, n.scalar(i64, 0)), n.make<llm::AddOp>({axes, size}), axes});
  Value zeros = n.vector(SmallVector<int64_t>(rank, 0)), ones = n.vector(SmallVector<int64_t>(n.type(axes).getNumElements(), 1));
  return n.make<llm::ScatterElementsOp>({zeros, counted, ones}, {n.whole("axis", 0)});
}

/// The number of axes that operand 1 computes.
int64_t computedAxes(NodeBuilder &n) {
  if (n.rank(n.in(1)) != 1 || n.type(n.in(1)).isDynamicDim(0) || !isa<IntegerType>(n.element(n.in(1))))
    n.fail("has axes of unknown count, so that the rank of its result is not known");
  return n.type(n.in(1)).getDimSize(0);
}
bool hasComputedAxes(NodeBuilder &n) { return n.has(1) && !n.state.facts.constants(n.in(1)); }

} // namespace

void buildUnsqueeze(NodeBuilder &n) {
  if (hasComputedAxes(n)) { // size 1 at the marks, between them the sizes of x in order
    Value x = n.in(0);
    int64_t own = n.rank(x), rank = own + computedAxes(n);
    if (own == 0)
      return n.give(n.reshape(x, n.vector(SmallVector<int64_t>(rank, 1))));
    SmallVector<int64_t> counts(rank);
    std::iota(counts.begin(), counts.end(), 0);
    Type i64 = n.state.builder.getI64Type();
    Value marks = markAxes(n, n.in(1), rank), before = n.make<llm::CumSumOp>({marks}, {n.whole("axis", 0)});
    Value places = n.make<llm::SubOp>({n.vector(counts), before});
    places = n.make<llm::MaxOp>({n.make<llm::MinOp>({places, n.vector(SmallVector<int64_t>(rank, own - 1))}), n.scalar(i64, 0)});
    Value sizes = n.make<llm::GatherOp>({n.make<llm::ShapeOfOp>({x}), places}, {n.whole("axis", 0)});
    Value shape = n.make<llm::SelectOp>({n.cast(marks, n.state.builder.getI1Type()), n.scalar(i64, 1), sizes});
    return n.give(n.reshape(x, n.decidedSizes(shape)));
  }
  auto given = n.integers("axes", 1);
  if (!given)
    n.fail("has no axes");
  n.give(n.unsqueeze(n.in(0), n.axes(*given, n.rank(n.in(0)) + static_cast<int64_t>(given->size()))));
}

void buildSqueeze(NodeBuilder &n) {
  Value x = n.in(0);
  SmallVector<int64_t> axes;
  if (hasComputedAxes(n)) { // the places without a mark, in order, are what is left
    int64_t own = n.rank(x), rank = own - computedAxes(n);
    if (rank < 0)
      n.fail("removes " + std::to_string(own - rank) + " axes of a tensor of rank " + std::to_string(own));
    Value marks = markAxes(n, n.in(1), own), left = n.vector({rank});
    auto type = RankedTensorType::get({rank}, n.state.builder.getI64Type());
    NamedAttribute attributes[] = {n.whole("axis", 0), n.flag("smallest")};
    auto best = n.state.builder.create<llm::TopKOp>(n.location, TypeRange({type, type}), ValueRange{marks, left}, attributes);
    Value shape = n.make<llm::GatherOp>({n.make<llm::ShapeOfOp>({x}), best.getIndices()}, {n.whole("axis", 0)});
    return n.give(n.reshape(x, n.decidedSizes(shape)));
  }
  if (auto given = n.integers("axes", 1)) {
    axes = n.axes(*given, n.rank(x));
  } else {
    for (int64_t axis = 0; axis < n.rank(x); ++axis) {
      if (n.type(x).isDynamicDim(axis))
        n.fail("names no axes, and axis " + std::to_string(axis) +
               " may be 1 or not, so that the rank of its result is not known");
      if (n.type(x).getDimSize(axis) == 1)
        axes.push_back(axis);
    }
  }
  n.give(axes.empty() ? x : n.squeeze(x, axes));
}

void buildTranspose(NodeBuilder &n) {
  SmallVector<int64_t> permutation;
  if (auto given = n.integers("perm"))
    permutation = *given;
  else
    for (int64_t axis = n.rank(n.in(0)); axis-- > 0;)
      permutation.push_back(axis);
  n.give(n.transpose(n.in(0), permutation));
}

void buildExpand(NodeBuilder &n) { n.give(n.expand(n.in(0), n.in(1))); }

void buildRange(NodeBuilder &n) {
  Value bounds[3];
  for (size_t i = 0; i < 3; ++i) {
    bounds[i] = n.in(i);
    n.needSame(bounds[0], bounds[i]);
    // Some exporters give vectors of one element where the operator says scalars.
    if (n.rank(bounds[i]) == 1 && n.type(bounds[i]).getDimSize(0) == 1)
      bounds[i] = n.squeeze(bounds[i], {0});
    if (n.rank(bounds[i]) != 0)
      n.fail("has bounds that are no scalars");
  }
  Expressions length = n.state.facts.rangeLength(bounds[0], bounds[1], bounds[2]);
  n.give(n.makeTyped<llm::RangeOp>(n.element(bounds[0]), length, bounds));
}

} // namespace lathe
