// ONNX operators on elements. Sources: the operator documents of ai.onnx and com.microsoft, by name.
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

static void needBooleans(NodeBuilder &n) {
  for (size_t i = 0; i < n.operandCount(); ++i)
    if (!n.element(n.in(i)).isInteger(1))
      n.fail("works on booleans");
}

void buildLogical(NodeBuilder &n) {
  needBooleans(n);
  const std::string &name = n.node.op_type();
  if (name == "And")
    return buildBinary<llm::AndOp>(n);
  name == "Or" ? buildBinary<llm::OrOp>(n) : buildBinary<llm::XorOp>(n);
}

void buildNot(NodeBuilder &n) {
  needBooleans(n);
  buildUnary<llm::NotOp>(n);
}

void buildPow(NodeBuilder &n) {
  Value base = n.in(0);
  // The exponent may have another type; the result has that of the base.
  n.give(n.make<llm::PowOp>({base, n.cast(n.in(1), n.element(base))}));
}

void buildMod(NodeBuilder &n) {
  bool isFloat = isa<FloatType>(n.element(n.in(0)));
  if (isFloat != (n.integer("fmod", 0) != 0))
    n.fail("has fmod = " + std::to_string(n.integer("fmod", 0)) + ", which is supported for " +
           (isFloat ? "integers" : "floats") + " only");
  buildBinary<llm::ModOp>(n);
}

void buildVariadic(NodeBuilder &n) {
  const std::string &name = n.node.op_type();
  Value result = n.in(0);
  for (size_t i = 1; i < n.operandCount(); ++i) {
    if (name == "Max")
      result = n.binary<llm::MaxOp>(result, n.in(i));
    else if (name == "Min")
      result = n.binary<llm::MinOp>(result, n.in(i));
    else
      result = n.binary<llm::AddOp>(result, n.in(i));
  }
  if (name == "Mean" && n.operandCount() > 1)
    result = n.make<llm::DivOp>({result, n.scalar(n.element(result), static_cast<double>(n.operandCount()))});
  n.give(result);
}

void buildClip(NodeBuilder &n) {
  Value result = n.in(0);
  if (n.has(1))
    result = n.binary<llm::MaxOp>(result, n.in(1));
  if (n.has(2))
    result = n.binary<llm::MinOp>(result, n.in(2));
  n.give(result);
}

void buildLeakyRelu(NodeBuilder &n) {
  Value x = n.in(0);
  Value zero = n.scalar(n.element(x), 0), alpha = n.scalar(n.element(x), n.number("alpha", 0.01f));
  Value negative = n.make<llm::MulOp>({n.make<llm::MinOp>({x, zero}), alpha});
  n.give(n.make<llm::AddOp>({n.make<llm::ReluOp>({x}), negative}));
}

void buildGelu(NodeBuilder &n) {
  Value x = n.in(0);
  if (n.has(1)) // FastGelu and BiasGelu
    x = n.binary<llm::AddOp>(x, n.in(1));
  std::string approximate = n.text("approximate", n.node.op_type() == "FastGelu" ? "tanh" : "none");
  if (approximate != "tanh" && approximate != "none")
    n.fail("has an approximation that is neither 'none' nor 'tanh'");
  if (approximate == "tanh")
    n.give(n.make<llm::GeluOp>({x}, {n.flag("approximate")}));
  else
    n.give(n.make<llm::GeluOp>({x}));
}

void buildQuickGelu(NodeBuilder &n) {
  Value x = n.in(0);
  float alpha = n.number("alpha", n.node.op_type() == "Swish" ? 1.0f : 1.702f);
  if (alpha == 1.0f)
    return n.give(n.make<llm::SiluOp>({x}));
  Value gate = n.make<llm::SigmoidOp>({n.make<llm::MulOp>({x, n.scalar(n.element(x), alpha)})});
  n.give(n.make<llm::MulOp>({x, gate}));
}

void buildIsNan(NodeBuilder &n) {
  if (!isa<FloatType>(n.element(n.in(0))))
    n.fail("works on floats");
  buildUnary<llm::IsNanOp>(n);
}

void buildCompare(NodeBuilder &n) {
  const std::string &name = n.node.op_type();
  StringRef predicate = name == "Equal"         ? "eq"
                        : name == "Less"        ? "lt"
                        : name == "LessOrEqual" ? "le"
                        : name == "Greater"     ? "gt"
                                                : "ge";
  n.give(n.compare(predicate, n.in(0), n.in(1)));
}

void buildWhere(NodeBuilder &n) {
  if (!n.element(n.in(0)).isInteger(1))
    n.fail("has a condition that is not boolean");
  n.needSame(n.in(1), n.in(2));
  n.give(n.make<llm::SelectOp>({n.in(0), n.in(1), n.in(2)}));
}

void buildCast(NodeBuilder &n) {
  if (n.node.op_type() == "CastLike")
    return n.give(n.cast(n.in(0), n.element(n.in(1))));
  int64_t to = n.integer("to", 0);
  std::optional<LatheType> type =
      to >= INT32_MIN && to <= INT32_MAX ? typeOfOnnx(static_cast<int32_t>(to)) : std::nullopt;
  if (!type || to == onnx::TensorProto::INT4 || to == onnx::TensorProto::UINT4)
    n.fail("casts to " + onnxTypeName(static_cast<int32_t>(to)) + ", which is not supported");
  n.give(n.cast(n.in(0), llm::elementType(n.state.builder.getContext(), *type)));
}

} // namespace lathe
