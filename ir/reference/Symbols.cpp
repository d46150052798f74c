// Solves and evaluates symbolic sizes; see Symbols.h.
#include "ir/reference/Symbols.h"
#include "ir/reference/Tensor.h"

#include <mlir/IR/AffineExpr.h>
#include <mlir/IR/BuiltinAttributes.h>

using namespace mlir;

namespace lathe::reference {

namespace {

/// The value of an expression; nothing when a symbol has none, a divisor is not positive, or int64 overflows.
std::optional<int64_t> valueOf(AffineExpr expression, std::span<const std::optional<int64_t>> symbols) {
  if (auto constant = ::llvm::dyn_cast<AffineConstantExpr>(expression))
    return constant.getValue();
  if (auto symbol = ::llvm::dyn_cast<AffineSymbolExpr>(expression))
    return symbol.getPosition() < symbols.size() ? symbols[symbol.getPosition()] : std::nullopt;
  auto binary = ::llvm::dyn_cast<AffineBinaryOpExpr>(expression);
  if (!binary)
    return std::nullopt;
  std::optional<int64_t> left = valueOf(binary.getLHS(), symbols), right = valueOf(binary.getRHS(), symbols);
  if (!left || !right)
    return std::nullopt;
  int64_t result = 0;
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return __builtin_add_overflow(*left, *right, &result) ? std::nullopt : std::optional(result);
  case AffineExprKind::Mul:
    return __builtin_mul_overflow(*left, *right, &result) ? std::nullopt : std::optional(result);
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv:
  case AffineExprKind::Mod: {
    if (*right <= 0)
      return std::nullopt;
    int64_t remainder = *left % *right, quotient = *left / *right;
    if (binary.getKind() == AffineExprKind::Mod)
      return remainder < 0 ? remainder + *right : remainder;
    if (binary.getKind() == AffineExprKind::FloorDiv)
      return remainder < 0 ? quotient - 1 : quotient;
    return remainder > 0 ? quotient + 1 : quotient;
  }
  default:
    return std::nullopt;
  }
}

/// The position of the only symbol of `expression` that has no value, or nothing.
std::optional<unsigned> onlyUnknown(AffineExpr expression, const SymbolValues &symbols) {
  std::optional<unsigned> unknown;
  bool several = false;
  expression.walk([&](AffineExpr part) {
    auto symbol = ::llvm::dyn_cast<AffineSymbolExpr>(part);
    if (!symbol || symbol.getPosition() >= symbols.values.size() || symbols.values[symbol.getPosition()])
      return;
    several |= unknown && *unknown != symbol.getPosition();
    unknown = symbol.getPosition();
  });
  return several ? std::nullopt : unknown;
}

/// The value of the symbol at `position` with which `expression` is `size`: exact for expressions that are linear in
/// it.
std::optional<int64_t> solveFor(AffineExpr expression, unsigned position, int64_t size, const SymbolValues &symbols) {
  std::vector<std::optional<int64_t>> trial = symbols.values;
  trial[position] = 0;
  std::optional<int64_t> atZero = valueOf(expression, trial);
  trial[position] = 1;
  std::optional<int64_t> atOne = valueOf(expression, trial);
  if (!atZero || !atOne || *atZero == *atOne || (size - *atZero) % (*atOne - *atZero) != 0)
    return std::nullopt;
  trial[position] = (size - *atZero) / (*atOne - *atZero);
  return valueOf(expression, trial) == size ? trial[position] : std::nullopt;
}

std::string expressionText(AffineExpr expression, const SymbolValues &symbols) {
  std::string text;
  ::llvm::raw_string_ostream stream(text);
  stream << expression;
  std::string names;
  for (size_t i = 0; i < symbols.names.size(); ++i)
    if (expression.isFunctionOfSymbol(i))
      names += (names.empty() ? "s" : ", s") + std::to_string(i) + " is '" + symbols.names[i] + "'" +
               (symbols.values[i] ? " = " + std::to_string(*symbols.values[i]) : "");
  return stream.str() + (names.empty() ? "" : " (" + names + ")");
}

std::string argumentName(func::FuncOp function, unsigned index) {
  if (auto name = function.getArgAttrOfType<StringAttr>(index, "llm.name"))
    return "input '" + name.str() + "'";
  return "input " + std::to_string(index);
}

} // namespace

Result<SymbolValues> solveSymbols(func::FuncOp function, std::span<const std::vector<int64_t>> shapes,
                                  const std::map<std::string, int64_t> &given) {
  SymbolValues symbols;
  if (auto names = function->getAttrOfType<ArrayAttr>("llm.symbols"))
    for (Attribute name : names) {
      auto text = dyn_cast<StringAttr>(name);
      if (!text)
        return Status::failure("llm.symbols of @" + function.getName().str() + " are strings");
      symbols.names.push_back(text.str());
      auto known = given.find(text.str());
      symbols.values.push_back(known == given.end() ? std::nullopt : std::optional(known->second));
    }

  // The sizes that expressions must have: solved where one symbol is missing, until nothing more follows, then
  // compared.
  struct Equation {
    AffineExpr expression;
    int64_t size;
    unsigned argument;
    size_t axis;
  };
  std::vector<Equation> equations;
  for (unsigned index = 0; index < shapes.size(); ++index) {
    const std::vector<int64_t> &shape = shapes[index];
    auto tensor = dyn_cast<RankedTensorType>(function.getArgumentTypes()[index]);
    if (tensor && tensor.getRank() != static_cast<int64_t>(shape.size()))
      return Status::failure(argumentName(function, index) + " has rank " + std::to_string(tensor.getRank()) +
                             ", got the shape " + shapeText(shape));
    for (size_t axis = 0; tensor && axis < shape.size(); ++axis)
      if (!tensor.isDynamicDim(axis) && tensor.getDimSize(axis) != shape[axis])
        return Status::failure("axis " + std::to_string(axis) + " of " + argumentName(function, index) + " is " +
                               std::to_string(tensor.getDimSize(axis)) + ", got the shape " + shapeText(shape));
    auto dims = function.getArgAttrOfType<AffineMapAttr>(index, "llm.dims");
    if (!dims)
      continue;
    if (tensor && dims.getValue().getNumResults() != shape.size())
      return Status::failure(argumentName(function, index) + " has rank " + std::to_string(shape.size()) +
                             ", but its llm.dims has " + std::to_string(dims.getValue().getNumResults()) + " sizes");
    for (auto [axis, expression] : ::llvm::enumerate(dims.getValue().getResults()))
      if (axis < shape.size())
        equations.push_back({expression, shape[axis], index, axis});
  }
  for (bool progress = true; progress;) {
    progress = false;
    for (const Equation &equation : equations)
      if (std::optional<unsigned> unknown = onlyUnknown(equation.expression, symbols))
        if (std::optional<int64_t> value = solveFor(equation.expression, *unknown, equation.size, symbols)) {
          symbols.values[*unknown] = value;
          progress = true;
        }
  }
  for (const Equation &equation : equations) {
    std::optional<int64_t> value = valueOf(equation.expression, symbols.values);
    if (value ? *value != equation.size : onlyUnknown(equation.expression, symbols).has_value())
      return Status::failure(
          "axis " + std::to_string(equation.axis) + " of " + argumentName(function, equation.argument) + " is " +
          expressionText(equation.expression, symbols) + ", which " +
          (value ? "is " + std::to_string(*value) + ", got " : "cannot be ") + std::to_string(equation.size));
  }
  for (auto [name, value] : ::llvm::zip(symbols.names, symbols.values))
    if (value && *value < 0)
      return Status::failure("the size '" + name + "' is negative: " + std::to_string(*value));
  return symbols;
}

Result<std::vector<int64_t>> evaluateMap(AffineMap map, const SymbolValues &symbols) {
  std::vector<int64_t> sizes;
  for (AffineExpr expression : map.getResults()) {
    std::optional<int64_t> value = valueOf(expression, symbols.values);
    if (!value)
      return Status::failure("no input's shape tells the value of " + expressionText(expression, symbols));
    sizes.push_back(*value);
  }
  return sizes;
}

} // namespace lathe::reference
