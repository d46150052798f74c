// Rewrites of scatters whose places are provably a box of the tensor: exporters write x[:, a:b] = y so. Relies on
// ElementValues for the proof.
#include "passes/graph/ElementValues.h"
#include "passes/graph/SimplifyPatterns.h"

#include "ir/llm/IndexOps.h"
#include "ir/llm/Llm.h"

using namespace mlir;

namespace lathe {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// scatter_nd(x, places of a box, y) => y, or a concat of y with what of x lies before and behind
struct ScatterOfBox : OpRewritePattern<llm::ScatterNdOp> {
  ScatterOfBox(MLIRContext *context, const llm::SymbolicShapes &shapes) : OpRewritePattern(context), shapes(shapes) {}
  const llm::SymbolicShapes &shapes;

  LogicalResult matchAndRewrite(llm::ScatterNdOp op, PatternRewriter &rewriter) const override {
    auto x = shapes.shapeOf(op.getX()), updates = shapes.shapeOf(op.getUpdates()),
         indices = shapes.shapeOf(op.getIndices());
    if (op.getReduction() != "none" || !x || !updates || !indices || x->size() != updates->size() || x->empty())
      return failure();
    auto depth = llm::constantValue(indices->back());
    if (!depth || *depth + 1 != static_cast<int64_t>(indices->size()) || *depth > static_cast<int64_t>(x->size()))
      return failure();
    const llm::SizeExpressions &sizes = shapes.sizes();
    // Where the element of y at coordinates c goes: c[axis] + first[axis].
    Coordinates coordinates(shapes, *updates, op.getContext());
    ElementValues values(shapes, coordinates);
    SmallVector<AffineExpr> at, first(x->size(), sizes.constant(0));
    for (int64_t axis = 0; axis < *depth; ++axis)
      at.push_back(llm::constantValue((*indices)[axis]) == 1 ? sizes.constant(0) : coordinates[axis]);
    at.push_back(AffineExpr());
    int64_t cut = -1;
    for (int64_t axis = 0; axis < static_cast<int64_t>(x->size()); ++axis) {
      if (axis < *depth) {
        at.back() = sizes.constant(axis);
        first[axis] = sizes.sub(values.wholeAt(op.getIndices(), at), at[axis]);
        if (!first[axis] || coordinates.contains(first[axis]) || (*indices)[axis] != (*updates)[axis])
          return failure();
      }
      if (llm::constantValue(first[axis]) == 0 && (*updates)[axis] == (*x)[axis])
        continue;
      AffineExpr behind = sizes.sub((*x)[axis], sizes.add(first[axis], (*updates)[axis]));
      if (cut >= 0 || !sizes.isAtLeast(first[axis], 0) || !behind || !sizes.isAtLeast(behind, 0))
        return failure();
      cut = axis;
    }
    if (cut < 0) {
      replaceKeepingSizes(rewriter, op, op.getUpdates());
      return success();
    }
    AffineExpr end = sizes.add(first[cut], (*updates)[cut]);
    Value before = part(op, cut, sizes.constant(0), first[cut], rewriter),
          behind = part(op, cut, end, (*x)[cut], rewriter);
    auto concat = rewriter.create<llm::ConcatOp>(op.getLoc(), ValueRange{before, op.getUpdates(), behind}, cut);
    replaceKeepingSizes(rewriter, op, concat.getResult());
    return success();
  }

private:
  /// x[.., begin : end] along `axis`.
  Value part(llm::ScatterNdOp op, int64_t axis, AffineExpr begin, AffineExpr end, PatternRewriter &rewriter) const {
    SmallVector<AffineExpr> result = *shapes.shapeOf(op.getX());
    result[axis] = shapes.sizes().sub(end, begin);
    return rewriter.create<llm::SliceOp>(op.getLoc(), typeOf(result, tensorOf(op.getX()).getElementType()), op.getX(),
                                         makeShape(rewriter, op.getLoc(), shapes, {begin}),
                                         makeShape(rewriter, op.getLoc(), shapes, {end}), ArrayRef<int64_t>{axis},
                                         ArrayRef<int64_t>{1});
  }
};

} // namespace

void addScatterPatterns(RewritePatternSet &patterns, const llm::SymbolicShapes &shapes) {
  patterns.add<ScatterOfBox>(patterns.getContext(), shapes);
}

} // namespace lathe
