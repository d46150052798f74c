// An attention mask that is the sum of parts: those that are proven causal or a window become attributes, a bias that
// is proven ALiBi becomes slopes, and the rest stays the mask. Relies on passes/graph/MaskPredicate.h and AlibiBias.h.
#include "passes/fusion/FusePatterns.h"
#include "passes/graph/AlibiBias.h"
#include "passes/graph/MaskPredicate.h"

using namespace mlir;

namespace lathe {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

struct SplitMask : FusionPattern<llm::AttentionOp> {
  using FusionPattern::FusionPattern;

  LogicalResult matchAndRewrite(llm::AttentionOp op, PatternRewriter &rewriter) const override {
    Value mask = op.getMask();
    if (!mask || op.getLengths() || op.getCausal() || static_cast<int64_t>(op.getWindow()) != 0 ||
        !isa<FloatType>(tensorOf(mask).getElementType()))
      return splitBias(op, rewriter);
    auto query = shapes.shapeOf(op.getQuery()), key = shapes.shapeOf(op.getKey());
    SmallVector<Value> parts = addendsOf(mask);
    if (!query || !key || parts.size() < 2)
      return splitBias(op, rewriter);
    const llm::SizeExpressions &sizes = shapes.sizes();
    SmallVector<AffineExpr> scores = {(*query)[0], (*query)[2], (*query)[1], (*key)[1]};
    AffineExpr past = sizes.sub(scores[3], scores[2]);
    SmallVector<Value> rest;
    bool isCausal = false;
    int64_t window = 0;
    Value padding;
    for (Value part : parts) {
      MaskPredicate seen = readMask(part, scores, shapes);
      auto size = seen.window(shapes);
      bool fits = seen.isKnown() && (!seen.causal || seen.causal == past) &&
                  (!seen.windowFrom || (size && *size > 0)) && (!seen.padding || !padding || padding == seen.padding);
      if (!fits) {
        rest.push_back(part);
        continue;
      }
      isCausal |= seen.causal != nullptr;
      if (size)
        window = window ? std::min(window, *size) : *size;
      padding = seen.padding ? seen.padding : padding;
    }
    if (!isCausal || rest.empty()) // nothing is gained, or all of it is known together
      return splitBias(op, rewriter);
    Value bias = rest.front();
    for (Value part : ArrayRef<Value>(rest).drop_front())
      bias = rewriter.create<llm::AddOp>(op.getLoc(), bias, part);
    if (padding)
      bias = rewriter.create<llm::AddOp>(op.getLoc(), bias, hiding(padding, tensorOf(bias), op.getLoc(), rewriter));
    rewriter.modifyOpInPlace(op, [&] {
      op.getMaskMutable().assign(bias);
      op.setCausal(true);
      op.setWindow(window);
    });
    return success();
  }

private:
  /// (batch, 1, 1, S): 0, and minus infinity where the integer input (batch, S) is 0.
  static Value hiding(Value padding, RankedTensorType like, Location location, PatternRewriter &rewriter) {
    auto type = tensorOf(padding);
    Value seen =
        rewriter.create<llm::CastOp>(location, RankedTensorType::get(type.getShape(), rewriter.getI1Type()), padding);
    seen = rewriter.create<llm::UnsqueezeOp>(location, seen, ArrayRef<int64_t>{1, 2});
    auto number = [&](double value) {
      auto scalar = RankedTensorType::get({}, like.getElementType());
      auto attribute = rewriter.getFloatAttr(like.getElementType(), value);
      return rewriter.create<llm::ConstantOp>(location, DenseElementsAttr::get(scalar, attribute)).getResult();
    };
    return rewriter.create<llm::SelectOp>(location, seen, number(0), number(-std::numeric_limits<double>::infinity()));
  }

  /// A part of the mask that is ALiBi, whatever the inputs hold => slopes
  LogicalResult splitBias(llm::AttentionOp op, PatternRewriter &rewriter) const {
    Value mask = op.getMask();
    auto query = shapes.shapeOf(op.getQuery()), key = shapes.shapeOf(op.getKey());
    if (!mask || op.getSlopes() || op.getSinks() || !query || !key || !isa<FloatType>(tensorOf(mask).getElementType()))
      return failure();
    SmallVector<Value> parts = addendsOf(mask);
    SmallVector<AffineExpr> scores = {(*query)[0], (*query)[2], (*query)[1], (*key)[1]};
    for (Value &part : parts) {
      std::string why;
      auto alibi = readAlibi(part, scores, shapes, Value(), why);
      if (!alibi)
        continue;
      Value slopes = slopesOf(*alibi, rewriter, op.getLoc()), rest;
      auto type = tensorOf(slopes);
      if (!type.getElementType().isF32())
        slopes = rewriter.create<llm::CastOp>(op.getLoc(),
                                              RankedTensorType::get(type.getShape(), rewriter.getF32Type()), slopes);
      for (Value &other : parts)
        if (&other != &part)
          rest = rest ? rewriter.create<llm::AddOp>(op.getLoc(), rest, other).getResult() : other;
      rewriter.modifyOpInPlace(op, [&] {
        op.getMaskMutable().clear();
        if (rest)
          op.getMaskMutable().assign(rest);
        op.getSlopesMutable().assign(slopes);
      });
      return success();
    }
    return failure();
  }
};

} // namespace

void addMaskPatterns(RewritePatternSet &patterns, const llm::SymbolicShapes &shapes) {
  patterns.add<SplitMask>(patterns.getContext(), shapes);
}

} // namespace lathe
