// fuse-math: norms and activations that exporters spell out become rms_norm, layer_norm, silu, gelu and glu. The rules
// are in MathPatterns.td; gelu, a product of constants and terms in any order, is here.
#include "passes/Passes.h"
#include "passes/graph/SimplifyPatterns.h"

#include "ir/llm/Llm.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_FUSEMATH
#include "passes/Passes.h.inc"

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

bool isFloat32(Value value) { return tensorOf(value).getElementType().isF32(); }

bool isMeanOfRows(Value value) {
  auto reduce = value.getDefiningOp<llm::ReduceOp>();
  return reduce && reduce.getKind() == llm::Reduction::mean && reduce.getKeep() &&
         reduce.getAxes() == ArrayRef<int64_t>{tensorOf(reduce.getX()).getRank() - 1};
}

bool isStored(Value value) { return value.getDefiningOp<llm::ConstantOp>() || isWeightExpression(value); }

/// Whether `value` is (columns) or (1, .., columns), in the element type of x (.., columns).
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

FloatAttr numberAttribute(Builder &builder, Value value) {
  return builder.getF32FloatAttr(static_cast<float>(llm::constantSplat(value).value_or(0)));
}

#include "passes/MathPatterns.inc"

bool isNear(double value, double wanted) { return std::abs(value - wanted) <= 1e-3 * std::abs(wanted); }

/// A product as what it is: constant numbers, and other factors.
struct Product {
  double number = 1;
  SmallVector<Value> factors;

  /// Follows products whose result is used once; the value itself may have any number of uses.
  explicit Product(Value value, int depth = 0) {
    auto mul = value.getDefiningOp<llm::MulOp>();
    auto div = value.getDefiningOp<llm::DivOp>();
    bool follows = depth == 0 || (depth < 8 && value.hasOneUse());
    if (auto constant = llm::constantSplat(value)) {
      number = *constant;
    } else if (mul && follows) {
      add(Product(mul.getLhs(), depth + 1)), add(Product(mul.getRhs(), depth + 1));
    } else if (div && follows && llm::constantSplat(div.getRhs()).value_or(0) != 0) {
      add(Product(div.getLhs(), depth + 1));
      number /= *llm::constantSplat(div.getRhs());
    } else {
      factors.push_back(value);
    }
  }

private:
  void add(const Product &other) {
    number *= other.number;
    factors.append(other.factors);
  }
};

/// The operand that is added to a constant of 1, or null.
Value addedToOne(Value value) {
  auto add = value.getDefiningOp<llm::AddOp>();
  for (bool swap : {false, true})
    if (add && isNear(llm::constantSplat(swap ? add.getLhs() : add.getRhs()).value_or(0), 1))
      return swap ? add.getRhs() : add.getLhs();
  return Value();
}

/// x of sqrt(2 / pi) * (x + 0.044715 x^3) or of sqrt(2 / pi) * x * (1 + 0.044715 x^2), or null.
Value insideTanh(Value value) {
  Product product(value);
  if (!isNear(product.number, std::sqrt(2 / M_PI)))
    return Value();
  if (product.factors.size() == 2) {
    for (bool swap : {false, true}) {
      Value x = product.factors[swap], term = addedToOne(product.factors[!swap]);
      if (!term)
        continue;
      Product square(term);
      if (isNear(square.number, 0.044715) && square.factors == SmallVector<Value>{x, x})
        return x;
    }
    return Value();
  }
  auto sum = product.factors.size() == 1 ? product.factors.front().getDefiningOp<llm::AddOp>() : llm::AddOp();
  for (bool swap : {false, true}) {
    if (!sum)
      break;
    Value x = swap ? sum.getRhs() : sum.getLhs();
    Product cube(swap ? sum.getLhs() : sum.getRhs());
    if (cube.factors.size() == 1)
      if (auto pow = cube.factors.front().getDefiningOp<llm::PowOp>(); pow && llm::constantSplat(pow.getRhs()) == 3.0)
        cube.factors = SmallVector<Value>(3, pow.getLhs());
    if (isNear(cube.number, 0.044715) && cube.factors == SmallVector<Value>{x, x, x})
      return x;
  }
  return Value();
}

/// x * (1 + erf(x / sqrt 2)) / 2 and x * (1 + tanh(..)) / 2 => gelu, whatever the order of the factors
struct FormGelu : OpRewritePattern<llm::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(llm::MulOp op, PatternRewriter &rewriter) const override {
    Product product(op.getResult());
    if (product.factors.size() != 2 || !isNear(product.number, 0.5))
      return rewriter.notifyMatchFailure(op, "is not half a product of two");
    for (bool swap : {false, true}) {
      Value x = product.factors[swap], term = addedToOne(product.factors[!swap]);
      if (!term || x.getType() != op.getType())
        continue;
      auto replace = [&](bool approximate) {
        rewriter.replaceOpWithNewOp<llm::GeluOp>(op, op.getType(), x, approximate);
        return success();
      };
      if (auto erf = term.getDefiningOp<llm::ErfOp>()) {
        Product inside(erf.getX());
        if (isNear(inside.number, std::sqrt(0.5)) && inside.factors == SmallVector<Value>{x})
          return replace(false);
        return rewriter.notifyMatchFailure(op, "gelu: erf is not of x / sqrt(2)");
      }
      if (auto tanh = term.getDefiningOp<llm::TanhOp>()) {
        if (insideTanh(tanh.getX()) == x)
          return replace(true);
        return rewriter.notifyMatchFailure(op, "gelu: tanh is not of sqrt(2 / pi) * (x + 0.044715 x^3)");
      }
    }
    return rewriter.notifyMatchFailure(op, "gelu: no factor is 1 + erf or 1 + tanh");
  }
};

struct FuseMath : impl::FuseMathBase<FuseMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateWithGenerated(patterns);
    patterns.add<FormGelu>(&getContext(), 2);
    auto count = [&](auto kind) {
      int64_t found = 0;
      getOperation().walk([&](decltype(kind)) { ++found; });
      return found;
    };
    int64_t norms = count(llm::RmsNormOp()) + count(llm::LayerNormOp()), glus = count(llm::GluOp());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns))))
      getOperation().emitWarning("fuse-math did not come to an end");
    normCount += count(llm::RmsNormOp()) + count(llm::LayerNormOp()) - norms;
    gluCount += count(llm::GluOp()) - glus;
  }
};

} // namespace
} // namespace lathe
