// Rewrites of ops that move elements: expand, reshape and its kin, concat, casts.
#include "passes/graph/SimplifyPatterns.h"

#include "ir/llm/Llm.h"

using namespace mlir;

namespace lathe {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

template <class Op> struct ShapedPattern : OpRewritePattern<Op> {
  ShapedPattern(MLIRContext *context, const llm::SymbolicShapes &shapes)
      : OpRewritePattern<Op>(context), shapes(shapes) {}
  const llm::SymbolicShapes &shapes;
};

/// expand or reshape to the shape the tensor has => the tensor
template <class Op> struct IdentityMove : ShapedPattern<Op> {
  using ShapedPattern<Op>::ShapedPattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!haveSameShape(this->shapes, op.getX(), op.getResult()))
      return failure();
    replaceKeepingSizes(rewriter, op, op.getX());
    return success();
  }
};

/// expand(expand(x)) => expand(x)
struct ExpandOfExpand : ShapedPattern<llm::ExpandOp> {
  using ShapedPattern::ShapedPattern;
  LogicalResult matchAndRewrite(llm::ExpandOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<llm::ExpandOp>();
    auto shape = shapes.shapeOf(op.getResult());
    if (!inner || !shape)
      return failure();
    Value sizes = makeShape(rewriter, op.getLoc(), shapes, *shape);
    rewriter.replaceOpWithNewOp<llm::ExpandOp>(op, op.getType(), inner.getX(), sizes);
    return success();
  }
};

/// A pointwise op with an expanded operand => the op on what was expanded, itself expanded where the other operands do
/// not give the shape: op(expand(x), y) => op(x, y) or expand(op(x, y)).
struct SinkExpand : OpInterfaceRewritePattern<llm::Pointwise> {
  SinkExpand(MLIRContext *context, const llm::SymbolicShapes &shapes)
      : OpInterfaceRewritePattern(context), shapes(shapes) {}
  const llm::SymbolicShapes &shapes;

  LogicalResult matchAndRewrite(llm::Pointwise op, PatternRewriter &rewriter) const override {
    if (::llvm::none_of(op->getOperands(), [](Value operand) { return operand.getDefiningOp<llm::ExpandOp>(); }))
      return failure();
    auto wanted = shapes.shapeOf(op->getResult(0));
    if (!wanted)
      return failure();
    SmallVector<Value> operands;
    SmallVector<AffineExpr> sizes(wanted->size(), shapes.sizes().constant(1));
    for (Value operand : op->getOperands()) {
      auto expand = operand.getDefiningOp<llm::ExpandOp>();
      operands.push_back(expand && shapes.shapeOf(expand.getX()) ? expand.getX() : operand);
      for (auto [axis, size] : ::llvm::enumerate(sizes)) {
        int64_t at =
            static_cast<int64_t>(axis) - (static_cast<int64_t>(sizes.size()) - tensorOf(operands.back()).getRank());
        if (at >= 0)
          size = shapes.sizes().broadcast(size, shapes.sizeOf(operands.back(), at));
      }
    }
    if (operands == SmallVector<Value>(op->getOperands()) || ::llvm::is_contained(sizes, AffineExpr()))
      return failure();
    Type element = tensorOf(op->getResult(0)).getElementType();
    if (sizes == *wanted) {
      rewriter.modifyOpInPlace(op, [&] { op->setOperands(operands); });
      return success();
    }
    int64_t rank = 0;
    for (Value operand : operands)
      rank = std::max(rank, tensorOf(operand).getRank());
    Operation *small = rewriter.clone(*op);
    rewriter.modifyOpInPlace(small, [&] {
      small->setOperands(operands);
      small->getResult(0).setType(typeOf(ArrayRef<AffineExpr>(sizes).take_back(rank), element));
    });
    Value shape = makeShape(rewriter, op->getLoc(), shapes, *wanted);
    rewriter.replaceOpWithNewOp<llm::ExpandOp>(op, op->getResult(0).getType(), small->getResult(0), shape);
    return success();
  }
};

/// A matrix product with expanded leading axes that broadcast anyway => without the expand; one of inner size 1 => a
/// product of elements.
struct SimplifyMatmul : ShapedPattern<llm::MatmulOp> {
  using ShapedPattern::ShapedPattern;
  LogicalResult matchAndRewrite(llm::MatmulOp op, PatternRewriter &rewriter) const override {
    auto left = tensorOf(op.getLhs()), right = tensorOf(op.getRhs());
    if (left.getRank() >= 2 && right.getRank() >= 2 && left.getShape().back() == 1 &&
        right.getDimSize(right.getRank() - 2) == 1) {
      auto product = rewriter.create<llm::MulOp>(op.getLoc(), op.getLhs(), op.getRhs());
      replaceKeepingSizes(rewriter, op, product);
      return success();
    }
    auto wanted = shapes.shapeOf(op.getResult());
    for (OpOperand &operand : op->getOpOperands()) {
      auto expand = operand.get().getDefiningOp<llm::ExpandOp>();
      if (!wanted || !expand || tensorOf(expand.getX()).getRank() < 2 || left.getRank() < 2 || right.getRank() < 2)
        continue;
      Value other = op->getOperand(1 - operand.getOperandNumber()), x = expand.getX();
      int64_t rank = tensorOf(op.getResult()).getRank(), xRank = tensorOf(x).getRank(),
              otherRank = tensorOf(other).getRank();
      bool same = std::max(xRank, otherRank) == rank;
      for (int64_t i = 0; same && i < 2; ++i)
        same = shapes.sizeOf(x, xRank - 1 - i) ==
               shapes.sizeOf(expand.getResult(), tensorOf(expand.getResult()).getRank() - 1 - i);
      AffineExpr one = shapes.sizes().constant(1);
      for (int64_t axis = 0; same && axis + 2 < rank; ++axis) {
        int64_t a = axis + xRank - rank, b = axis + otherRank - rank;
        AffineExpr size =
            shapes.sizes().broadcast(a < 0 ? one : shapes.sizeOf(x, a), b < 0 ? one : shapes.sizeOf(other, b));
        same = size && size == (*wanted)[axis];
      }
      if (!same)
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(x); });
      return success();
    }
    return failure();
  }
};

/// cast(cast(x)) => cast(x), when the first loses nothing
struct CastOfCast : OpRewritePattern<llm::CastOp> {
  using OpRewritePattern::OpRewritePattern;

  static bool isLossless(Type from, Type to) {
    auto fromFloat = dyn_cast<FloatType>(from), toFloat = dyn_cast<FloatType>(to);
    if (fromFloat && toFloat)
      return fromFloat == toFloat || toFloat.isF64() || (toFloat.isF32() && fromFloat.getWidth() <= 16);
    auto fromInt = dyn_cast<IntegerType>(from), toInt = dyn_cast<IntegerType>(to);
    if (fromInt && toInt)
      return fromInt.getWidth() == 1 ||
             (fromInt.getWidth() <= toInt.getWidth() && fromInt.isUnsigned() == toInt.isUnsigned());
    if (fromInt && toFloat)
      return fromInt.getWidth() < toFloat.getFPMantissaWidth();
    return false;
  }

  LogicalResult matchAndRewrite(llm::CastOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<llm::CastOp>();
    if (!inner || !isLossless(tensorOf(inner.getX()).getElementType(), tensorOf(inner.getResult()).getElementType()))
      return failure();
    Type element = tensorOf(op.getResult()).getElementType();
    // A float that counts as true stays so, and a wide integer becomes a narrow one by the same bits.
    if (tensorOf(inner.getX()).getElementType() == element) {
      replaceKeepingSizes(rewriter, op, inner.getX());
      return success();
    }
    rewriter.replaceOpWithNewOp<llm::CastOp>(op, op.getType(), inner.getX());
    return success();
  }
};

/// reshape, squeeze or unsqueeze of one of them => one of them: by the sizes alone, squeeze or unsqueeze where only
/// sizes of 1 differ, else reshape.
template <class Op> struct MergeViews : ShapedPattern<Op> {
  using ShapedPattern<Op>::ShapedPattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    Operation *inner = op.getX().getDefiningOp();
    bool merges = inner && isa<llm::ReshapeOp, llm::SqueezeOp, llm::UnsqueezeOp>(inner);
    if (!merges && !isa<llm::ReshapeOp>(op))
      return failure();
    Value source = merges ? inner->getOperand(0) : Value(op.getX());
    auto from = this->shapes.shapeOf(source), to = this->shapes.shapeOf(op.getResult());
    if (!from || !to)
      return failure();
    SmallVector<int64_t> added, removed;
    auto isOne = [](AffineExpr size) { return llm::constantValue(size) == 1; };
    bool onlyOnes = true;
    size_t i = 0, j = 0;
    while (i < from->size() || j < to->size()) {
      if (i < from->size() && j < to->size() && (*from)[i] == (*to)[j]) {
        ++i, ++j;
      } else if (j < to->size() && isOne((*to)[j])) {
        added.push_back(j++);
      } else if (i < from->size() && isOne((*from)[i])) {
        removed.push_back(i++);
      } else {
        onlyOnes = false;
        break;
      }
    }
    if (onlyOnes && added.empty() && removed.empty()) {
      replaceKeepingSizes(rewriter, op, source);
      return success();
    }
    if (onlyOnes && removed.empty()) {
      rewriter.replaceOpWithNewOp<llm::UnsqueezeOp>(op, op.getType(), source, added);
      return success();
    }
    if (onlyOnes && added.empty()) {
      rewriter.replaceOpWithNewOp<llm::SqueezeOp>(op, op.getType(), source, removed);
      return success();
    }
    if (!merges)
      return failure();
    Value shape = makeShape(rewriter, op.getLoc(), this->shapes, *to);
    rewriter.replaceOpWithNewOp<llm::ReshapeOp>(op, op.getType(), source, shape);
    return success();
  }
};

/// A linear map, or a pointwise op with vectors, of a reshape that only regroups the leading axes => the reshape of it:
/// linear(reshape x) => reshape(linear x). Exporters flatten (batch, tokens) around a matrix product with bias and
/// restore it.
struct SinkRegrouping : RewritePattern {
  SinkRegrouping(MLIRContext *context, const llm::SymbolicShapes &shapes)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), shapes(shapes) {}
  const llm::SymbolicShapes &shapes;

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<llm::LinearOp, llm::Pointwise>(op))
      return failure();
    OpOperand *flat = nullptr;
    for (OpOperand &operand : op->getOpOperands()) {
      auto reshape = operand.get().getDefiningOp<llm::ReshapeOp>();
      if (reshape && tensorOf(operand.get()).getRank() == 2 && !flat) {
        flat = &operand;
        continue;
      }
      bool isVector = tensorOf(operand.get()).getRank() <= 1;
      if (!isVector && !(isa<llm::LinearOp>(op) && operand.getOperandNumber() == 1))
        return failure();
    }
    auto reshape = flat ? flat->get().getDefiningOp<llm::ReshapeOp>() : llm::ReshapeOp();
    if (!reshape || isWeightExpression(reshape.getResult()) ||
        (isa<llm::LinearOp>(op) && flat->getOperandNumber() != 0))
      return failure();
    auto from = shapes.shapeOf(reshape.getX()), to = shapes.shapeOf(reshape.getResult()),
         result = shapes.shapeOf(op->getResult(0));
    if (!from || !to || !result || from->size() < 3 || from->back() != to->back() || result->size() != 2 ||
        result->front() != to->front())
      return failure();
    SmallVector<AffineExpr> sizes(*from);
    sizes.back() = result->back();
    Operation *moved = rewriter.clone(*op);
    rewriter.modifyOpInPlace(moved, [&] {
      moved->setOperand(flat->getOperandNumber(), reshape.getX());
      moved->getResult(0).setType(typeOf(sizes, tensorOf(op->getResult(0)).getElementType()));
    });
    Value shape = makeShape(rewriter, op->getLoc(), shapes, *result);
    rewriter.replaceOpWithNewOp<llm::ReshapeOp>(op, op->getResult(0).getType(), moved->getResult(0), shape);
    return success();
  }
};

/// concat(concat(a, b), c) along one axis => concat(a, b, c); without inputs of size 0 on the axis
struct FlattenConcat : ShapedPattern<llm::ConcatOp> {
  using ShapedPattern::ShapedPattern;
  LogicalResult matchAndRewrite(llm::ConcatOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> inputs;
    for (Value input : op.getInputs()) {
      auto inner = input.getDefiningOp<llm::ConcatOp>();
      if (inner && inner.getAxis() == op.getAxis() && inner->hasOneUse())
        inputs.append(inner.getInputs().begin(), inner.getInputs().end());
      else if (llm::constantValue(shapes.sizeOf(input, op.getAxis())) != 0)
        inputs.push_back(input);
    }
    if (inputs.empty() || SmallVector<Value>(op.getInputs()) == inputs)
      return failure();
    if (inputs.size() == 1)
      replaceKeepingSizes(rewriter, op, inputs.front());
    else
      rewriter.replaceOpWithNewOp<llm::ConcatOp>(op, op.getType(), inputs, op.getAxis());
    return success();
  }
};

} // namespace

void addMovePatterns(RewritePatternSet &patterns, const llm::SymbolicShapes &shapes) {
  MLIRContext *context = patterns.getContext();
  patterns.add<IdentityMove<llm::ExpandOp>, IdentityMove<llm::ReshapeOp>, ExpandOfExpand, SinkExpand, SimplifyMatmul,
               MergeViews<llm::ReshapeOp>, MergeViews<llm::SqueezeOp>, MergeViews<llm::UnsqueezeOp>, FlattenConcat,
               SinkRegrouping>(context, shapes);
  patterns.add<CastOfCast>(context);
}

} // namespace lathe
