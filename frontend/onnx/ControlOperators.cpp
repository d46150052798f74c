// ONNX operators whose results have sizes that data decides. Source: the operator documents of ai.onnx.
#include "frontend/onnx/Operators.h"

#include "ir/llm/ControlOps.h"

using namespace mlir;

namespace lathe {

Value NodeBuilder::decidedSize(Value value) {
  if (auto known = state.facts.integers(value); known && known->size() == 1 && known->front())
    return value;
  auto [symbol, name] = state.sizes.fresh();
  Value size = makeTyped<llm::SizeOp>(state.builder.getI64Type(), {}, {value},
                                      {attribute("symbol", state.builder.getStringAttr(name))});
  state.facts.setIntegers(size, {symbol});
  return size;
}

/// (axes of x, count) of int64, in row-major order; a scalar has one axis.
static Value placesOf(NodeBuilder &n, Value x) {
  Type i64 = n.state.builder.getI64Type();
  int64_t rank = n.rank(x);
  Value isSet = n.element(x).isInteger(1) ? x : n.compare("ne", x, n.scalar(n.element(x), 0));
  Value count = n.cast(isSet, i64);
  SmallVector<int64_t> axes;
  for (int64_t axis = 0; axis < rank; ++axis)
    axes.push_back(axis);
  if (rank)
    count = n.reduce("sum", count, axes, false);
  count = n.decidedSize(count);
  auto known = n.state.facts.integers(count);
  AffineExpr axisCount = n.state.builder.getAffineConstantExpr(std::max<int64_t>(rank, 1));
  return n.makeTyped<llm::NonZeroOp>(i64, {axisCount, known ? known->front() : AffineExpr()}, {x, count});
}

void buildNonZero(NodeBuilder &n) { n.give(placesOf(n, n.in(0))); }

/// The first `count` rows; sizes of the other axes are static.
static Value firstRows(NodeBuilder &n, Value x, Value count) {
  Builder &builder = n.state.builder;
  Expressions sizes = n.state.facts.dims(x), starts(sizes.size(), builder.getAffineConstantExpr(0));
  sizes[0] = n.state.facts.integers(count)->front();
  auto map = [&](const Expressions &expressions) {
    return AffineMapAttr::get(AffineMap::get(0, n.state.sizes.symbols().size(), expressions, builder.getContext()));
  };
  return n.makeTyped<llm::BoxOp>(n.element(x), sizes, {x},
                                 {n.attribute("starts", map(starts)), n.attribute("sizes", map(sizes)),
                                  n.array("steps", SmallVector<int64_t>(sizes.size(), 1))});
}

void buildUnique(NodeBuilder &n) {
  Value x = n.in(0);
  int64_t axis = 0;
  if (n.hasAttribute("axis"))
    axis = n.axis(n.integer("axis", 0), n.rank(x));
  else if (n.rank(x) != 1)
    x = n.reshape(x, {-1});
  OpBuilder &builder = n.state.builder;
  Expressions slices = {n.state.facts.dims(x)[axis]};
  Type i64 = builder.getI64Type(), vector = RankedTensorType::get(staticSizes(slices), i64);
  auto groups =
      builder.create<llm::UniqueOp>(n.location, TypeRange{vector, vector, vector, RankedTensorType::get({}, i64)}, x,
                                    axis, n.integer("sorted", 1) != 0);
  for (Value result : {groups.getFirst(), groups.getInverse(), groups.getCounts()})
    n.state.facts.setDims(result, slices);
  n.state.facts.setDims(groups.getNumber(), {});
  Value count = n.decidedSize(groups.getNumber());
  Value first = firstRows(n, groups.getFirst(), count);
  n.give(n.make<llm::GatherOp>({x, first}, {n.whole("axis", axis)}));
  n.give(first);
  n.give(groups.getInverse());
  n.give(n.gives(3) ? firstRows(n, groups.getCounts(), count) : Value());
}

void buildNonMaxSuppression(NodeBuilder &n) {
  OpBuilder &builder = n.state.builder;
  auto scalar = [&](size_t index, Value otherwise) {
    if (!n.has(index))
      return otherwise;
    Value value = n.in(index);
    return n.rank(value) == 0 ? value : n.reshape(value, ArrayRef<int64_t>{});
  };
  Value boxes = n.in(0), scores = n.in(1), most = scalar(2, n.scalar(builder.getI64Type(), 0)),
        iou = scalar(3, n.scalar(builder.getF32Type(), 0)), least = scalar(4, Value());
  if (n.rank(boxes) != 3 || n.rank(scores) != 3)
    n.fail("takes boxes (batch, boxes, 4) and scores (batch, classes, boxes)");
  Expressions sizes = n.state.facts.dims(scores);
  AffineExpr rows = sizes[0] && sizes[1] && sizes[2] ? sizes[0] * sizes[1] * sizes[2] : AffineExpr();
  Expressions selectedSizes = {rows, builder.getAffineConstantExpr(3)};
  Type i64 = builder.getI64Type();
  auto op = builder.create<llm::NonMaxSuppressionOp>(n.location, RankedTensorType::get(staticSizes(selectedSizes), i64),
                                                     RankedTensorType::get({}, i64), boxes, scores, most, iou, least,
                                                     n.integer("center_point_box", 0) != 0);
  n.state.facts.setDims(op.getSelected(), selectedSizes);
  n.state.facts.setDims(op.getNumber(), {});
  n.give(firstRows(n, op.getSelected(), n.decidedSize(op.getNumber())));
}

void buildCompress(NodeBuilder &n) {
  Value x = n.in(0), condition = n.in(1);
  if (n.rank(condition) != 1 || !n.element(condition).isInteger(1))
    n.fail("has a condition that is no vector of booleans");
  int64_t axis = 0;
  if (n.hasAttribute("axis"))
    axis = n.axis(n.integer("axis", 0), n.rank(x));
  else if (n.rank(x) != 1)
    x = n.reshape(x, {-1});
  Value places = n.squeeze(placesOf(n, condition), {0});
  n.give(n.make<llm::GatherOp>({x, places}, {n.whole("axis", axis)}));
}

} // namespace lathe
