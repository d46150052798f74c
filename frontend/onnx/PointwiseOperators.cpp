// ONNX operators on elements. Sources: the operator documents of ai.onnx and com.microsoft, by name.
#include "frontend/onnx/LinearQuant.h"
#include "frontend/onnx/Operators.h"
#include "runtime/ElementType.h"

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

void buildBitwise(NodeBuilder &n) {
  const std::string &name = n.node.op_type();
  n.give(n.bitwise(name == "BitwiseAnd" ? "and" : name == "BitwiseOr" ? "or" : "xor", n.in(0), n.in(1)));
}

void buildBitwiseNot(NodeBuilder &n) {
  Value x = n.in(0);
  n.give(n.bitwise("xor", x, n.scalar(n.element(x), -1)));
}

void buildBitShift(NodeBuilder &n) {
  std::string direction = n.text("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    n.fail("has a direction that is neither 'LEFT' nor 'RIGHT'");
  n.give(n.bitwise(direction == "LEFT" ? "shift_left" : "shift_right", n.in(0), n.in(1)));
}

/// The element type that the attribute `to` names.
static Type targetType(NodeBuilder &n) {
  int64_t to = n.integer("to", 0);
  std::optional<LatheType> type =
      to >= INT32_MIN && to <= INT32_MAX ? typeOfOnnx(static_cast<int32_t>(to)) : std::nullopt;
  if (!type)
    n.fail("casts to " + onnxTypeName(static_cast<int32_t>(to)) + ", which is not supported");
  return llm::elementType(n.state.builder.getContext(), *type);
}

void buildBitCast(NodeBuilder &n) {
  Value x = n.in(0);
  Type to = targetType(n);
  LatheType from = *llm::latheType(n.element(x)), type = *llm::latheType(to);
  // A narrow element of 4 bits is a byte as one of 8 bits is, but holds less.
  auto bits = [](LatheType t) {
    return t == LATHE_I2 || t == LATHE_U2 ? 2 : t >= LATHE_F4E2M1 && t <= LATHE_U4 ? 4 : 8 * bytesPerBlock(t);
  };
  if (isBlockType(from) || bits(from) != bits(type))
    n.fail(std::string("reinterprets ") + elementTypeName(from) + " as " + elementTypeName(type) +
           ", which has another number of bits");
  n.give(n.element(x) == to ? x : n.makeTyped<llm::BitCastOp>(to, n.state.facts.dims(x), {x}));
}

void buildAbs(NodeBuilder &n) {
  if (n.element(n.in(0)).isUnsignedInteger())
    return n.give(n.in(0));
  buildUnary<llm::AbsOp>(n);
}

void buildSign(NodeBuilder &n) {
  Value x = n.in(0);
  if (n.element(x).isUnsignedInteger())
    return n.give(n.make<llm::MinOp>({x, n.scalar(n.element(x), 1)}));
  buildUnary<llm::SignOp>(n);
}

void buildPow(NodeBuilder &n) {
  Value base = n.in(0);
  // The exponent may have another type; the result has that of the base.
  n.give(n.make<llm::PowOp>({base, n.cast(n.in(1), n.element(base))}));
}

void buildMod(NodeBuilder &n) {
  Value a = n.in(0), b = n.in(1);
  n.needSame(a, b);
  bool isFloat = isa<FloatType>(n.element(a)), truncates = n.integer("fmod", 0) != 0;
  if (isFloat == truncates)
    return buildBinary<llm::ModOp>(n);
  if (truncates) { // integers: what the quotient towards 0 leaves
    Value quotient = n.make<llm::DivOp>({a, b});
    return n.give(n.make<llm::SubOp>({a, n.make<llm::MulOp>({quotient, b})}));
  }
  // The rest with the sign of a, moved by b where that is another sign.
  Value rest = n.make<llm::ModOp>({a, b}), zero = n.scalar(n.element(a), 0);
  Value signs = n.make<llm::XorOp>({n.compare("lt", rest, zero), n.compare("lt", b, zero)});
  Value moves = n.make<llm::AndOp>({n.compare("ne", rest, zero), signs});
  n.give(n.make<llm::SelectOp>({moves, n.make<llm::AddOp>({rest, b}), rest}));
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
  // Before opset 11 the bounds are attributes.
  auto bound = [&](size_t index, StringRef name) {
    return n.hasAttribute(name) ? n.scalar(n.element(result), n.number(name, 0)) : n.inOrNull(index);
  };
  if (Value low = bound(1, "min"))
    result = n.binary<llm::MaxOp>(result, low);
  if (Value high = bound(2, "max"))
    result = n.binary<llm::MinOp>(result, high);
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

Value castTo(NodeBuilder &n, Value x, Type to, bool saturate, StringRef rounding) {
  std::optional<LatheType> type = llm::latheType(to);
  if (!type || *type < LATHE_F8E4M3FN || *type > LATHE_F8E8M0 || n.element(x) == to)
    return n.cast(x, to);
  Type f32 = n.state.builder.getF32Type();
  Value real = n.element(x).isF64() ? x : n.cast(x, f32);
  if (*type == LATHE_F8E8M0 && rounding != "nearest") {
    // The next power of two below: the exponent alone; above: of what is a last fraction bit larger.
    Type i32 = n.state.builder.getI32Type();
    Value bits = n.makeTyped<llm::BitCastOp>(i32, n.state.facts.dims(real), {real = n.cast(real, f32)});
    if (rounding == "up")
      bits = n.make<llm::AddOp>({bits, n.scalar(i32, 0x7fffff)});
    bits = n.bitwise("and", bits, n.scalar(i32, -0x800000));
    Value power = n.makeTyped<llm::BitCastOp>(f32, n.state.facts.dims(bits), {bits});
    Value isNumber = n.compare("lt", real, n.scalar(f32, std::numeric_limits<double>::infinity()));
    real = n.make<llm::SelectOp>({isNumber, power, real});
  }
  if (saturate) {
    double largest = *type == LATHE_F8E4M3FN     ? 448
                     : *type == LATHE_F8E4M3FNUZ ? 240
                     : *type == LATHE_F8E8M0     ? 0x1p127
                                                 : 57344;
    double least = *type == LATHE_F8E8M0 ? 0x1p-127 : -largest;
    real = n.make<llm::MaxOp>({real, n.scalar(n.element(real), least)});
    real = n.make<llm::MinOp>({real, n.scalar(n.element(real), largest)});
  }
  return n.cast(real, to);
}

void buildCast(NodeBuilder &n) {
  bool saturate = n.integer("saturate", 1) != 0;
  std::string rounding = n.text("round_mode", "up");
  if (rounding != "up" && rounding != "down" && rounding != "nearest")
    n.fail("has a round_mode that is none of 'up', 'down' and 'nearest'");
  Value x = n.in(0);
  n.give(castTo(n, x, n.node.op_type() == "CastLike" ? n.element(n.in(1)) : targetType(n), saturate, rounding));
}

} // namespace lathe
