// Python's operators on template values: exact integers that may not overflow, floor division, repetition.
#include "runtime/chat/TemplateEvaluator.h"
#include "runtime/chat/TemplateMethods.h"

#include <algorithm>
#include <cmath>

namespace lathe::chat {
namespace {

int64_t checked(bool overflow, int64_t value) {
  if (overflow)
    throw TemplateError("an integer is too large");
  return value;
}

Value integerOperation(std::string_view operation, int64_t a, int64_t b) {
  int64_t result = 0;
  if (operation == "+")
    return checked(__builtin_add_overflow(a, b, &result), result);
  if (operation == "-")
    return checked(__builtin_sub_overflow(a, b, &result), result);
  if (operation == "*")
    return checked(__builtin_mul_overflow(a, b, &result), result);
  if (operation == "**") {
    if (b < 0)
      return std::pow(static_cast<double>(a), static_cast<double>(b));
    int64_t power = 1;
    if (a == 0 || a == 1)
      return b == 0 ? 1 : a;
    if (a == -1)
      return b % 2 ? -1 : 1;
    for (int64_t i = 0; i < b; ++i)
      power = checked(__builtin_mul_overflow(power, a, &result), result);
    return power;
  }
  if (b == 0)
    throw TemplateError("division by zero");
  if (operation == "/")
    return static_cast<double>(a) / static_cast<double>(b);
  if (b == -1)
    return operation == "%" ? Value(0) : Value(checked(__builtin_sub_overflow(int64_t{0}, a, &result), result));
  int64_t quotient = a / b, remainder = a % b;
  bool down = remainder != 0 && (remainder < 0) != (b < 0);
  return operation == "%" ? remainder + (down ? b : 0) : quotient - down;
}

Value realOperation(std::string_view operation, double a, double b) {
  if (operation == "+")
    return a + b;
  if (operation == "-")
    return a - b;
  if (operation == "*")
    return a * b;
  if (operation == "**")
    return std::pow(a, b);
  if (b == 0)
    throw TemplateError("division by zero");
  if (operation == "/")
    return a / b;
  double floored = std::floor(a / b);
  return operation == "//" ? floored : a - floored * b;
}

Value repeated(const Value &value, int64_t times, Budget &budget) {
  size_t count = static_cast<size_t>(std::clamp<int64_t>(times, 0, int64_t{1} << 32));
  size_t size = value.isString() ? value.text().size() : value.list()->items.size() * 32;
  if (size && count > (size_t{1} << 32) / size)
    throw TemplateError("the template does too much work");
  budget.spend(size * count);
  if (size == 0)
    return value;
  if (value.isString()) {
    std::string out;
    for (size_t i = 0; i < count; ++i)
      out += value.text();
    return out;
  }
  Values items;
  for (size_t i = 0; i < count; ++i)
    items.insert(items.end(), value.list()->items.begin(), value.list()->items.end());
  return makeList(std::move(items), budget, value.list()->isTuple);
}

} // namespace

void failUndefined(const Value &value) {
  const Undefined *undefined = value.as<Undefined>();
  throw TemplateError(undefined && undefined->name ? "'" + *undefined->name + "' is undefined"
                                                   : "a value is undefined");
}

Value operate(std::string_view operation, const Value &left, const Value &right, Budget &budget) {
  if (operation == "==" || operation == "!=")
    return equal(left, right, budget) == (operation == "==");
  if (left.isUndefined() && operation != "~")
    failUndefined(left);
  if (right.isUndefined() && operation != "~")
    failUndefined(right);
  if (operation[0] == '<' || operation[0] == '>') {
    int order = compare(left, right, budget);
    bool holds = operation[0] == '<' ? order < 0 : order > 0;
    return holds || (operation.size() == 2 && order == 0);
  }
  if (operation == "~") {
    std::string out = toText(left, budget);
    return out += toText(right, budget);
  }
  if (left.isNumber() && right.isNumber()) {
    if (left.as<double>() || right.as<double>())
      return realOperation(operation, left.number(), right.number());
    return integerOperation(operation, integerArgument(left, ""), integerArgument(right, ""));
  }
  if (operation == "+" && left.isString() && right.isString()) {
    budget.spend(left.text().size() + right.text().size());
    return left.text() + right.text();
  }
  if (operation == "+" && left.list() && right.list() && left.list()->isTuple == right.list()->isTuple) {
    Values items = left.list()->items;
    items.insert(items.end(), right.list()->items.begin(), right.list()->items.end());
    return makeList(std::move(items), budget, left.list()->isTuple);
  }
  if (operation == "*" && (left.isString() || left.list()) && right.isInteger())
    return repeated(left, *right.as<int64_t>(), budget);
  if (operation == "*" && (right.isString() || right.list()) && left.isInteger())
    return repeated(right, *left.as<int64_t>(), budget);
  if (operation == "%" && left.isString())
    return formatted(left.text(), right, budget);
  throw TemplateError("'" + std::string(operation) + "' of the types " + typeName(left) + " and " + typeName(right) +
                      " has no meaning");
}

} // namespace lathe::chat
