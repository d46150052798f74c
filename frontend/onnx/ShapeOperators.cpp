// ONNX operators that make constants and shapes or change the shape of a tensor. Source: the operator documents of
// ai.onnx.
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

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

void buildReshape(NodeBuilder &n) {
  if (n.integer("allowzero", 0)) {
    auto sizes = n.state.facts.integers(n.in(1));
    for (size_t i = 0; sizes && i < sizes->size(); ++i)
      if (auto number = dyn_cast_or_null<AffineConstantExpr>((*sizes)[i]); number && number.getValue() == 0)
        n.fail("reshapes to a size of 0 with allowzero, which is not supported");
  }
  n.give(n.reshape(n.in(0), n.in(1)));
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

void buildUnsqueeze(NodeBuilder &n) {
  auto given = n.integers("axes", 1);
  if (!given)
    n.fail("has no axes");
  n.give(n.unsqueeze(n.in(0), n.axes(*given, n.rank(n.in(0)) + static_cast<int64_t>(given->size()))));
}

void buildSqueeze(NodeBuilder &n) {
  Value x = n.in(0);
  SmallVector<int64_t> axes;
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
