// Activations that exporters spell out: gelu, a product of constants and terms in any order, and gated linear units.
#include "passes/fusion/FusePatterns.h"
#include "passes/fusion/NearMiss.h"

#include <cmath>

using namespace mlir;

namespace lathe {

namespace {

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

/// x of sqrt(2 / pi) * (x + 0.044715 x^3) or of sqrt(2 / pi) * x * (1 + 0.044715 x^2), or null, with the reason in
/// `why`.
Value insideTanh(Value value, std::string &why) {
  Product product(value);
  if (!isNear(product.number, std::sqrt(2 / M_PI))) {
    why = "tanh is of " + numberText(product.number) + " * (x + c x^3); gelu's factor is sqrt(2 / pi), 0.797885";
    return Value();
  }
  why = "tanh is not of sqrt(2 / pi) * (x + 0.044715 x^3)";
  auto cubic = [&](double number) {
    why = "the cubic term has the factor " + numberText(number) + "; gelu's is 0.044715";
    return isNear(number, 0.044715);
  };
  if (product.factors.size() == 2) {
    for (bool swap : {false, true}) {
      Value x = product.factors[swap], term = addedToOne(product.factors[!swap]);
      if (!term)
        continue;
      Product square(term);
      if (square.factors == SmallVector<Value>{x, x} && cubic(square.number))
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
    if (cube.factors == SmallVector<Value>{x, x, x} && cubic(cube.number))
      return x;
  }
  return Value();
}

/// x * (1 + erf(x / sqrt 2)) / 2 and x * (1 + tanh(..)) / 2 => gelu, whatever the order of the factors
struct FormGelu : OpRewritePattern<llm::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(llm::MulOp op, PatternRewriter &rewriter) const override {
    Product product(op.getResult());
    if (product.factors.size() != 2)
      return failure();
    for (bool swap : {false, true}) {
      Value x = product.factors[swap], term = addedToOne(product.factors[!swap]);
      Operation *bent = term ? term.getDefiningOp() : nullptr;
      if (!isa_and_nonnull<llm::ErfOp, llm::TanhOp>(bent))
        continue;
      auto fail = [&](StringRef condition, int progress, const std::string &text) {
        return nearMiss(rewriter, bent, {"gelu", condition, progress, text, "x * (1 + erf(x / sqrt 2)) / 2 is gelu"},
                        op);
      };
      if (x.getType() != op.getType())
        return failure();
      if (!isNear(product.number, 0.5))
        return fail("half", 1,
                    "x * (1 + " + bent->getName().stripDialect().str() + ") is multiplied by " +
                        numberText(product.number) + "; gelu's factor is 0.5");
      std::string why;
      bool approximate = isa<llm::TanhOp>(bent);
      if (approximate) {
        Value inside = insideTanh(bent->getOperand(0), why);
        if (!inside)
          return fail("tanh-argument", 2, why);
        if (inside != x)
          return fail("same-tensor", 3, "tanh is of another tensor than what it is multiplied with");
      } else {
        Product inside(bent->getOperand(0));
        if (inside.factors != SmallVector<Value>{x})
          return fail("same-tensor", 2, "erf is of another tensor than what it is multiplied with");
        if (!isNear(inside.number, std::sqrt(0.5)))
          return fail("erf-argument", 3,
                      "erf is of " + numberText(inside.number) + " x; gelu's factor is 1 / sqrt(2), 0.707107");
      }
      rewriter.replaceOpWithNewOp<llm::GeluOp>(op, op.getType(), x, approximate);
      return success();
    }
    return failure();
  }
};

/// silu(gate) * up, gelu(gate) * up, relu(gate) * up => glu gate, up
template <class Op> struct FormGlu : OpRewritePattern<llm::MulOp> {
  using OpRewritePattern<llm::MulOp>::OpRewritePattern;

  static llm::Activation activationOf(Op op) {
    if constexpr (std::is_same_v<Op, llm::GeluOp>)
      return op.getApproximate() ? llm::Activation::gelu_tanh : llm::Activation::gelu;
    else
      return std::is_same_v<Op, llm::SiluOp> ? llm::Activation::silu : llm::Activation::relu;
  }

  LogicalResult matchAndRewrite(llm::MulOp op, PatternRewriter &rewriter) const override {
    for (bool swap : {false, true}) {
      auto active = op->getOperand(swap).template getDefiningOp<Op>();
      Value up = op->getOperand(!swap);
      if (!active || llm::constantSplat(up) || isStored(up))
        continue;
      auto fail = [&](StringRef condition, int progress, const std::string &text, const std::string &help = "") {
        return nearMiss(rewriter, op, {"glu", condition, progress, text, help}, active);
      };
      if (active.getResult() == up) {
        if (std::is_same_v<Op, llm::ReluOp>)
          return failure(); // relu squared, which is an activation of its own
        return fail("two-tensors", 1, "the activated gate is multiplied by itself");
      }
      Value gate = active.getX();
      if (gate.getType() != up.getType()) {
        std::string text;
        ::llvm::raw_string_ostream(text) << "gate and up have different types: " << gate.getType() << " and "
                                         << up.getType();
        return fail("one-type", 1, text);
      }
      if (!active->hasOneUse())
        return fail("gate-of-one-use", 2,
                    "the activated gate is used " + std::to_string(::llvm::range_size(active->getUses())) +
                        " times, not once");
      rewriter.replaceOpWithNewOp<llm::GluOp>(op, activationOf(active), gate, up);
      return success();
    }
    return failure();
  }
};

} // namespace

void addActivationPatterns(RewritePatternSet &patterns) {
  patterns.add<FormGelu>(patterns.getContext(), 2);
  patterns.add<FormGlu<llm::SiluOp>, FormGlu<llm::GeluOp>, FormGlu<llm::ReluOp>>(patterns.getContext());
}

} // namespace lathe
