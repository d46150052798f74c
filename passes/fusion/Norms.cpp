// RMS and layer norms that exporters spell out: what starts at the mean of squares, or at an rms_norm, and says which
// condition did not hold. Relies on simplify-graph's spelling (x * x, rsqrt, a / sqrt x as a * rsqrt x); the small
// rules that take in casts and biases are in MathPatterns.td.
#include "passes/fusion/FusePatterns.h"
#include "passes/fusion/NearMiss.h"
#include "passes/graph/SimplifyPatterns.h"

using namespace mlir;

namespace lathe {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

std::string axesText(ArrayRef<int64_t> axes) {
  std::string text = axes.size() == 1 ? "axis " : "axes ";
  for (auto [i, axis] : ::llvm::enumerate(axes))
    text += (i ? ", " : "") + std::to_string(axis);
  return text;
}

/// Nothing when the reduction is a mean over the last axis, which is kept; else what it is.
std::optional<NearMiss> notMeanOfRows(llm::ReduceOp reduce, StringRef fusion, int progress, StringRef what) {
  int64_t rank = tensorOf(reduce.getX()).getRank();
  if (reduce.getKind() != llm::Reduction::mean)
    return NearMiss{fusion, "mean", progress,
                    what.str() + " is reduced by " + llm::stringifyReduction(reduce.getKind()).str() +
                        ", not by a mean"};
  if (reduce.getAxes() != ArrayRef<int64_t>{rank - 1})
    return NearMiss{fusion, "mean-axis", progress,
                    "the mean of " + what.str() + " is over " + axesText(reduce.getAxes()) +
                        ", not over the last axis, " + std::to_string(rank - 1),
                    "a norm averages each row: give the axis -1"};
  if (!reduce.getKeep())
    return NearMiss{fusion, "mean-keeps-axis", progress, "the mean drops its axis", "keep it (keepdims = 1)"};
  return std::nullopt;
}

template <class Op> Op userOf(Value value) {
  for (Operation *user : value.getUsers())
    if (auto op = dyn_cast<Op>(user))
      return op;
  return Op();
}

/// The other operand of a commutative op.
template <class Op> Value otherThan(Op op, Value value) { return op.getLhs() == value ? op.getRhs() : op.getLhs(); }

std::string nameOf(Operation *op) { return op->getName().getStringRef().str(); }

/// x * rsqrt(mean(x * x) + epsilon) => rms_norm x
struct FormRmsNorm : OpRewritePattern<llm::ReduceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(llm::ReduceOp op, PatternRewriter &rewriter) const override {
    auto square = op.getX().getDefiningOp<llm::MulOp>();
    if (!square || square.getLhs() != square.getRhs())
      return failure();
    Value x = square.getLhs(), mean = op.getResult();
    auto fail = [&](NearMiss miss, Operation *at) { return nearMiss(rewriter, op, miss, at); };

    auto add = userOf<llm::AddOp>(mean);
    Operation *direct = userOf<llm::SqrtOp>(mean);
    if (!direct)
      direct = userOf<llm::RsqrtOp>(mean);
    if (!add && direct) {
      auto outside = userOf<llm::AddOp>(direct->getResult(0));
      auto epsilon = outside ? llm::constantSplat(otherThan(outside, direct->getResult(0))) : std::nullopt;
      if (epsilon)
        return fail({"rms_norm", "epsilon-under-root", 1,
                     "epsilon, " + numberText(*epsilon) + ", is added to the root, not to the mean under it",
                     "compute x / sqrt(mean(x * x) + epsilon)"},
                    outside);
    }
    if (!add && (!direct || op.getKind() != llm::Reduction::mean))
      return failure(); // a mean of squares that is no part of a norm, or a length
    // Optimisers drop an epsilon that is nearly 0.
    Value under = add ? add.getResult() : mean;
    auto root = userOf<llm::RsqrtOp>(under);
    if (!root && (!add || !userOf<llm::SqrtOp>(under)))
      return failure();
    auto epsilon = add ? llm::constantSplat(otherThan(add, mean)) : std::optional(0.0);
    if (!epsilon)
      return fail({"rms_norm", "epsilon-constant", 2, "what is added to the mean of squares is not one constant number",
                   "epsilon must be a constant of one element"},
                  add);
    if (!root)
      return fail({"rms_norm", "root-divides", 2, "nothing is divided by the root of the mean of squares"},
                  userOf<llm::SqrtOp>(under));
    if (auto miss = notMeanOfRows(op, "rms_norm", 3, "the squares"))
      return fail(*miss, op);
    SmallVector<llm::MulOp> products;
    for (Operation *user : root->getUsers())
      if (auto product = dyn_cast<llm::MulOp>(user); product && otherThan(product, root.getResult()) == x)
        products.push_back(product);
    if (products.empty()) {
      auto product = userOf<llm::MulOp>(root.getResult());
      return fail({"rms_norm", "scaled-value", 4,
                   product ? "what is multiplied by the reciprocal root is not what was squared"
                           : "the reciprocal root goes to " + nameOf(*root->getUsers().begin()) + ", not to a product"},
                  product ? product.getOperation() : root.getOperation());
    }
    if (products.front().getType() != x.getType())
      return failure();
    Operation *first = products.front();
    for (llm::MulOp product : products)
      first =
          product->getBlock() == first->getBlock() && product->isBeforeInBlock(first) ? product.getOperation() : first;
    rewriter.setInsertionPoint(first);
    Location location =
        rewriter.getFusedLoc({first->getLoc(), square.getLoc(), op.getLoc(), under.getLoc(), root.getLoc()});
    Value norm =
        rewriter.create<llm::RmsNormOp>(location, x, Value(), rewriter.getF32FloatAttr(static_cast<float>(*epsilon)));
    for (llm::MulOp product : products)
      rewriter.replaceOp(product, norm);
    return success();
  }
};

/// Whether the op multiplies the norm by one number for each element of a row.
bool isWeighting(Operation *op, llm::RmsNormOp norm) {
  auto mul = dyn_cast<llm::MulOp>(op);
  if (!mul || mul.getType() != norm.getType() || mul.getLhs() == mul.getRhs())
    return false;
  Value weight = otherThan(mul, norm.getResult());
  return !weight.getDefiningOp<llm::RmsNormOp>() && isPerColumn(weight, norm.getX());
}

/// rms_norm(x) * weight => rms_norm x, weight
struct TakeInWeight : OpRewritePattern<llm::MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(llm::MulOp op, PatternRewriter &rewriter) const override {
    for (bool swap : {false, true}) {
      auto norm = op->getOperand(swap).getDefiningOp<llm::RmsNormOp>();
      Value weight = op->getOperand(!swap);
      if (!norm || norm.getWeight() || weight.getDefiningOp<llm::RmsNormOp>())
        continue;
      auto type = tensorOf(weight);
      bool isWeight = isStored(weight) && type.hasStaticShape() && type.getNumElements() > 1;
      auto fail = [&](NearMiss miss) { return isWeight ? nearMiss(rewriter, op, miss) : failure(); };
      if (!isPerColumn(weight, norm.getX()) || op.getType() != norm.getType()) {
        std::string text;
        ::llvm::raw_string_ostream(text) << "the weight is " << weight.getType() << " for rows of " << norm.getType()
                                         << ", not one number for each element of a row";
        return fail({"rms_norm", "weight-per-column", 5, text});
      }
      // Several weights (of parallel branches) share a norm: each gets its own. Any other use needs it as it is.
      if (!::llvm::all_of(norm->getUsers(), [&](Operation *user) { return isWeighting(user, norm); }))
        return fail(
            {"rms_norm", "weight-of-one-use", 6,
             "the norm before its weight is used " + std::to_string(::llvm::range_size(norm->getUses())) + " times"});
      rewriter.replaceOpWithNewOp<llm::RmsNormOp>(op, norm.getX(), asVector(rewriter, op.getLoc(), weight),
                                                  norm.getEpsilonAttr());
      return success();
    }
    return failure();
  }
};

/// rms_norm(x - mean(x)) is a layer_norm of x
struct FormLayerNorm : OpRewritePattern<llm::RmsNormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(llm::RmsNormOp op, PatternRewriter &rewriter) const override {
    auto centred = op.getX().getDefiningOp<llm::SubOp>();
    auto mean = centred ? centred.getRhs().getDefiningOp<llm::ReduceOp>() : llm::ReduceOp();
    if (!mean)
      return failure();
    auto fail = [&](NearMiss miss) { return nearMiss(rewriter, op, miss, mean); };
    if (mean.getX() != centred.getLhs())
      return fail({"layer_norm", "mean-of-rows", 1, "the mean that is subtracted is of another tensor"});
    if (auto miss = notMeanOfRows(mean, "layer_norm", 2, "the rows"))
      return fail(*miss);
    Value weight = op.getWeight();
    if (!weight) {
      if (::llvm::any_of(op->getUsers(), [&](Operation *user) { return isWeighting(user, op); }))
        return failure(); // that is taken in first
      auto type = tensorOf(op.getResult());
      if (type.isDynamicDim(type.getRank() - 1))
        return fail({"layer_norm", "weight", 3, "the norm has no weight, and rows of unknown length"});
      Type element = type.getElementType();
      weight = rewriter.create<llm::ConstantOp>(
          op.getLoc(), DenseElementsAttr::get(RankedTensorType::get({type.getShape().back()}, element),
                                              rewriter.getFloatAttr(element, 1)));
    }
    rewriter.replaceOpWithNewOp<llm::LayerNormOp>(op, centred.getLhs(), weight, Value(), op.getEpsilonAttr());
    return success();
  }
};

} // namespace

bool isStored(Value value) { return value.getDefiningOp<llm::ConstantOp>() || isWeightExpression(value); }

bool isPerColumn(Value value, Value x) {
  auto type = tensorOf(value), of = tensorOf(x);
  return type.getRank() >= 1 && type.getRank() <= of.getRank() && type.hasStaticShape() &&
         type.getElementType() == of.getElementType() && type.getShape().back() == of.getShape().back() &&
         type.getNumElements() == type.getShape().back();
}

Value asVector(OpBuilder &builder, Location location, Value value) {
  SmallVector<int64_t> axes;
  for (int64_t axis = 0; axis + 1 < tensorOf(value).getRank(); ++axis)
    axes.push_back(axis);
  return axes.empty() ? value : builder.create<llm::SqueezeOp>(location, value, axes);
}

void addNormPatterns(RewritePatternSet &patterns) {
  patterns.add<FormRmsNorm, TakeInWeight, FormLayerNorm>(patterns.getContext());
}

} // namespace lathe
