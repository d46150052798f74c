// ONNX operators that are formulas of one element: activations, and the probabilities of a class axis. Sources: the
// operator documents of ai.onnx, by name.
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

namespace {

Value add(NodeBuilder &n, Value a, Value b) { return n.make<llm::AddOp>({a, b}); }
Value mul(NodeBuilder &n, Value a, Value b) { return n.make<llm::MulOp>({a, b}); }
Value least(NodeBuilder &n, Value a, Value b) { return n.make<llm::MinOp>({a, b}); }
Value largest(NodeBuilder &n, Value a, Value b) { return n.make<llm::MaxOp>({a, b}); }

/// A number in the element type of `x`.
Value like(NodeBuilder &n, Value x, double value) { return n.scalar(n.element(x), value); }

/// The positive part of x, and alpha * (e^(x / scale) - 1) of the negative one.
Value exponentialUnit(NodeBuilder &n, Value x, double alpha, double scale) {
  Value negative = least(n, x, like(n, x, 0));
  if (scale != 1)
    negative = n.make<llm::DivOp>({negative, like(n, x, scale)});
  Value below = n.make<llm::Expm1Op>({negative});
  if (alpha != 1)
    below = mul(n, below, like(n, x, alpha));
  return add(n, n.make<llm::ReluOp>({x}), below);
}

Value hardSigmoid(NodeBuilder &n, Value x, double alpha, double beta) {
  Value line = add(n, mul(n, x, like(n, x, alpha)), like(n, x, beta));
  return least(n, largest(n, line, like(n, x, 0)), like(n, x, 1));
}

} // namespace

void buildElu(NodeBuilder &n) { n.give(exponentialUnit(n, n.in(0), n.number("alpha", 1), 1)); }

void buildCelu(NodeBuilder &n) {
  double alpha = n.number("alpha", 1);
  n.give(exponentialUnit(n, n.in(0), alpha, alpha));
}

void buildSelu(NodeBuilder &n) {
  float alpha = n.number("alpha", 1.67326319217681884765625f), gamma = n.number("gamma", 1.05070102214813232421875f);
  Value x = n.in(0);
  n.give(mul(n, exponentialUnit(n, x, alpha, 1), like(n, x, gamma)));
}

void buildHardSigmoid(NodeBuilder &n) {
  n.give(hardSigmoid(n, n.in(0), n.number("alpha", 0.2f), n.number("beta", 0.5f)));
}

void buildHardSwish(NodeBuilder &n) {
  Value x = n.in(0);
  n.give(mul(n, x, hardSigmoid(n, x, 1.0 / 6, 0.5)));
}

void buildMish(NodeBuilder &n) {
  Value x = n.in(0), soft = n.make<llm::SoftplusOp>({x});
  n.give(mul(n, x, n.make<llm::TanhOp>({soft})));
}

void buildSoftsign(NodeBuilder &n) {
  Value x = n.in(0), size = n.make<llm::AbsOp>({x});
  n.give(n.make<llm::DivOp>({x, add(n, size, like(n, x, 1))}));
}

void buildThresholdedRelu(NodeBuilder &n) {
  Value x = n.in(0), above = n.compare("gt", x, like(n, x, n.number("alpha", 1)));
  n.give(n.make<llm::SelectOp>({above, x, like(n, x, 0)}));
}

void buildShrink(NodeBuilder &n) {
  Value x = n.in(0);
  double bias = n.number("bias", 0), lambda = n.number("lambd", 0.5f);
  bool whole = isa<IntegerType>(n.element(x));
  // Of integers: compared and moved as floats, then truncated.
  Value real = whole ? n.cast(x, n.state.builder.getF64Type()) : x;
  Value below = n.compare("lt", real, like(n, real, -lambda)), above = n.compare("gt", real, like(n, real, lambda));
  Value high = n.make<llm::SelectOp>({above, add(n, real, like(n, real, -bias)), like(n, real, 0)});
  Value result = n.make<llm::SelectOp>({below, add(n, real, like(n, real, bias)), high});
  n.give(n.cast(result, n.element(x)));
}

void buildPRelu(NodeBuilder &n) {
  Value x = n.in(0), slope = n.in(1);
  n.needSame(x, slope);
  Value negative = n.compare("lt", x, like(n, x, 0));
  n.give(n.make<llm::SelectOp>({negative, mul(n, slope, x), x}));
}

void buildSwiglu(NodeBuilder &n) {
  Value gate = n.in(0), other = n.in(1);
  n.needSame(gate, other);
  float alpha = n.number("alpha", 1);
  Value swish = alpha == 1 ? n.make<llm::SiluOp>({gate})
                           : mul(n, gate, n.make<llm::SigmoidOp>({mul(n, gate, like(n, gate, alpha))}));
  n.give(mul(n, swish, other));
}

void buildDropout(NodeBuilder &n) { // data, ratio, training_mode
  if (n.has(2)) {
    auto training = n.state.facts.constants(n.in(2));
    std::optional<double> ratio = n.has(1) ? llm::constantSplat(n.in(1)) : 0.5;
    if (!training || (training->front() != 0 && (!ratio || *ratio != 0)))
      n.fail("drops elements at random (training_mode), which is not supported");
  }
  Value x = n.in(0);
  n.give(x);
  // What is kept: everything.
  if (n.gives(1))
    n.give(n.expand(n.scalar(n.state.builder.getI1Type(), 1), n.make<llm::ShapeOfOp>({x})));
}

void buildIsInf(NodeBuilder &n) {
  Value x = n.in(0);
  if (isa<llm::NarrowType>(n.element(x)))
    x = n.cast(x, n.state.builder.getF32Type());
  if (!isa<FloatType>(n.element(x)))
    n.fail("works on floats");
  double infinity = std::numeric_limits<double>::infinity();
  bool negative = n.integer("detect_negative", 1) != 0, positive = n.integer("detect_positive", 1) != 0;
  Value isNegative = n.compare("eq", x, like(n, x, negative ? -infinity : infinity));
  Value isPositive = n.compare("eq", x, like(n, x, positive ? infinity : -infinity));
  if (negative && positive)
    return n.give(n.make<llm::OrOp>({isNegative, isPositive}));
  if (negative || positive)
    return n.give(negative ? isNegative : isPositive);
  n.give(n.make<llm::AndOp>({isNegative, isPositive})); // never
}

} // namespace lathe
