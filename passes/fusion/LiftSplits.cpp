// Attention over (batch * heads, tokens, size), as exporters write it with a batched product: the reshape that parts
// batch and heads again is moved before products, softmax and pointwise ops, where it meets the one that joined them.
#include "passes/fusion/FusePatterns.h"
#include "passes/graph/SimplifyPatterns.h"

using namespace mlir;

namespace lathe {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// reshape((A B, M, N) -> (A, B, M, N)) of an op => the op on reshaped operands
struct LiftSplit : FusionPattern<llm::ReshapeOp> {
  using FusionPattern::FusionPattern;

  LogicalResult matchAndRewrite(llm::ReshapeOp op, PatternRewriter &rewriter) const override {
    auto from = shapes.shapeOf(op.getX()), to = shapes.shapeOf(op.getResult());
    Operation *producer = op.getX().getDefiningOp();
    if (!from || !to || !producer || from->size() != 3 || to->size() != 4 ||
        ArrayRef<AffineExpr>(*to).drop_front(2) != ArrayRef<AffineExpr>(*from).drop_front() ||
        shapes.sizes().mul((*to)[0], (*to)[1]) != from->front() || llm::constantValue(from->front()) ||
        isWeightExpression(op.getX()))
      return failure();
    auto softmax = dyn_cast<llm::SoftmaxOp>(producer);
    auto transpose = dyn_cast<llm::TransposeOp>(producer);
    bool lifts = isa<llm::MatmulOp, llm::Pointwise>(producer) || (softmax && softmax.getAxis() > 0) ||
                 (transpose && transpose.getPermutation().front() == 0);
    if (!lifts || (!transpose && !producer->hasOneUse()))
      return failure();
    for (Value operand : producer->getOperands())
      if (!splits(operand, from->front()))
        return failure();
    SmallVector<Value> operands;
    for (Value operand : producer->getOperands())
      operands.push_back(split(operand, *to, rewriter));
    Operation *lifted = rewriter.clone(*producer);
    rewriter.modifyOpInPlace(lifted, [&] {
      lifted->setOperands(operands);
      lifted->getResult(0).setType(op.getType());
      if (softmax)
        cast<llm::SoftmaxOp>(lifted).setAxis(softmax.getAxis() + 1);
      if (transpose) {
        SmallVector<int64_t> permutation = {0};
        for (int64_t axis : transpose.getPermutation())
          permutation.push_back(axis + 1);
        cast<llm::TransposeOp>(lifted).setPermutation(permutation);
      }
    });
    rewriter.replaceOp(op, lifted->getResults());
    return success();
  }

private:
  /// Whether the operand of an op with a result (joined, M, N) can be parted likewise.
  bool splits(Value operand, AffineExpr joined) const {
    int64_t rank = tensorOf(operand).getRank();
    AffineExpr size = rank == 3 ? shapes.sizeOf(operand, 0) : AffineExpr();
    return rank < 3 || (rank == 3 && (size == joined || llm::constantValue(size) == 1) && shapes.shapeOf(operand));
  }

  Value split(Value operand, ArrayRef<AffineExpr> to, PatternRewriter &rewriter) const {
    auto type = tensorOf(operand);
    if (type.getRank() < 3)
      return operand;
    Location location = operand.getLoc();
    if (llm::constantValue(shapes.sizeOf(operand, 0)) == 1)
      return rewriter.create<llm::UnsqueezeOp>(location, operand, ArrayRef<int64_t>{0});
    SmallVector<AffineExpr> sizes = {to[0], to[1], shapes.sizeOf(operand, 1), shapes.sizeOf(operand, 2)};
    Value shape = makeShape(rewriter, location, shapes, sizes);
    return rewriter.create<llm::ReshapeOp>(location, typeOf(sizes, type.getElementType()), operand, shape);
  }
};

} // namespace

void addSplitPatterns(RewritePatternSet &patterns, const llm::SymbolicShapes &shapes) {
  patterns.add<LiftSplit>(patterns.getContext(), shapes);
}

} // namespace lathe
