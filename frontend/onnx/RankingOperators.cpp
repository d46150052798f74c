// ONNX operators that look for the largest elements or set marks by index. Source: the operator documents of ai.onnx.
#include "frontend/onnx/Operators.h"
#include "ir/llm/IndexOps.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

void buildTopK(NodeBuilder &n) {
  Value x = n.in(0), k;
  if (n.rank(x) == 0)
    n.fail("needs an axis, but has a scalar");
  int64_t axis = n.axis(n.integer("axis", -1), n.rank(x));
  if (n.hasAttribute("k")) {
    k = n.vector({n.integer("k", 0)});
  } else {
    k = n.in(1);
    if (!isa<IntegerType>(n.element(k)) || !n.type(k).hasStaticShape() || n.type(k).getNumElements() != 1)
      n.fail("has a k that is no whole number");
    k = n.cast(n.rank(k) == 0 ? k : n.reshape(k, ArrayRef<int64_t>()), n.state.builder.getI64Type());
    k = n.unsqueeze(n.decidedSize(k), {0});
  }
  auto known = n.state.facts.integers(k);
  Expressions dims = n.state.facts.dims(x);
  AffineExpr size = dims[axis];
  dims[axis] = known ? known->front() : AffineExpr();
  auto number = dyn_cast_or_null<AffineConstantExpr>(dims[axis]), most = dyn_cast_or_null<AffineConstantExpr>(size);
  if (number && (number.getValue() < 0 || (most && number.getValue() > most.getValue())))
    n.fail("takes " + std::to_string(number.getValue()) + " elements of an axis of " +
           (most ? std::to_string(most.getValue()) : std::string("unknown size")));
  SmallVector<NamedAttribute> attributes = {n.whole("axis", axis)};
  if (!n.integer("largest", 1))
    attributes.push_back(n.flag("smallest"));
  OpBuilder &builder = n.state.builder;
  SmallVector<int64_t> sizes = staticSizes(dims);
  Type types[] = {RankedTensorType::get(sizes, n.element(x)), RankedTensorType::get(sizes, builder.getI64Type())};
  auto op = builder.create<llm::TopKOp>(n.location, TypeRange(types), ValueRange{x, k}, attributes);
  for (Value result : op->getResults()) {
    n.state.facts.setDims(result, dims);
    n.give(result);
  }
}

namespace {

Value argMax(NodeBuilder &n, Value x, int64_t axis, ArrayRef<StringRef> flags) {
  SmallVector<NamedAttribute> attributes = {n.whole("axis", axis)};
  for (StringRef name : flags)
    attributes.push_back(n.flag(name));
  Value result = n.make<llm::ArgMaxOp>({x}, attributes);
  Expressions dims = n.state.facts.dims(x);
  if (llvm::is_contained(flags, "keep"))
    dims[axis] = n.state.builder.getAffineConstantExpr(1);
  else
    dims.erase(dims.begin() + axis);
  n.state.facts.setDims(result, dims);
  return result;
}

/// Whether the coordinate along a new axis of size `count` (a scalar) is the index: a boolean tensor.
Value isAt(NodeBuilder &n, Value indices, Value count, int64_t axis) {
  Value places = n.range(count);
  int64_t after = n.rank(indices) - axis;
  SmallVector<int64_t> trailing;
  for (int64_t i = 0; i < after; ++i)
    trailing.push_back(i + 1);
  return n.compare("eq", n.unsqueeze(indices, {axis}), after ? n.unsqueeze(places, trailing) : places);
}

} // namespace

void buildArgMax(NodeBuilder &n) {
  Value x = n.in(0);
  SmallVector<StringRef> flags;
  if (n.node.op_type() == "ArgMin")
    flags.push_back("smallest");
  if (n.integer("select_last_index", 0))
    flags.push_back("last");
  if (n.integer("keepdims", 1))
    flags.push_back("keep");
  n.give(argMax(n, x, n.axis(n.integer("axis", 0), n.rank(x)), flags));
}

void buildOneHot(NodeBuilder &n) {
  Type i64 = n.state.builder.getI64Type();
  Value indices = n.cast(n.in(0), i64), depth = n.cast(n.in(1), i64), values = n.in(2);
  if (!n.type(depth).hasStaticShape() || n.type(depth).getNumElements() != 1)
    n.fail("has a depth that is no scalar");
  if (n.rank(values) != 1 || (!n.type(values).isDynamicDim(0) && n.type(values).getDimSize(0) != 2))
    n.fail("needs two values, for off and on");
  if (n.rank(depth) != 0)
    depth = n.reshape(depth, ArrayRef<int64_t>());
  int64_t axis = n.axis(n.integer("axis", -1), n.rank(indices) + 1);
  Value counted = indices;
  if (!n.state.facts.isNonNegative(indices))
    counted = n.make<llm::SelectOp>(
        {n.compare("lt", indices, n.scalar(i64, 0)), n.make<llm::AddOp>({indices, depth}), indices});
  auto at = [&](int64_t place) { return n.make<llm::GatherOp>({values, n.scalar(i64, place)}, {n.whole("axis", 0)}); };
  n.give(n.make<llm::SelectOp>({isAt(n, counted, depth, axis), at(1), at(0)}));
}

/// 1 at the first largest element along the axis, else 0; before opset 13 along all axes from `axis` on, taken
/// together.
void buildHardmax(NodeBuilder &n) {
  Value x = n.in(0), original = x;
  int64_t axis = n.axis(n.integer("axis", n.opset < 13 ? 1 : -1), n.rank(x));
  bool flat = n.opset < 13 && axis != n.rank(x) - 1;
  if (flat) {
    SmallVector<int64_t> shape(axis, 0); // 0 keeps a size
    shape.push_back(-1);
    x = n.reshape(x, shape);
  }
  Value result = n.cast(isAt(n, argMax(n, x, axis, {}), n.sizeOf(x, axis), axis), n.element(x));
  n.give(flat ? n.reshape(result, n.make<llm::ShapeOfOp>({original})) : result);
}

/// 1 on the diagonal `k` above the main one, else 0.
void buildEyeLike(NodeBuilder &n) {
  Value x = n.in(0);
  if (n.rank(x) != 2)
    n.fail("needs a matrix, but has a rank of " + std::to_string(n.rank(x)));
  Type element = n.element(x);
  if (n.hasAttribute("dtype")) {
    int64_t type = n.integer("dtype", 0);
    auto known = type >= 0 && type <= INT32_MAX ? typeOfOnnx(static_cast<int32_t>(type)) : std::nullopt;
    if (!known)
      n.fail("gives elements of type " + std::to_string(type) + ", which is not supported");
    element = llm::elementType(n.state.builder.getContext(), *known);
  }
  Value k = n.scalar(n.state.builder.getI64Type(), 0);
  if (int64_t offset = n.integer("k", 0))
    k = n.reshape(n.vector({offset}), ArrayRef<int64_t>());
  Value rows = n.make<llm::AddOp>({n.range(n.sizeOf(x, 0)), k});
  n.give(n.cast(n.compare("eq", n.unsqueeze(rows, {1}), n.range(n.sizeOf(x, 1))), element));
}

} // namespace lathe
