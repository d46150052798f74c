// fuse-attention: softmax(q k^T) v in any exporter's spelling becomes llm.attention in the normal form of
// docs/architecture.md. First the op is formed with its mask as it is; then its operands are followed to what they were
// moved from (Layout.h: transposes, repeated heads, scales) and the mask to what it is proven to let through
// (passes/graph/MaskPredicate.h).
#include "passes/Passes.h"
#include "passes/fusion/FusePatterns.h"
#include "passes/fusion/FusionLog.h"
#include "passes/fusion/Layout.h"
#include "passes/fusion/NearMiss.h"
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
    double factor = 1;  ///< the added floats are multiplied by it
    double filler = 0;  ///< booleans: what replaces hidden scores
  };
  SmallVector<Mask> masks;
  SmallVector<Value>
      factors;   ///< floats the scores are multiplied by before any mask: 0 and 1 of a mask that is added as well
  NearMiss miss; ///< has a text: it is something else
  Operation *culprit = nullptr; ///< where

  explicit operator bool() const { return miss.text.empty(); }
  static Scores fail(Operation *culprit, StringRef condition, int progress, std::string why, std::string help = "") {
    Scores scores;
    scores.miss = {"attention", condition, progress, std::move(why), std::move(help)};
    scores.culprit = culprit;
    return scores;
  }
};

class ScoresReader {
public:
  Scores read(Value value, int depth = 0) {
    Operation *op = value.getDefiningOp();
    if (!op || depth > 12)
      return Scores::fail(op, "scores-product", 2, "the scores are not a product of two tensors");
    if (auto product = dyn_cast<llm::MatmulOp>(op)) {
      Scores scores;
      scores.product = product;
      return scores;
    }
    if (auto cast = dyn_cast<llm::CastOp>(op))
      return read(cast.getX(), depth + 1);
    if (auto add = dyn_cast<llm::AddOp>(op))
      return withMask(add.getLhs(), add.getRhs(), depth);
    if (auto sub = dyn_cast<llm::SubOp>(op)) {
      Scores scores = read(sub.getLhs(), depth + 1);
      if (scores)
        scores.masks.push_back({sub.getRhs(), false, -1});
      return scores;
    }
    if (auto select = dyn_cast<llm::SelectOp>(op))
      return selected(select, depth);
    // Exporters keep masked scores from becoming -infinity: nothing that is seen lies there.
    if (auto max = dyn_cast<llm::MaxOp>(op))
      for (bool swap : {false, true})
        if (llm::constantSplat(max->getOperand(!swap)).value_or(0) <= -1e30)
          return read(max->getOperand(swap), depth + 1);
    if (isa<llm::MulOp, llm::DivOp>(op))
      return scaled(op, depth);
    if (isa<llm::TanhOp>(op))
      return Scores::fail(op, "softcap-constant", 4, "tanh of the scores is not multiplied by a constant");
    return Scores::fail(op, "scores-product", 3, ("the scores go through " + op->getName().getStringRef()).str());
  }

private:
  Scores withMask(Value a, Value b, int depth) {
    Scores furthest;
    for (bool swap : {false, true}) {
      Scores scores = read(swap ? b : a, depth + 1);
      if (!scores) {
        if (!swap || scores.miss.progress > furthest.miss.progress)
          furthest = scores;
        continue;
      }
      scores.masks.push_back({swap ? a : b});
      return scores;
    }
    return furthest;
  }

  Scores selected(llm::SelectOp select, int depth) {
    std::optional<double> seen;
    for (bool hides : {false, true}) {
      auto filler = llm::constantSplat(hides ? select.getX() : select.getY());
      if (!filler || !(*filler <= -1e4)) {
        seen = filler ? filler : seen;
        continue;
      }
      Scores scores = read(hides ? select.getY() : select.getX(), depth + 1);
      if (!scores)
        return scores;
      scores.masks.push_back({select.getCondition(), hides, 1, *filler});
      return scores;
    }
    return Scores::fail(select, "mask-filler", 3,
                        "hidden scores are replaced by " +
                            (seen ? numberText(*seen) : "something that is no constant") +
                            ", not by a constant of -10000 or less",
                        "fill with -inf or the lowest finite number");
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
      if (scores.softcap != 0)
        return Scores::fail(op, "scale-before-mask", 4,
                            "the scores are scaled by " + numberText(factor) + " after the soft cap",
                            "scale queries or scores before the soft cap");
      // (q.k + mask) * factor: the mask is scaled as well, and has to hide as much as before.
      for (Scores::Mask &mask : scores.masks) {
        mask.factor *= factor, mask.filler *= factor;
        if (tanh || !(factor > 0) || (mask.filler != 0 && !(mask.filler <= -1e4)))
          return Scores::fail(op, "scale-before-mask", 4,
                              "the scores are scaled by " + numberText(factor) + " after the mask",
                              "scale queries or scores before the mask is added");
      }
      scores.scale *= factor; // c * tanh(scale / c * q.k): the scale goes in again
      scores.softcap = tanh ? factor : 0;
      if (scores.softcap < 0)
        return Scores::fail(op, "softcap-positive", 4,
                            "the soft cap is " + numberText(scores.softcap) + ", which is negative");
      return scores;
    }
    for (bool swap : {false, true})
      if (isa<llm::MulOp>(op))
        if (Scores scores = read(op->getOperand(swap), depth + 1);
            scores && scores.masks.empty() && scores.softcap == 0) {
          scores.factors.push_back(op->getOperand(!swap));
          return scores;
        }
    for (Value operand : op->getOperands())
      if (operand.getDefiningOp<llm::TanhOp>())
        return Scores::fail(op, "softcap-constant", 4, "tanh of the scores is not multiplied by one constant number");
    return Scores::fail(op, "scale-constant", 3, "the scores are scaled by something that is not one constant number");
  }
};

/// matmul(softmax(scores), value) => attention
struct FormAttention : FusionPattern<llm::MatmulOp> {
  using FusionPattern::FusionPattern;

  /// The softmax behind casts and guards that turn NaN (of rows that see nothing) into 0; null, and where something
  /// else lies between in `between`.
  static llm::SoftmaxOp softmaxOf(Value value, Operation *&between) {
    for (int depth = 0; depth < 8; ++depth) {
      between = value.getDefiningOp();
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

  /// The matmul has no softmax for weights; a near miss where one is further up.
  static LogicalResult missWeights(llm::MatmulOp op, Operation *between, PatternRewriter &rewriter) {
    SmallVector<Operation *> open;
    if (isa_and_nonnull<llm::Pointwise, llm::TransposeOp, llm::ReshapeOp>(between))
      open.push_back(between);
    for (int steps = 0; !open.empty() && steps < 16; ++steps) {
      Operation *at = open.pop_back_val();
      if (auto softmax = dyn_cast<llm::SoftmaxOp>(at))
        return nearMiss(rewriter, softmax,
                        {"attention", "weights-of-softmax", 1,
                         "what the softmax gives goes through " + between->getName().getStringRef().str() +
                             " before it weights the values",
                         "between softmax and values there may be casts and a guard that turns NaN into 0"},
                        between);
      for (Value operand : at->getOperands())
        if (Operation *producer = operand.getDefiningOp();
            isa_and_nonnull<llm::SoftmaxOp, llm::Pointwise, llm::TransposeOp, llm::ReshapeOp>(producer))
          open.push_back(producer);
    }
    return failure();
  }

  LogicalResult matchAndRewrite(llm::MatmulOp op, PatternRewriter &rewriter) const override {
    Operation *between = nullptr;
    llm::SoftmaxOp softmax = softmaxOf(op.getLhs(), between);
    if (!softmax)
      return missWeights(op, between, rewriter);
    Operation *culprit = softmax;
    auto fail = [&](StringRef condition, int progress, const std::string &why, const std::string &help = "") {
      return nearMiss(rewriter, softmax, {"attention", condition, progress, why, help}, culprit);
    };
    if (!looksLikeAttention(softmax))
      return failure();
    Scores scores = ScoresReader().read(softmax.getX());
    int64_t rank = tensorOf(softmax.getX()).getRank(), axis = softmax.getAxis();
    if (rank != 4)
      return fail("four-axes", 2,
                  "the scores have " + std::to_string(rank) + " axes, not (batch, heads, queries, keys)");
    if (axis != 3)
      return fail("softmax-axis", 2,
                  "the softmax is over axis " + std::to_string(axis) + ", not over the keys, axis 3");
    if (!scores)
      return nearMiss(rewriter, softmax, scores.miss, scores.culprit);
    Value query = scores.product.getLhs(), key = scores.product.getRhs(), value = op.getRhs();
    culprit = scores.product;
    for (Value operand : {query, key, value}) {
      if (tensorOf(operand).getRank() != 4)
        return fail("four-axes", 5, "query, key and value do not all have four axes");
      if (tensorOf(operand).getElementType() != tensorOf(query).getElementType())
        return fail("one-element-type", 6,
                    "query, key and value have different element types: " + typesText({query, key, value}));
      if (shapes.sizeOf(operand, 0) != shapes.sizeOf(query, 0) || !shapes.sizeOf(operand, 0))
        return fail("one-batch", 7,
                    "query, key and value have different batch sizes: " + typesText({query, key, value}));
    }
    auto heads = llm::constantValue(shapes.sizeOf(query, 1)), kvHeads = llm::constantValue(shapes.sizeOf(key, 1));
    if (!heads || !kvHeads || shapes.sizeOf(key, 1) != shapes.sizeOf(value, 1) || (*kvHeads != *heads && *kvHeads != 1))
      return fail("heads", 8,
                  "the heads of query, key and value, axis 1, do not fit: " + typesText({query, key, value}),
                  "query (batch, heads, tokens, size), key (batch, heads, size, tokens), value as query");
    if (shapes.sizeOf(key, 3) != shapes.sizeOf(value, 2) || !shapes.sizeOf(key, 3))
      return fail("one-length", 9, "key and value have different lengths: " + typesText({key, value}));
    for (const Scores::Mask &mask : scores.masks)
      if (tensorOf(mask.value).getRank() > 4 ||
          (!isBoolean(mask.value) && !isa<FloatType>(tensorOf(mask.value).getElementType())))
        return fail("mask-type", 10, "a mask is neither of booleans nor of floats: " + typesText({mask.value}));
    SmallVector<AffineExpr> sizes = {shapes.sizeOf(query, 0), shapes.sizeOf(query, 1), shapes.sizeOf(query, 2),
                                     shapes.sizeOf(key, 3)};
    for (const Scores::Mask &mask : scores.masks)
      for (int64_t axis = 0, lead = 4 - tensorOf(mask.value).getRank(); lead + axis < 4; ++axis)
        if (AffineExpr size = shapes.sizeOf(mask.value, axis);
            llm::constantValue(size) != 1 && (!size || size != sizes[lead + axis]))
          return fail("mask-sizes", 11,
                      "a mask is not known to have the sizes of the scores: " +
                          typesText({mask.value, softmax.getX()}));

    for (Value factor : scores.factors)
      if (!isHiddenByMask(factor, scores, sizes))
        return fail("scale-constant", 12,
                    "the scores are multiplied by " + typesText({factor}) +
                        ", which is not 1 wherever the masks let a key through");

    Location location = rewriter.getFusedLoc({scores.product.getLoc(), softmax.getLoc(), op.getLoc()});
    query = swapHeadsAndTokens(rewriter, location, query);
    key = rewriter.create<llm::TransposeOp>(location, key, ArrayRef<int64_t>{0, 3, 1, 2});
    value = swapHeadsAndTokens(rewriter, location, value);
    Value mask = joinMasks(scores.masks, location, rewriter);
    auto attention = rewriter.create<llm::AttentionOp>(location, query, key, value, mask, Value(), Value(), Value(),
                                                       rewriter.getF32FloatAttr(static_cast<float>(scores.scale)),
                                                       UnitAttr(), rewriter.getI64IntegerAttr(0),
                                                       rewriter.getF32FloatAttr(static_cast<float>(scores.softcap)),
                                                       IntegerAttr(), DenseI64ArrayAttr(), DenseI64ArrayAttr(),
                                                       IntegerAttr(), IntegerAttr(), IntegerAttr(), IntegerAttr(),
                                                       DenseI64ArrayAttr(), IntegerAttr());
    Value result = swapHeadsAndTokens(rewriter, location, attention.getResult());
    if (tensorOf(result).getElementType() != tensorOf(op.getResult()).getElementType())
      result = rewriter.create<llm::CastOp>(location, op.getType(), result);
    rewriter.replaceOp(op, result);
    return success();
  }

  static std::string typesText(ArrayRef<Value> values) {
    std::string text;
    ::llvm::raw_string_ostream stream(text);
    ::llvm::interleaveComma(values, stream, [&](Value value) { stream << value.getType(); });
    return text;
  }

  /// Whether one of the masks hides what the factor turns to 0, and the factor is 1 for the rest: (q.k * m) - 10000 *
  /// (1 - m).
  bool isHiddenByMask(Value factor, const Scores &scores, ArrayRef<AffineExpr> sizes) const {
    MaskPredicate kept = readMask(factor, sizes, shapes, MaskUse::Factor);
    return kept.isKnown() && ::llvm::any_of(scores.masks, [&](const Scores::Mask &mask) {
             if (isBoolean(mask.value) || std::abs(mask.factor) != 1)
               return false;
             MaskPredicate seen =
                 readMask(mask.value, sizes, shapes, mask.factor > 0 ? MaskUse::Added : MaskUse::Subtracted);
             return seen.isKnown() && seen.causal == kept.causal && seen.windowFrom == kept.windowFrom &&
                    seen.padding == kept.padding;
           });
  }

  static bool isBoolean(Value mask) { return tensorOf(mask).getElementType().isInteger(1); }

  /// One mask of all: booleans by and; as soon as one is added, the others are turned into 0 and -infinity.
  static Value joinMasks(ArrayRef<Scores::Mask> masks, Location location, PatternRewriter &rewriter) {
    Value seen, added;
    for (const Scores::Mask &mask : masks) {
      Value value = mask.value;
      if (mask.hides)
        value = rewriter.create<llm::NotOp>(location, value);
      if (mask.factor != 1 && !isBoolean(value)) {
        Type element = tensorOf(value).getElementType();
        auto number =
            DenseElementsAttr::get(RankedTensorType::get({}, element), rewriter.getFloatAttr(element, mask.factor));
        value = rewriter.create<llm::MulOp>(location, value,
                                            rewriter.create<llm::ConstantOp>(location, number).getResult());
      }
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
    auto fail = [&](StringRef condition, int progress, const std::string &text, const std::string &help = "") {
      return nearMiss(rewriter, op, {"attention", condition, progress, text, help});
    };
    auto query = follow(op.getQuery(), true, 1, why), key = follow(op.getKey(), true, 0, why);
    if (!query || !key)
      return fail("operands", 20, std::string(query ? "the key " : "the query ") + why);
    auto value = follow(op.getValue(), false, key->repeats, why);
    if (!value && key->repeats != 1) {
      (void)fail("kv-repeats", 20, "keys are repeated, values not in the same way: the value " + why);
      key = follow(op.getKey(), true, 1, why);
      value = follow(op.getValue(), false, 1, why);
    }
    if (!key || !value)
      return fail("operands", 20, std::string(key ? "the value " : "the key ") + why);
    if (isSame(*query, op.getQuery()) && isSame(*key, op.getKey()) && isSame(*value, op.getValue())) {
      for (Value operand : {op.getKey(), op.getValue()})
        if (std::string left = repeatsLeft(operand); !left.empty())
          return fail("kv-repeats", 20, (operand == op.getKey() ? "the key " : "the value ") + left,
                      "repeat each key and value head in place: 0 0 1 1, not 0 1 0 1");
      return failure(); // in their normal form
    }
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
  /// Why a tensor that is in its place is still made by repeating another; nothing when it is not.
  std::string repeatsLeft(Value value) const {
    std::string why, last;
    for (const Layout &layout : layoutsOf(value, shapes)) {
      bool repeats = ::llvm::any_of(layout.axes, [](const auto &atoms) {
        return ::llvm::any_of(atoms, [](const Layout::Atom &atom) { return atom.axis < 0; });
      });
      if (repeats && !readHeads(layout, shapes, why))
        last = why;
    }
    return last;
  }

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
    if (!op.getMask() || op.getLengths() || static_cast<int64_t>(op.getWindow()) != 0)
      return failure();
    auto query = shapes.shapeOf(op.getQuery()), key = shapes.shapeOf(op.getKey());
    Operation *culprit = nullptr;
    auto fail = [&](StringRef condition, int progress, const std::string &why, const std::string &help = "") {
      return nearMiss(rewriter, op, {"mask", condition, progress, why, help}, culprit);
    };
    if (!query || !key)
      return fail("sizes", 30, "the sizes of query and key are not known");
    const llm::SizeExpressions &sizes = shapes.sizes();
    AffineExpr tokens = (*query)[1], length = (*key)[1], past = sizes.sub(length, tokens);
    MaskPredicate seen = readMask(op.getMask(), {(*query)[0], (*query)[2], tokens, length}, shapes);
    if (!seen.isKnown()) {
      culprit = seen.unknownOp;
      return fail("mask-known", 31, "the mask is not understood: " + seen.unknown,
                  "a mask is a comparison of positions, an input that says what is padding, or both");
    }
    auto text = [&](AffineExpr expression) { return sizeText(expression, shapes); };
    if (seen.causal && seen.causal != past)
      return fail("causal-offset", 32,
                  "query t sees the keys up to t + " + text(seen.causal) + ", a causal one up to t + " + text(past),
                  "a causal mask lets each query see itself and all keys before it");
    if (seen.windowFrom && !(seen.causal && seen.window(shapes) && *seen.window(shapes) > 0))
      return fail("window", 33,
                  seen.causal
                      ? "the window begins at t + " + text(seen.windowFrom) + ", which is no window of constant size"
                      : "the window begins at t + " + text(seen.windowFrom) + " but has no causal end");
    Value padding;
    if (seen.padding) {
      padding = paddingOf(op.getMask());
      if (padding == seen.padding && !seen.causal)
        return failure(); // padding alone, in its normal form
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
  explicit FuseAttention(FusionLog *log) : log(log) {}
  FusionLog *log;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    llm::SymbolicShapes shapes(function);
    int64_t before = count();
    RewritePatternSet patterns(&getContext());
    patterns.add<FormAttention, FollowOperands, ExplainMask>(&getContext(), shapes);
    addSplitPatterns(patterns, shapes);
    addMaskPatterns(patterns, shapes);
    addTidyPatterns(patterns);
    FusionListener listener(getArgument(), log);
    GreedyRewriteConfig config;
    config.listener = &listener;
    if (failed(applyPatternsAndFoldGreedily(function, std::move(patterns), config)))
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

std::unique_ptr<Pass> createFuseAttention(FusionLog *log) { return std::make_unique<FuseAttention>(log); }

} // namespace lathe
