// Rewrites of slices and gathers. A normal slice steps by 1 and has its bounds counted from the front.
#include "passes/graph/SimplifyPatterns.h"

#include "ir/llm/Llm.h"

using namespace mlir;

namespace lathe {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// What a slice reads: axis -> [start, start + size of the result) by steps of 1.
using Box = SmallVector<AffineExpr>; // the start on each axis

std::optional<Box> boxOf(llm::SliceOp op, const llm::SymbolicShapes &shapes) {
  auto starts = shapes.contentOf(op.getStarts());
  auto x = shapes.shapeOf(op.getX()), result = shapes.shapeOf(op.getResult());
  if (!starts || !x || !result || ::llvm::any_of(op.getSteps(), [](int64_t step) { return step != 1; }))
    return std::nullopt;
  const llm::SizeExpressions &sizes = shapes.sizes();
  Box box(x->size(), sizes.constant(0));
  for (auto [index, axis] : ::llvm::enumerate(op.getAxes())) {
    AffineExpr start = (*starts)[index];
    auto highest = sizes.upperBound(start);
    if (highest && *highest < 0)
      start = sizes.max(sizes.add(start, (*x)[axis]), sizes.constant(0));
    else if (!sizes.isAtLeast(start, 0))
      return std::nullopt;
    start = sizes.min(start, (*x)[axis]);
    if (!start)
      return std::nullopt;
    box[axis] = start;
  }
  return box;
}

/// The slice of `x` at the box, with the type and sizes of `result`; x itself when that is all of it.
Value makeSlice(PatternRewriter &rewriter, Location location, const llm::SymbolicShapes &shapes, Value x,
                ArrayRef<AffineExpr> starts, ArrayRef<AffineExpr> result) {
  auto from = *shapes.shapeOf(x);
  SmallVector<int64_t> axes, steps;
  SmallVector<AffineExpr> begins, ends;
  for (size_t axis = 0; axis < from.size(); ++axis) {
    if (llm::constantValue(starts[axis]) == 0 && result[axis] == from[axis])
      continue;
    axes.push_back(axis);
    steps.push_back(1);
    begins.push_back(starts[axis]);
    ends.push_back(shapes.sizes().add(starts[axis], result[axis]));
  }
  if (axes.empty())
    return x;
  Value begin = makeShape(rewriter, location, shapes, begins), end = makeShape(rewriter, location, shapes, ends);
  return rewriter.create<llm::SliceOp>(location, typeOf(result, tensorOf(x).getElementType()), x, begin, end, axes,
                                       steps);
}

struct SlicePattern : OpRewritePattern<llm::SliceOp> {
  SlicePattern(MLIRContext *context, const llm::SymbolicShapes &shapes) : OpRewritePattern(context), shapes(shapes) {}
  const llm::SymbolicShapes &shapes;
};

/// A slice that is everything => the tensor; bounds that count from the end or lie outside => plain ones
struct NormalizeSlice : SlicePattern {
  using SlicePattern::SlicePattern;
  LogicalResult matchAndRewrite(llm::SliceOp op, PatternRewriter &rewriter) const override {
    auto box = boxOf(op, shapes);
    if (!box)
      return failure();
    auto x = *shapes.shapeOf(op.getX()), result = *shapes.shapeOf(op.getResult());
    auto starts = shapes.contentOf(op.getStarts()), ends = shapes.contentOf(op.getEnds());
    bool normal = true;
    for (auto [index, axis] : ::llvm::enumerate(op.getAxes()))
      normal &= (*starts)[index] == (*box)[axis] && ends &&
                (*ends)[index] == shapes.sizes().add((*box)[axis], result[axis]) &&
                !(llm::constantValue((*box)[axis]) == 0 && result[axis] == x[axis]);
    if (normal)
      return failure();
    replaceKeepingSizes(rewriter, op, makeSlice(rewriter, op.getLoc(), shapes, op.getX(), *box, result));
    return success();
  }
};

/// slice(slice(x)) => slice(x)
struct SliceOfSlice : SlicePattern {
  using SlicePattern::SlicePattern;
  LogicalResult matchAndRewrite(llm::SliceOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<llm::SliceOp>();
    auto box = inner ? boxOf(op, shapes) : std::nullopt;
    auto innerBox = inner ? boxOf(inner, shapes) : std::nullopt;
    if (!box || !innerBox)
      return failure();
    for (auto [start, offset] : ::llvm::zip(*box, *innerBox))
      start = shapes.sizes().add(start, offset);
    replaceKeepingSizes(rewriter, op,
                        makeSlice(rewriter, op.getLoc(), shapes, inner.getX(), *box, *shapes.shapeOf(op.getResult())));
    return success();
  }
};

/// slice(concat(a, b)) that reads one input => slice of that input
struct SliceOfConcat : SlicePattern {
  using SlicePattern::SlicePattern;
  LogicalResult matchAndRewrite(llm::SliceOp op, PatternRewriter &rewriter) const override {
    auto concat = op.getX().getDefiningOp<llm::ConcatOp>();
    auto box = concat ? boxOf(op, shapes) : std::nullopt;
    if (!box || isWeightExpression(concat.getResult()))
      return failure();
    const llm::SizeExpressions &sizes = shapes.sizes();
    auto result = *shapes.shapeOf(op.getResult());
    int64_t axis = concat.getAxis();
    AffineExpr first = sizes.constant(0), begin = (*box)[axis], end = sizes.add(begin, result[axis]);
    for (Value input : concat.getInputs()) {
      AffineExpr size = shapes.sizeOf(input, axis), last = sizes.add(first, size);
      if (!last || !shapes.shapeOf(input))
        return failure();
      if (sizes.isAtLeast(sizes.sub(begin, first), 0) && sizes.isAtLeast(sizes.sub(last, end), 0)) {
        (*box)[axis] = sizes.sub(begin, first);
        replaceKeepingSizes(rewriter, op, makeSlice(rewriter, op.getLoc(), shapes, input, *box, result));
        return success();
      }
      first = last;
    }
    return failure();
  }
};

/// gather by one constant index, or by consecutive ones => slice (and squeeze)
struct GatherToSlice : OpRewritePattern<llm::GatherOp> {
  GatherToSlice(MLIRContext *context, const llm::SymbolicShapes &shapes) : OpRewritePattern(context), shapes(shapes) {}
  const llm::SymbolicShapes &shapes;

  LogicalResult matchAndRewrite(llm::GatherOp op, PatternRewriter &rewriter) const override {
    auto indices = shapes.contentOf(op.getIndices());
    auto x = shapes.shapeOf(op.getX());
    int64_t rank = tensorOf(op.getIndices()).getRank(), axis = op.getAxis();
    if (!indices || indices->empty() || !x || rank > 1 || isWeightExpression(op.getX()))
      return failure();
    const llm::SizeExpressions &sizes = shapes.sizes();
    AffineExpr first = indices->front();
    for (auto [offset, index] : ::llvm::enumerate(*indices))
      if (index != sizes.add(first, sizes.constant(offset)))
        return failure();
    auto highest = sizes.upperBound(sizes.add(first, sizes.constant(indices->size() - 1)));
    if (highest && *highest < 0)
      first = sizes.add(first, (*x)[axis]);
    AffineExpr last = sizes.add(first, sizes.constant(indices->size()));
    if (!first || !sizes.isAtLeast(first, 0) || !sizes.isAtLeast(sizes.sub((*x)[axis], last), 0))
      return rewriter.notifyMatchFailure(op, "the index may lie outside");
    SmallVector<AffineExpr> starts(x->size(), sizes.constant(0)), result(*x);
    starts[axis] = first;
    result[axis] = sizes.constant(indices->size());
    Value slice = makeSlice(rewriter, op.getLoc(), shapes, op.getX(), starts, result);
    if (rank == 0)
      slice = rewriter.create<llm::SqueezeOp>(op.getLoc(), slice, ArrayRef<int64_t>{axis});
    replaceKeepingSizes(rewriter, op, slice);
    return success();
  }
};

/// gather(x, i < 0 ? i + size : i) => gather(x, i), which counts negative indices from the end by itself
struct DropIndexWrap : OpRewritePattern<llm::GatherOp> {
  DropIndexWrap(MLIRContext *context, const llm::SymbolicShapes &shapes) : OpRewritePattern(context), shapes(shapes) {}
  const llm::SymbolicShapes &shapes;

  LogicalResult matchAndRewrite(llm::GatherOp op, PatternRewriter &rewriter) const override {
    auto select = op.getIndices().getDefiningOp<llm::SelectOp>();
    auto compare = select ? select.getCondition().getDefiningOp<llm::CompareOp>() : llm::CompareOp();
    auto wrapped = select ? select.getX().getDefiningOp<llm::AddOp>() : llm::AddOp();
    Value index = select ? select.getY() : Value();
    if (!compare || !wrapped || compare.getPredicate() != llm::Predicate::lt || compare.getLhs() != index ||
        index.getType() != op.getIndices().getType())
      return failure();
    auto isZero = [&](Value value) {
      auto number = shapes.integersOf(value);
      return number && ::llvm::all_of(*number, [](int64_t each) { return each == 0; });
    };
    auto isSize = [&](Value value) {
      auto content = shapes.contentOf(value);
      AffineExpr size = shapes.sizeOf(op.getX(), op.getAxis());
      return content && size && ::llvm::all_of(*content, [&](AffineExpr each) { return each == size; });
    };
    bool wraps = (wrapped.getLhs() == index && isSize(wrapped.getRhs())) ||
                 (wrapped.getRhs() == index && isSize(wrapped.getLhs()));
    if (!wraps || !isZero(compare.getRhs()))
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.getIndicesMutable().assign(index); });
    return success();
  }
};

} // namespace

void addSlicePatterns(RewritePatternSet &patterns, const llm::SymbolicShapes &shapes) {
  patterns.add<NormalizeSlice, SliceOfSlice, SliceOfConcat, GatherToSlice, DropIndexWrap>(patterns.getContext(),
                                                                                        shapes);
}

} // namespace lathe
