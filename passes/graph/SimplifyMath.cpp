// Rewrites of pointwise arithmetic to one spelling.
#include "passes/graph/SimplifyPatterns.h"

#include "ir/llm/Llm.h"

#include <cmath>

using namespace mlir;

namespace lathe {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

template <class Op> struct ShapedPattern : OpRewritePattern<Op> {
  ShapedPattern(MLIRContext *context, const llm::SymbolicShapes &shapes)
      : OpRewritePattern<Op>(context), shapes(shapes) {}
  const llm::SymbolicShapes &shapes;
};

/// The number all elements of a constant (behind expands) are equal to.
std::optional<double> splatOf(Value value) {
  while (auto expand = value.getDefiningOp<llm::ExpandOp>())
    value = expand.getX();
  if (auto number = llm::constantSplat(value))
    return number;
  auto integers = llm::constantIntegers(value);
  if (!integers || integers->empty() || !::llvm::all_equal(*integers))
    return std::nullopt;
  return static_cast<double>(integers->front());
}

/// x + 0, x - 0, x * 1, x / 1, x ^ 1 => x
template <class Op, int neutral, bool commutes> struct DropNeutral : ShapedPattern<Op> {
  using ShapedPattern<Op>::ShapedPattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (isWeightExpression(op.getLhs()) && isWeightExpression(op.getRhs()))
      return failure();
    for (bool swap : {false, true}) {
      Value x = swap ? op.getRhs() : op.getLhs(), number = swap ? op.getLhs() : op.getRhs();
      if ((swap && !commutes) || splatOf(number) != neutral || !haveSameShape(this->shapes, x, op.getResult()))
        continue;
      replaceKeepingSizes(rewriter, op, x);
      return success();
    }
    return failure();
  }
};

/// x ^ 2, 0.5, -0.5, -1 => x * x, sqrt, rsqrt, reciprocal
struct SimplifyPow : ShapedPattern<llm::PowOp> {
  using ShapedPattern::ShapedPattern;
  LogicalResult matchAndRewrite(llm::PowOp op, PatternRewriter &rewriter) const override {
    auto exponent = splatOf(op.getRhs());
    Value x = op.getLhs();
    if (!exponent || !haveSameShape(shapes, x, op.getResult()))
      return failure();
    if (*exponent == 2) {
      auto square = rewriter.create<llm::MulOp>(op.getLoc(), x, x);
      replaceKeepingSizes(rewriter, op, square);
      return success();
    }
    if (!isa<FloatType>(tensorOf(x).getElementType()))
      return failure();
    Value result;
    if (*exponent == 0.5)
      result = rewriter.create<llm::SqrtOp>(op.getLoc(), x);
    else if (*exponent == -0.5)
      result = rewriter.create<llm::RsqrtOp>(op.getLoc(), x);
    else if (*exponent == -1)
      result = rewriter.create<llm::ReciprocalOp>(op.getLoc(), x);
    else
      return failure();
    replaceKeepingSizes(rewriter, op, result);
    return success();
  }
};

/// reciprocal(sqrt(x)) => rsqrt(x)
struct ReciprocalOfSqrt : OpRewritePattern<llm::ReciprocalOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(llm::ReciprocalOp op, PatternRewriter &rewriter) const override {
    auto sqrt = op.getX().getDefiningOp<llm::SqrtOp>();
    if (!sqrt)
      return failure();
    rewriter.replaceOpWithNewOp<llm::RsqrtOp>(op, op.getResult().getType(), sqrt.getX());
    return success();
  }
};

/// 1 / x => reciprocal x; a / sqrt x => a * rsqrt x; x / c => x * (1 / c) where 1 / c is exact
struct SimplifyDiv : ShapedPattern<llm::DivOp> {
  using ShapedPattern::ShapedPattern;
  LogicalResult matchAndRewrite(llm::DivOp op, PatternRewriter &rewriter) const override {
    Type element = tensorOf(op.getResult()).getElementType();
    if (!isa<FloatType>(element))
      return failure();
    if (splatOf(op.getLhs()) == 1.0 && haveSameShape(shapes, op.getRhs(), op.getResult())) {
      auto reciprocal = rewriter.create<llm::ReciprocalOp>(op.getLoc(), op.getRhs());
      replaceKeepingSizes(rewriter, op, reciprocal);
      return success();
    }
    if (auto sqrt = op.getRhs().getDefiningOp<llm::SqrtOp>()) {
      auto rsqrt = rewriter.create<llm::RsqrtOp>(sqrt.getLoc(), sqrt.getX());
      auto product = rewriter.create<llm::MulOp>(op.getLoc(), op.getLhs(), rsqrt.getResult());
      replaceKeepingSizes(rewriter, op, product);
      return success();
    }
    auto divisor = llm::constantSplat(op.getRhs());
    int exponent = 0;
    if (!divisor || std::fabs(std::frexp(*divisor, &exponent)) != 0.5 || std::abs(exponent) > 12)
      return rewriter.notifyMatchFailure(op, "the reciprocal of the divisor is not exact");
    auto type = tensorOf(op.getRhs());
    Value factor = rewriter.create<llm::ConstantOp>(
        op.getLoc(), DenseElementsAttr::get(type, rewriter.getFloatAttr(type.getElementType(), 1 / *divisor)));
    auto product = rewriter.create<llm::MulOp>(op.getLoc(), op.getLhs(), factor);
    replaceKeepingSizes(rewriter, op, product);
    return success();
  }
};

/// 0 - x, x * -1 => neg x; neg(neg x) => x
struct SubToNeg : ShapedPattern<llm::SubOp> {
  using ShapedPattern::ShapedPattern;
  LogicalResult matchAndRewrite(llm::SubOp op, PatternRewriter &rewriter) const override {
    if (splatOf(op.getLhs()) != 0.0 || !haveSameShape(shapes, op.getRhs(), op.getResult()))
      return failure();
    auto neg = rewriter.create<llm::NegOp>(op.getLoc(), op.getRhs());
    replaceKeepingSizes(rewriter, op, neg);
    return success();
  }
};
struct MulToNeg : ShapedPattern<llm::MulOp> {
  using ShapedPattern::ShapedPattern;
  LogicalResult matchAndRewrite(llm::MulOp op, PatternRewriter &rewriter) const override {
    for (bool swap : {false, true}) {
      Value x = swap ? op.getRhs() : op.getLhs(), number = swap ? op.getLhs() : op.getRhs();
      if (splatOf(number) != -1.0 || !haveSameShape(shapes, x, op.getResult()))
        continue;
      auto neg = rewriter.create<llm::NegOp>(op.getLoc(), x);
      replaceKeepingSizes(rewriter, op, neg);
      return success();
    }
    return failure();
  }
};
template <class Op> struct Involution : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().template getDefiningOp<Op>();
    if (!inner)
      return failure();
    replaceKeepingSizes(rewriter, op, inner.getX());
    return success();
  }
};

/// `value` broadcast to the shape of the op's result, in place of the op.
LogicalResult replaceBroadcast(PatternRewriter &rewriter, Operation *op, Value value,
                               const llm::SymbolicShapes &shapes) {
  auto wanted = shapes.shapeOf(op->getResult(0)), present = shapes.shapeOf(value);
  if (!wanted || !present)
    return failure();
  if (*wanted == *present) {
    replaceKeepingSizes(rewriter, op, value);
    return success();
  }
  Value shape = makeShape(rewriter, op->getLoc(), shapes, *wanted);
  rewriter.replaceOpWithNewOp<llm::ExpandOp>(op, op->getResult(0).getType(), value, shape);
  return success();
}

/// select(true, x, y) => x; select(c, x, x) => x; select(not c, x, y) => select(c, y, x)
struct SimplifySelect : ShapedPattern<llm::SelectOp> {
  using ShapedPattern::ShapedPattern;
  LogicalResult matchAndRewrite(llm::SelectOp op, PatternRewriter &rewriter) const override {
    if (auto condition = splatOf(op.getCondition()))
      return replaceBroadcast(rewriter, op, *condition != 0 ? op.getX() : op.getY(), shapes);
    if (op.getX() == op.getY())
      return replaceBroadcast(rewriter, op, op.getX(), shapes);
    auto inverse = op.getCondition().getDefiningOp<llm::NotOp>();
    if (!inverse)
      return failure();
    rewriter.replaceOpWithNewOp<llm::SelectOp>(op, op.getResult().getType(), inverse.getX(), op.getY(), op.getX());
    return success();
  }
};

/// x and true, x or false => x; x and false => false; x or true => true; x and x => x
template <class Op, int neutral> struct SimplifyLogic : ShapedPattern<Op> {
  using ShapedPattern<Op>::ShapedPattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (op.getLhs() == op.getRhs())
      return replaceBroadcast(rewriter, op, op.getLhs(), this->shapes);
    for (bool swap : {false, true}) {
      Value x = swap ? op.getRhs() : op.getLhs(), other = swap ? op.getLhs() : op.getRhs();
      if (auto number = splatOf(other))
        return replaceBroadcast(rewriter, op, (*number != 0) == (neutral != 0) ? x : other, this->shapes);
    }
    return failure();
  }
};

/// not(a < b) of integers => a >= b
struct NotOfCompare : OpRewritePattern<llm::NotOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(llm::NotOp op, PatternRewriter &rewriter) const override {
    auto compare = op.getX().getDefiningOp<llm::CompareOp>();
    if (!compare || !isa<IntegerType>(tensorOf(compare.getLhs()).getElementType()))
      return failure();
    using llm::Predicate;
    static constexpr Predicate inverse[] = {Predicate::ne, Predicate::eq, Predicate::ge,
                                            Predicate::gt, Predicate::le, Predicate::lt};
    rewriter.replaceOpWithNewOp<llm::CompareOp>(op, op.getResult().getType(),
                                                inverse[static_cast<uint32_t>(compare.getPredicate())],
                                                compare.getLhs(), compare.getRhs());
    return success();
  }
};

} // namespace

void addMathPatterns(RewritePatternSet &patterns, const llm::SymbolicShapes &shapes) {
  MLIRContext *context = patterns.getContext();
  patterns.add<DropNeutral<llm::AddOp, 0, true>, DropNeutral<llm::SubOp, 0, false>, DropNeutral<llm::MulOp, 1, true>,
               DropNeutral<llm::DivOp, 1, false>, DropNeutral<llm::PowOp, 1, false>, SimplifyPow, SimplifyDiv, SubToNeg,
               MulToNeg, SimplifySelect, SimplifyLogic<llm::AndOp, 1>, SimplifyLogic<llm::OrOp, 0>>(context, shapes);
  patterns.add<ReciprocalOfSqrt, Involution<llm::NegOp>, Involution<llm::NotOp>, NotOfCompare>(context);
}

} // namespace lathe
