// See Functors.h.
#include "kernels-templates/Functors.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace lathe {

namespace {

Type elementOf(Value value) {
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  return tensor ? tensor.getElementType() : Type();
}

/// The element type's C++ name in templates, or nothing for what is not plain.
std::optional<StringRef> typeText(Type element) {
  std::optional<LatheType> type = element ? llm::latheType(element) : std::nullopt;
  if (!type)
    return std::nullopt;
  static constexpr StringLiteral names[] = {
      "float",         "lathe::Half",       "lathe::BFloat", "double",          "int8_t",
      "int16_t",       "int32_t",           "int64_t",       "uint8_t",         "uint16_t",
      "uint32_t",      "uint64_t",          "lathe::Bool",   "lathe::F8E4M3FN", "lathe::F8E4M3FNUZ",
      "lathe::F8E5M2", "lathe::F8E5M2FNUZ", "lathe::F8E8M0", "lathe::F4E2M1",   "lathe::I4",
      "lathe::U4",     "lathe::I2",         "lathe::U2"};
  if (*type > LATHE_U2)
    return std::nullopt;
  return names[*type];
}

bool isFloatInRegister(Type element) { return element && (element.isF32() || element.isF16() || element.isBF16()); }

std::string floatLiteral(double value, bool isDouble) {
  if (std::isnan(value))
    return isDouble ? "__builtin_nan(\"\")" : "__builtin_nanf(\"\")";
  if (std::isinf(value))
    return std::string(value < 0 ? "-" : "") + (isDouble ? "__builtin_inf()" : "__builtin_inff()");
  char text[64];
  std::snprintf(text, sizeof text, "%a%s", value, isDouble ? "" : "f");
  return text;
}

/// The scalar of a constant of equal elements, as C++.
std::optional<std::string> scalarLiteral(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || elements.empty() || !typeText(elements.getElementType()))
    return std::nullopt;
  if (!elements.isSplat()) // equal elements that are not stored as a splat
    for (Attribute element : elements.getValues<Attribute>())
      if (element != *elements.getValues<Attribute>().begin())
        return std::nullopt;
  Attribute first = *elements.getValues<Attribute>().begin();
  if (auto number = dyn_cast<FloatAttr>(first))
    return floatLiteral(number.getValueAsDouble(), number.getType().isF64());
  auto integer = dyn_cast<IntegerAttr>(first);
  if (!integer)
    return std::nullopt;
  APInt bits = integer.getValue();
  if (bits.getBitWidth() == 1)
    return std::string(bits.isZero() ? "char(0)" : "char(1)");
  std::string type = typeText(elements.getElementType())->str();
  bool isUnsigned = elements.getElementType().isUnsignedInteger();
  SmallString<32> digits;
  // Without a minus sign: the least number of a type has no literal.
  bits.zextOrTrunc(64).toStringUnsigned(digits);
  if (!isUnsigned)
    digits.clear(), bits.sextOrTrunc(64).toStringUnsigned(digits);
  return type + "(" + digits.str().str() + "ul)";
}

} // namespace

bool isFunctorLiteral(Value value) { return scalarLiteral(value).has_value(); }

bool isFunctorOp(Operation *op) {
  if (!isa<llm::Pointwise>(op) || op->getNumResults() != 1)
    return false;
  auto isPlain = [](Value value) { return typeText(elementOf(value)).has_value(); };
  auto isNarrow = [](Value value) { return isa_and_nonnull<llm::NarrowType>(elementOf(value)); };
  if ((::llvm::any_of(op->getOperands(), isNarrow) || isNarrow(op->getResult(0))) &&
      !isa<llm::CastOp, llm::SelectOp>(op))
    return false;
  return ::llvm::all_of(op->getOperands(), isPlain) && isPlain(op->getResult(0));
}

std::optional<std::string> printFunctor(StringRef name, ArrayRef<Operation *> ops, ArrayRef<Value> inputs, Value result,
                                        FunctorForm form) {
  bool typed = form == FunctorForm::Typed;
  std::string text;
  llvm::raw_string_ostream out(text);
  DenseMap<Value, std::string> names;
  std::optional<StringRef> resultType = typeText(elementOf(result));
  if (!resultType || (!typed && !isFloatInRegister(elementOf(result))))
    return std::nullopt;

  out << (typed ? "template <int N> LATHE_INLINE lathe::Lanes<" + resultType->str() + ", N> "
                : "template <class V> LATHE_INLINE V ")
      << name << "(";
  for (auto [index, input] : ::llvm::enumerate(inputs)) {
    std::optional<StringRef> type = typeText(elementOf(input));
    if (!type || (!typed && !isFloatInRegister(elementOf(input))))
      return std::nullopt;
    std::string argument = "a" + std::to_string(index);
    names.try_emplace(input, argument);
    out << (index ? ", " : "") << (typed ? "lathe::Lanes<" + type->str() + ", N> " : "V ") << argument;
  }
  out << ") {\n";

  auto lanes = [&](StringRef type) {
    return "lathe::Lanes<" + type.str() + ", " + (typed ? "N" : "lathe::lanesIn<V>") + ">";
  };
  int next = 0;
  for (Operation *op : ops) {
    if (!isFunctorOp(op))
      return std::nullopt;
    SmallVector<std::string> operands;
    for (Value operand : op->getOperands()) {
      auto known = names.find(operand);
      if (known != names.end()) {
        operands.push_back(known->second);
        continue;
      }
      std::optional<std::string> literal = scalarLiteral(operand);
      if (!literal)
        return std::nullopt;
      operands.push_back(lanes(*typeText(elementOf(operand))) + "(" + *literal + ")");
    }
    // The one op whose operands may differ in type: the result has that of the first.
    if (isa<llm::PowOp>(op) && elementOf(op->getOperand(0)) != elementOf(op->getOperand(1)))
      operands[1] = "lathe::cast<" + typeText(elementOf(op->getOperand(0)))->str() + ">(" + operands[1] + ")";
    std::string element = cast<llm::Pointwise>(op).emitElement(operands);
    Type type = elementOf(op->getResult(0));
    if ((type.isF16() || type.isBF16()) && !isa<llm::CastOp>(op))
      element = "lathe::roundTo<" + typeText(type)->str() + ">(" + element + ")";
    std::string variable = "v" + std::to_string(next++);
    out << "  " << lanes(*typeText(type)) << " " << variable << " = " << element << ";\n";
    names[op->getResult(0)] = variable;
  }
  auto returned = names.find(result);
  if (returned == names.end())
    return std::nullopt;
  out << "  return " << returned->second << ";\n}\n";
  return text;
}

} // namespace lathe
