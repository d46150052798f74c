// fuse-attention: softmax(q k^T) v in any exporter's spelling becomes llm.attention in the normal form of
// docs/architecture.md. First the op is formed with its mask as it is; then its operands are followed to what they were
// moved from (Layout.h: transposes, repeated heads, scales) and the mask to what it is proven to let through
// (passes/graph/MaskPredicate.h).
#include "passes/Passes.h"
#include "passes/fusion/FusePatterns.h"
#include "passes/fusion/Layout.h"
#include "passes/graph/MaskPredicate.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_FUSEATTENTION
#include "passes/Passes.h.inc"

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// What comes before the softmax: scale * q k^T, soft cap, masks.
struct Scores {
  llm::MatmulOp product;
  double scale = 1, softcap = 0;
  struct Mask {
    Value value;        ///< added floats, or booleans
    bool hides = false; ///< booleans: true is hidden, not seen
  };
  SmallVector<Mask> masks;
  std::string why; ///< set: it is something else

  explicit operator bool() const { return why.empty(); }
  static Scores fail(StringRef why) {
    Scores scores;
    scores.why = why.str();
    return scores;
  }
};

class ScoresReader {
public:
  Scores read(Value value, int depth = 0) {
    Operation *op = value.getDefiningOp();
    if (!op || depth > 12)
      return Scores::fail("the scores are not a product of two tensors");
    if (auto product = dyn_cast<llm::MatmulOp>(op)) {
      Scores scores;
      scores.product = product;
      return scores;
    }
    if (auto cast = dyn_cast<llm::CastOp>(op))
      return read(cast.getX(), depth + 1);
    if (auto add = dyn_cast<llm::AddOp>(op))
      return withMask(add.getLhs(), add.getRhs(), depth);
    if (auto select = dyn_cast<llm::SelectOp>(op))
      return selected(select, depth);
    if (isa<llm::MulOp, llm::DivOp>(op))
      return scaled(op, depth);
    if (isa<llm::TanhOp>(op))
      return Scores::fail("tanh of the scores is not multiplied by a constant");
    return Scores::fail(("the scores go through " + op->getName().getStringRef()).str());
  }

private:
  Scores withMask(Value a, Value b, int depth) {
    for (bool swap : {false, true}) {
      Scores scores = read(swap ? b : a, depth + 1);
      if (!scores)
        continue;
      scores.masks.push_back({swap ? a : b});
      return scores;
    }
    return Scores::fail("no side of the added mask is a product of two tensors");
  }

  Scores selected(llm::SelectOp select, int depth) {
    for (bool hides : {false, true}) {
      auto filler = llm::constantSplat(hides ? select.getX() : select.getY());
      if (!filler || !(*filler <= -1e4))
        continue;
      Scores scores = read(hides ? select.getY() : select.getX(), depth + 1);
      if (!scores)
        return scores;
      scores.masks.push_back({select.getCondition(), hides});
      return scores;
    }
    return Scores::fail("the scores are selected, but not against a constant below -10000");
  }

  Scores scaled(Operation *op, int depth) {
    for (bool swap : {false, true}) {
      if (swap && isa<llm::DivOp>(op))
        break;
      auto number = llm::constantSplat(op->getOperand(!swap));
      Value x = op->getOperand(swap);
      if (!number || *number == 0)
        continue;
      double factor = isa<llm::DivOp>(op) ? 1 / *number : *number;
      auto tanh = x.getDefiningOp<llm::TanhOp>();
      Scores scores = read(tanh ? tanh.getX() : x, depth + 1);
      if (!scores)
        return scores;
      if (!scores.masks.empty() || scores.softcap != 0)
        return Scores::fail("the scores are scaled after the mask or the soft cap");
      scores.scale *= factor; // c * tanh(scale / c * q.k): the scale goes in again
      scores.softcap = tanh ? factor : 0;
      if (scores.softcap < 0)
        return Scores::fail("the soft cap is negative");
      return scores;
    }
    return Scores::fail("the scores are scaled by something that is no constant");
  }
};

/// matmul(softmax(scores), value) => attention
struct FormAttention : FusionPattern<llm::MatmulOp> {
  using FusionPattern::FusionPattern;

  /// The softmax behind casts and guards that turn NaN (of rows that see nothing) into 0.
  static llm::SoftmaxOp softmaxOf(Value value) {
    for (int depth = 0; depth < 8; ++depth) {
      if (auto cast = value.getDefiningOp<llm::CastOp>()) {
        value = cast.getX();
      } else if (auto select = value.getDefiningOp<llm::SelectOp>()) {
        auto isNan = select.getCondition().getDefiningOp<llm::IsNanOp>();
        if (!isNan || isNan.getX() != select.getY() || llm::constantSplat(select.getX()) != 0.0)
          return nullptr;
        value = select.getY();
      } else {
        return value.getDefiningOp<llm::SoftmaxOp>();
      }
    }
    return nullptr;
  }

  LogicalResult matchAndRewrite(llm::MatmulOp op, PatternRewriter &rewriter) const override {
    llm::SoftmaxOp softmax = softmaxOf(op.getLhs());
    if (!softmax)
      return failure();
    auto fail = [&](Twine why) { return rewriter.notifyMatchFailure(op, "attention: " + why); };
    if (tensorOf(softmax.getX()).getRank() != 4 || softmax.getAxis() != 3)
      return fail("the softmax is not over the last of four axes");
    Scores scores = ScoresReader().read(softmax.getX());
    if (!scores)
      return fail(scores.why);
    Value query = scores.product.getLhs(), key = scores.product.getRhs(), value = op.getRhs();
    for (Value operand : {query, key, value}) {
      if (tensorOf(operand).getRank() != 4)
        return fail("query, key and value do not all have four axes");
      if (tensorOf(operand).getElementType() != tensorOf(query).getElementType())
        return fail("query, key and value have different element types");
      if (shapes.sizeOf(operand, 0) != shapes.sizeOf(query, 0) || !shapes.sizeOf(operand, 0))
        return fail("query, key and value have different batch sizes");
    }
    auto heads = llm::constantValue(shapes.sizeOf(query, 1)), kvHeads = llm::constantValue(shapes.sizeOf(key, 1));
    if (!heads || !kvHeads || shapes.sizeOf(key, 1) != shapes.sizeOf(value, 1) || (*kvHeads != *heads && *kvHeads != 1))
      return fail("the heads of query, key and value do not fit");
    if (shapes.sizeOf(key, 3) != shapes.sizeOf(value, 2) || !shapes.sizeOf(key, 3))
      return fail("key and value have different lengths");
    for (const Scores::Mask &mask : scores.masks)
      if (tensorOf(mask.value).getRank() > 4 ||
          (!isBoolean(mask.value) && !isa<FloatType>(tensorOf(mask.value).getElementType())))
        return fail("a mask is neither of booleans nor of floats");

    Location location = rewriter.getFusedLoc({scores.product.getLoc(), softmax.getLoc(), op.getLoc()});
    query = swapHeadsAndTokens(rewriter, location, query);
    key = rewriter.create<llm::TransposeOp>(location, key, ArrayRef<int64_t>{0, 3, 1, 2});
    value = swapHeadsAndTokens(rewriter, location, value);
    Value mask = joinMasks(scores.masks, location, rewriter);
    auto attention = rewriter.create<llm::AttentionOp>(location, query, key, value, mask, Value(), Value(), Value(),
                                                       rewriter.getF32FloatAttr(static_cast<float>(scores.scale)),
                                                       UnitAttr(), rewriter.getI64IntegerAttr(0),
                                                       rewriter.getF32FloatAttr(static_cast<float>(scores.softcap)));
    Value result = swapHeadsAndTokens(rewriter, location, attention.getResult());
    if (tensorOf(result).getElementType() != tensorOf(op.getResult()).getElementType())
      result = rewriter.create<llm::CastOp>(location, op.getType(), result);
    rewriter.replaceOp(op, result);
    return success();
  }

  static bool isBoolean(Value mask) { return tensorOf(mask).getElementType().isInteger(1); }

  /// One mask of all: booleans by and; as soon as one is added, the others are turned into 0 and -infinity.
  static Value joinMasks(ArrayRef<Scores::Mask> masks, Location location, PatternRewriter &rewriter) {
    Value seen, added;
    for (const Scores::Mask &mask : masks) {
      Value value = mask.value;
      if (mask.hides)
        value = rewriter.create<llm::NotOp>(location, value);
      Value &all = isBoolean(value) ? seen : added;
      if (!all)
        all = value;
      else if (isBoolean(value))
        all = rewriter.create<llm::AndOp>(location, all, value);
      else
        all = rewriter.create<llm::AddOp>(location, all,
                                          asType(rewriter, location, value, tensorOf(all).getElementType()));
    }
    if (!seen || !added)
      return seen ? seen : added;
    auto type = RankedTensorType::get({}, tensorOf(added).getElementType());
    auto number = [&](double value) {
      auto attribute = rewriter.getFloatAttr(type.getElementType(), value);
      return rewriter.create<llm::ConstantOp>(location, DenseElementsAttr::get(type, attribute));
    };
    Value hidden =
        rewriter.create<llm::SelectOp>(location, seen, number(0), number(-std::numeric_limits<double>::infinity()));
    return rewriter.create<llm::AddOp>(location, added, hidden);
  }

  static Value asType(PatternRewriter &rewriter, Location location, Value value, Type element) {
    auto type = tensorOf(value);
    if (type.getElementType() == element)
      return value;
    return rewriter.create<llm::CastOp>(location, RankedTensorType::get(type.getShape(), element), value);
  }
};

/// attention over transposed, repeated and scaled tensors => over what they were made of
struct FollowOperands : FusionPattern<llm::AttentionOp> {
  using FusionPattern::FusionPattern;

  LogicalResult matchAndRewrite(llm::AttentionOp op, PatternRewriter &rewriter) const override {
    std::string why;
    auto query = follow(op.getQuery(), true, 1, why), key = follow(op.getKey(), true, 0, why);
    if (!query || !key)
      return rewriter.notifyMatchFailure(op, "attention: query or key " + why);
    auto value = follow(op.getValue(), false, key->repeats, why);
    if (!value && key->repeats != 1) {
      (void)rewriter.notifyMatchFailure(op, "attention: keys are repeated, values not in the same way: " + why);
      key = follow(op.getKey(), true, 1, why);
      value = follow(op.getValue(), false, 1, why);
    }
    if (!key || !value)
      return rewriter.notifyMatchFailure(op, "attention: key or value " + why);
    if (isSame(*query, op.getQuery()) && isSame(*key, op.getKey()) && isSame(*value, op.getValue()))
      return rewriter.notifyMatchFailure(op, "attention: the operands are in their normal form");
    // A concat may be the base of several operands: it is turned first, and they are followed anew.
    for (const HeadsLayout *layout : {&*query, &*key, &*value})
      if (isConcatOfTokens(*layout) && !isIdentity(layout->permutation)) {
        turn(*layout, rewriter);
        return success();
      }
    Value newQuery = tokensFirst(*query, rewriter), newKey = tokensFirst(*key, rewriter);
    Value newValue = tokensFirst(*value, rewriter);
    double scale = op.getScale().convertToDouble() * query->scale * key->scale;
    rewriter.modifyOpInPlace(op, [&] {
      op.getQueryMutable().assign(newQuery);
      op.getKeyMutable().assign(newKey);
      op.getValueMutable().assign(newValue);
      op.setScaleAttr(rewriter.getF32FloatAttr(static_cast<float>(scale)));
    });
    return success();
  }

private:
  static bool isIdentity(ArrayRef<int64_t> permutation) { return permutation == ArrayRef<int64_t>{0, 1, 2, 3}; }

  static bool isConcatOfTokens(const HeadsLayout &layout) {
    auto concat = layout.base.getDefiningOp<llm::ConcatOp>();
    return concat && layout.permutation[1] == static_cast<int64_t>(concat.getAxis());
  }

  /// Whether tokensFirst would give `value` again.
  static bool isSame(const HeadsLayout &layout, Value value) {
    if (layout.repeats != 1 || layout.scale != 1)
      return false;
    if (layout.base == value)
      return true;
    auto transpose = value.getDefiningOp<llm::TransposeOp>();
    return transpose && transpose.getX() == layout.base &&
           transpose.getPermutation() == ArrayRef<int64_t>(layout.permutation) && !isConcatOfTokens(layout);
  }

  /// The furthest base from which `value` is made with `repeats` (0: any number of) heads for one.
  std::optional<HeadsLayout> follow(Value value, bool mayScale, int64_t repeats, std::string &why) const {
    for (const Layout &layout : layoutsOf(value, shapes)) {
      auto heads = readHeads(layout, shapes, why);
      if (!heads)
        continue;
      if (!mayScale && heads->scale != 1)
        why = "is scaled";
      else if (repeats != 0 && heads->repeats != repeats)
        why =
            "repeats each head " + std::to_string(heads->repeats) + " times, not " + std::to_string(repeats) + " times";
      else
        return heads;
    }
    return std::nullopt;
  }

  /// (batch, tokens, heads, headDim)
  static Value tokensFirst(const HeadsLayout &layout, PatternRewriter &rewriter) {
    if (isIdentity(layout.permutation))
      return layout.base;
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointAfterValue(layout.base);
    return rewriter.create<llm::TransposeOp>(layout.base.getLoc(), layout.base, layout.permutation);
  }

  /// concat along the tokens, wherever they are => transpose of a concat of (batch, tokens, heads, headDim) tensors
  /// along axis 1
  static void turn(const HeadsLayout &layout, PatternRewriter &rewriter) {
    auto concat = layout.base.getDefiningOp<llm::ConcatOp>();
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(concat);
    SmallVector<Value> parts;
    for (Value part : concat.getInputs())
      parts.push_back(rewriter.create<llm::TransposeOp>(concat.getLoc(), part, layout.permutation));
    auto turned = rewriter.create<llm::ConcatOp>(concat.getLoc(), parts, 1);
    SmallVector<int64_t> back(4);
    for (auto [to, from] : ::llvm::enumerate(layout.permutation))
      back[from] = to;
    rewriter.replaceOpWithNewOp<llm::TransposeOp>(concat, turned.getResult(), back);
  }
};

/// A mask that is proven to be causal, a window, padding, or all of them => attributes, and the padding as a (batch, 1,
/// 1, S) mask
struct ExplainMask : FusionPattern<llm::AttentionOp> {
  using FusionPattern::FusionPattern;

  LogicalResult matchAndRewrite(llm::AttentionOp op, PatternRewriter &rewriter) const override {
    auto fail = [&](Twine why) { return rewriter.notifyMatchFailure(op, "mask: " + why); };
    if (!op.getMask() || op.getLengths() || static_cast<int64_t>(op.getWindow()) != 0)
      return fail("there is none, or lengths or a window beside it");
    auto query = shapes.shapeOf(op.getQuery()), key = shapes.shapeOf(op.getKey());
    if (!query || !key)
      return fail("the sizes of query and key are not known");
    const llm::SizeExpressions &sizes = shapes.sizes();
    AffineExpr tokens = (*query)[1], length = (*key)[1], past = sizes.sub(length, tokens);
    MaskPredicate seen = readMask(op.getMask(), {(*query)[0], (*query)[2], tokens, length}, shapes);
    if (!seen.isKnown())
      return fail(seen.unknown);
    if (seen.causal && seen.causal != past)
      return fail("is causal with another offset than keys less queries");
    if (seen.windowFrom && !(seen.causal && seen.window(shapes) && *seen.window(shapes) > 0))
      return fail("is a window without a causal bound or of a size that is not a constant");
    Value padding;
    if (seen.padding) {
      padding = paddingOf(op.getMask());
      if (padding == seen.padding && !seen.causal)
        return fail("is padding alone, in its normal form");
      auto type = tensorOf(seen.padding);
      padding = rewriter.create<llm::CastOp>(op.getLoc(), RankedTensorType::get(type.getShape(), rewriter.getI1Type()),
                                             seen.padding);
      padding = rewriter.create<llm::UnsqueezeOp>(op.getLoc(), padding, ArrayRef<int64_t>{1, 2});
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getMaskMutable().clear();
      if (padding)
        op.getMaskMutable().assign(padding);
      if (seen.causal)
        op.setCausal(true);
      if (seen.windowFrom)
        op.setWindow(*seen.window(shapes));
    });
    return success();
  }

private:
  /// The argument of a mask unsqueeze(cast(argument)), as this pattern writes it.
  static Value paddingOf(Value mask) {
    auto unsqueeze = mask.getDefiningOp<llm::UnsqueezeOp>();
    auto cast = unsqueeze ? unsqueeze.getX().getDefiningOp<llm::CastOp>() : llm::CastOp();
    return cast ? cast.getX() : Value();
  }
};

struct FuseAttention : impl::FuseAttentionBase<FuseAttention> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    llm::SymbolicShapes shapes(function);
    int64_t before = count();
    RewritePatternSet patterns(&getContext());
    patterns.add<FormAttention, FollowOperands, ExplainMask>(&getContext(), shapes);
    addTidyPatterns(patterns);
    if (failed(applyPatternsAndFoldGreedily(function, std::move(patterns))))
      function.emitWarning("fuse-attention did not come to an end");
    formedCount += count() - before;
    function.walk([&](llm::AttentionOp op) {
      causalCount += op.getCausal();
      maskedCount += op.getMask() != nullptr;
    });
  }

  int64_t count() {
    int64_t found = 0;
    getOperation().walk([&](llm::AttentionOp) { ++found; });
    return found;
  }
};

} // namespace
} // namespace lathe
