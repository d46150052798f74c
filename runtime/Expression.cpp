// See Expression.h.
#include "runtime/Expression.h"

#include <vector>

namespace lathe {

namespace {

bool apply(uint32_t opcode, int64_t left, int64_t right, int64_t &value) {
  switch (opcode) {
  case LATHE_EXPR_ADD:
    return !__builtin_add_overflow(left, right, &value);
  case LATHE_EXPR_SUB:
    return !__builtin_sub_overflow(left, right, &value);
  case LATHE_EXPR_MUL:
    return !__builtin_mul_overflow(left, right, &value);
  case LATHE_EXPR_MAX:
    value = left > right ? left : right;
    return true;
  case LATHE_EXPR_MIN:
    value = left < right ? left : right;
    return true;
  case LATHE_EXPR_EQUAL:
    value = left == right;
    return true;
  case LATHE_EXPR_LESS:
    value = left < right;
    return true;
  default:
    break;
  }
  if (right == 0 || (left == INT64_MIN && right == -1))
    return false;
  int64_t quotient = left / right, remainder = left % right;
  bool sameSign = (remainder < 0) == (right < 0);
  if (opcode == LATHE_EXPR_FLOORDIV)
    value = quotient - (remainder != 0 && !sameSign);
  else if (opcode == LATHE_EXPR_CEILDIV)
    value = quotient + (remainder != 0 && sameSign);
  else
    value = remainder != 0 && !sameSign ? remainder + right : remainder;
  return true;
}

std::span<const LatheOperation> operationsOf(const Plan &plan, uint32_t index) {
  LatheSpan span = plan.expressions[index].operations;
  return plan.operations.subspan(span.first, span.count);
}

} // namespace

bool evaluateExpression(const Plan &plan, uint32_t index, std::span<const int64_t> symbols, int64_t &value) {
  int64_t stack[Plan::maxStack];
  uint32_t depth = 0;
  for (const LatheOperation &operation : operationsOf(plan, index)) {
    if (operation.opcode == LATHE_EXPR_CONSTANT) {
      stack[depth++] = operation.value;
    } else if (operation.opcode == LATHE_EXPR_SYMBOL) {
      int64_t symbol = symbols[size_t(operation.value)];
      if (symbol < 0)
        return false;
      stack[depth++] = symbol;
    } else {
      if (!apply(operation.opcode, stack[depth - 2], stack[depth - 1], stack[depth - 2]))
        return false;
      --depth;
    }
  }
  value = stack[0];
  return true;
}

std::string printExpression(const Plan &plan, uint32_t index) {
  static const char *const spelling[] = {"",           "",          " + ",   " - ",   " * ",
                                         " floordiv ", " ceildiv ", " mod ", " max ", " min ",
                                         " == ",       " < "};
  std::vector<std::string> stack;
  for (const LatheOperation &operation : operationsOf(plan, index)) {
    if (operation.opcode == LATHE_EXPR_CONSTANT) {
      stack.push_back(std::to_string(operation.value));
    } else if (operation.opcode == LATHE_EXPR_SYMBOL) {
      stack.emplace_back(plan.string(plan.symbols[size_t(operation.value)]));
    } else {
      std::string right = std::move(stack.back());
      stack.pop_back();
      // Messages stay short: a long left side is cut, so that a hostile plan cannot make a message of megabytes.
      if (stack.back().size() > 200)
        stack.back() = "...";
      if (right.size() > 200)
        right = "...";
      stack.back() = "(" + stack.back() + spelling[operation.opcode] + right + ")";
    }
  }
  return stack.back();
}

uint32_t plainSymbol(const Plan &plan, uint32_t index) {
  auto operations = operationsOf(plan, index);
  if (operations.size() == 1 && operations[0].opcode == LATHE_EXPR_SYMBOL)
    return uint32_t(operations[0].value);
  return LATHE_NONE;
}

} // namespace lathe
