// Type inference, verifiers and folds of ir/llm/TensorOps.td.
#include "ir/llm/Llm.h"
#include "runtime/ElementType.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace lathe::llm {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// `axis` counted from the front, or an error.
static LogicalResult checkAxes(std::optional<Location> location, ArrayRef<int64_t> axes, int64_t rank) {
  int64_t last = -1;
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= rank)
      return emitOptionalError(location, "axis ", axis, " is not in [0, ", rank, ")");
    if (axis <= last)
      return emitOptionalError(location, "axes must ascend, got ", axis, " after ", last);
    last = axis;
  }
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

LogicalResult DimsOp::verify() {
  AffineMap map = getExpressions();
  if (map.getNumDims() != 0)
    return emitOpError("expressions are of symbols only, got ") << map.getNumDims() << " dimensions";
  if (getResult().getType().getRank() != 1 || getResult().getType().getDimSize(0) != map.getNumResults())
    return emitOpError("has ") << map.getNumResults() << " expressions but the result " << getResult().getType();
  return success();
}

LogicalResult ShapeOfOp::inferReturnTypes(MLIRContext *context, std::optional<Location>, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get({tensorOf(adaptor.getX()).getRank()}, IntegerType::get(context, 64)));
  return success();
}

LogicalResult ReshapeOp::verify() {
  auto from = tensorOf(getX()), to = tensorOf(getResult()), shape = tensorOf(getShape());
  if (from.getElementType() != to.getElementType())
    return emitOpError("keeps the element type, got ") << from << " and " << to;
  if (shape.getRank() != 1 || (!shape.isDynamicDim(0) && shape.getDimSize(0) != to.getRank()))
    return emitOpError("shape ") << shape << " does not have one entry for each of " << to.getRank() << " axes";
  if (from.hasStaticShape() && to.hasStaticShape() && from.getNumElements() != to.getNumElements())
    return emitOpError("has ") << from.getNumElements() << " elements in and " << to.getNumElements() << " out";
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  auto from = tensorOf(getX()), to = tensorOf(getResult());
  if (from == to && to.hasStaticShape())
    return getX();
  // With at most one unknown size on both sides, equal known sizes leave it no choice.
  if (from == to && to.getNumDynamicDims() <= 1)
    return getX();
  if (auto elements = dyn_cast_or_null<DenseElementsAttr>(adaptor.getX()); elements && to.hasStaticShape())
    return elements.reshape(to);
  return {};
}

namespace {
/// reshape(reshape(x)) => reshape(x), when the outer shape names no size of the inner result (no 0 entries).
struct ReshapeOfReshape : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<ReshapeOp>();
    if (!inner)
      return failure();
    if (!op.getShape().getDefiningOp<DimsOp>()) {
      auto shape = constantIntegers(op.getShape());
      if (!shape || ::llvm::is_contained(*shape, 0))
        return rewriter.notifyMatchFailure(op, "the outer shape may refer to the inner one");
    }
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), inner.getX(), op.getShape());
    return success();
  }
};
/// transpose(transpose(x)) => one transpose, or x.
struct TransposeOfTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<TransposeOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> permutation;
    for (int64_t axis : op.getPermutation())
      permutation.push_back(inner.getPermutation()[axis]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getX(), permutation);
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ReshapeOfReshape>(context);
}
void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<TransposeOfTranspose>(context);
}

LogicalResult UnsqueezeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  auto x = tensorOf(adaptor.getX());
  SmallVector<int64_t> shape(x.getShape());
  if (failed(checkAxes(location, adaptor.getAxes(), x.getRank() + adaptor.getAxes().size())))
    return failure();
  for (int64_t axis : adaptor.getAxes())
    shape.insert(shape.begin() + axis, 1);
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

OpFoldResult UnsqueezeOp::fold(FoldAdaptor adaptor) {
  if (getAxes().empty())
    return getX();
  auto to = tensorOf(getResult());
  if (auto elements = dyn_cast_or_null<DenseElementsAttr>(adaptor.getX()); elements && to.hasStaticShape())
    return elements.reshape(to);
  if (auto squeeze = getX().getDefiningOp<SqueezeOp>();
      squeeze && squeeze.getAxes() == getAxes() && squeeze.getX().getType() == to)
    return squeeze.getX();
  return {};
}

LogicalResult SqueezeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  auto x = tensorOf(adaptor.getX());
  if (failed(checkAxes(location, adaptor.getAxes(), x.getRank())))
    return failure();
  SmallVector<int64_t> shape;
  for (int64_t axis = 0; axis < x.getRank(); ++axis) {
    if (!::llvm::is_contained(adaptor.getAxes(), axis))
      shape.push_back(x.getDimSize(axis));
    else if (!x.isDynamicDim(axis) && x.getDimSize(axis) != 1)
      return emitOptionalError(location, "axis ", axis, " of ", x, " is not of size 1");
  }
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

OpFoldResult SqueezeOp::fold(FoldAdaptor adaptor) {
  if (getAxes().empty())
    return getX();
  auto to = tensorOf(getResult());
  if (auto elements = dyn_cast_or_null<DenseElementsAttr>(adaptor.getX()); elements && to.hasStaticShape())
    return elements.reshape(to);
  if (auto unsqueeze = getX().getDefiningOp<UnsqueezeOp>();
      unsqueeze && unsqueeze.getAxes() == getAxes() && unsqueeze.getX().getType() == to)
    return unsqueeze.getX();
  return {};
}

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  auto x = tensorOf(adaptor.getX());
  ArrayRef<int64_t> permutation = adaptor.getPermutation();
  SmallVector<int64_t> shape, seen(x.getRank(), 0);
  if (static_cast<int64_t>(permutation.size()) != x.getRank())
    return emitOptionalError(location, "permutation has ", permutation.size(), " entries for rank ", x.getRank());
  for (int64_t axis : permutation) {
    if (axis < 0 || axis >= x.getRank() || seen[axis]++)
      return emitOptionalError(location, "permutation is not one: axis ", axis);
    shape.push_back(x.getDimSize(axis));
  }
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  for (auto [index, axis] : ::llvm::enumerate(getPermutation()))
    if (static_cast<int64_t>(index) != axis)
      return {};
  return getX();
}

OpFoldResult ExpandOp::fold(FoldAdaptor) {
  auto from = tensorOf(getX()), to = tensorOf(getResult());
  return from == to && to.hasStaticShape() ? OpFoldResult(getX()) : OpFoldResult();
}

LogicalResult SliceOp::verify() {
  auto x = tensorOf(getX()), to = tensorOf(getResult());
  if (x.getElementType() != to.getElementType() || x.getRank() != to.getRank())
    return emitOpError("keeps element type and rank, got ") << x << " and " << to;
  if (getAxes().size() != getSteps().size())
    return emitOpError("has ") << getAxes().size() << " axes but " << getSteps().size() << " steps";
  if (failed(checkAxes(getLoc(), getAxes(), x.getRank())))
    return failure();
  for (Value bound : {Value(getStarts()), Value(getEnds())}) {
    auto type = tensorOf(bound);
    if (type.getRank() != 1 || (!type.isDynamicDim(0) && type.getDimSize(0) != static_cast<int64_t>(getAxes().size())))
      return emitOpError("has ") << getAxes().size() << " axes but bounds " << type;
  }
  if (::llvm::is_contained(getSteps(), 0))
    return emitOpError("steps are not 0");
  return success();
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  auto from = tensorOf(getX()), to = tensorOf(getResult());
  bool forwards = ::llvm::all_of(getSteps(), [](int64_t step) { return step == 1; });
  if (forwards && from == to && to.hasStaticShape())
    return getX();
  // [0, infinity) on every axis.
  auto starts = constantIntegers(getStarts()), ends = constantIntegers(getEnds());
  if (forwards && starts && ends && from == to && ::llvm::all_of(*starts, [](int64_t v) { return v == 0; }) &&
      ::llvm::all_of(*ends, [](int64_t v) { return v >= INT32_MAX; }))
    return getX();
  return {};
}

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (adaptor.getInputs().empty())
    return emitOptionalError(location, "needs at least one input");
  auto first = tensorOf(adaptor.getInputs().front());
  SmallVector<int64_t> shape(first.getShape());
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= first.getRank())
    return emitOptionalError(location, "axis ", axis, " is not in [0, ", first.getRank(), ")");
  int64_t total = 0;
  for (Value input : adaptor.getInputs()) {
    auto type = tensorOf(input);
    if (type.getRank() != first.getRank() || type.getElementType() != first.getElementType())
      return emitOptionalError(location, "joins tensors of one rank and element type, got ", first, " and ", type);
    for (int64_t i = 0; i < type.getRank(); ++i) {
      if (i == axis || type.isDynamicDim(i))
        continue;
      if (!ShapedType::isDynamic(shape[i]) && shape[i] != type.getDimSize(i))
        return emitOptionalError(location, "sizes ", shape[i], " and ", type.getDimSize(i), " differ on axis ", i);
      shape[i] = type.getDimSize(i);
    }
    total =
        ShapedType::isDynamic(total) || type.isDynamicDim(axis) ? ShapedType::kDynamic : total + type.getDimSize(axis);
  }
  shape[axis] = total;
  types.push_back(RankedTensorType::get(shape, first.getElementType()));
  return success();
}

OpFoldResult ConcatOp::fold(FoldAdaptor adaptor) {
  if (getInputs().size() == 1)
    return getInputs().front();
  return {};
}

LogicalResult GatherOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  auto x = tensorOf(adaptor.getX()), indices = tensorOf(adaptor.getIndices());
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= x.getRank())
    return emitOptionalError(location, "axis ", axis, " is not in [0, ", x.getRank(), ")");
  SmallVector<int64_t> shape(x.getShape().take_front(axis));
  ::llvm::append_range(shape, indices.getShape());
  ::llvm::append_range(shape, x.getShape().drop_front(axis + 1));
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

OpFoldResult GatherOp::fold(FoldAdaptor adaptor) {
  auto x = dyn_cast_or_null<DenseElementsAttr>(adaptor.getX());
  auto indices = constantIntegers(getIndices());
  auto to = tensorOf(getResult());
  if (!x || !indices || !to.hasStaticShape() || x.getType().getRank() != 1)
    return {};
  SmallVector<Attribute> elements;
  int64_t size = x.getNumElements();
  for (int64_t index : *indices) {
    index += index < 0 ? size : 0;
    if (index < 0 || index >= size)
      return {};
    elements.push_back(x.getValues<Attribute>()[index]);
  }
  return DenseElementsAttr::get(to, elements);
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getX().getType() == getResult().getType() ? OpFoldResult(getX()) : OpFoldResult();
}

LogicalResult BitCastOp::verify() {
  std::optional<LatheType> from = latheType(tensorOf(getX()).getElementType()),
                           to = latheType(tensorOf(getResult()).getElementType());
  if (!from || !to || isBlockType(*from) || isBlockType(*to) || bytesPerBlock(*from) != bytesPerBlock(*to))
    return emitOpError("has elements of two sizes: ") << getX().getType() << " and " << getResult().getType();
  return success();
}
OpFoldResult BitCastOp::fold(FoldAdaptor) {
  return getX().getType() == getResult().getType() ? OpFoldResult(getX()) : OpFoldResult();
}

LogicalResult TriluOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  auto x = tensorOf(adaptor.getX());
  if (x.getRank() < 2)
    return emitOptionalError(location, "needs a matrix, got ", x);
  types.push_back(x);
  return success();
}

LogicalResult CumSumOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  auto x = tensorOf(adaptor.getX());
  if (static_cast<int64_t>(adaptor.getAxis()) < 0 || static_cast<int64_t>(adaptor.getAxis()) >= x.getRank())
    return emitOptionalError(location, "axis ", adaptor.getAxis(), " is not in [0, ", x.getRank(), ")");
  types.push_back(x);
  return success();
}

} // namespace lathe::llm
