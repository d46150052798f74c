// The integer half of ShapeFacts.h: elements of small shape vectors and scalars, op by op.
#include "frontend/onnx/ShapeFacts.h"
#include "ir/llm/Llm.h"

#include <llvm/ADT/TypeSwitch.h>

using namespace mlir;

namespace lathe {

namespace {

constexpr int64_t most = 64; // elements that are followed

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }
bool isInteger(Value value) { return isa<IntegerType>(tensorOf(value).getElementType()); }

std::optional<int64_t> numberOf(AffineExpr expression) {
  auto constant = dyn_cast_or_null<AffineConstantExpr>(expression);
  return constant ? std::optional(constant.getValue()) : std::nullopt;
}

/// lhs - rhs where that is a number.
std::optional<int64_t> difference(AffineExpr lhs, AffineExpr rhs) {
  int64_t result = 0;
  auto a = numberOf(lhs), b = numberOf(rhs);
  if (a && b)
    return __builtin_sub_overflow(*a, *b, &result) ? std::nullopt : std::optional(result);
  return numberOf(lhs - rhs);
}

std::optional<bool> compare(llm::Predicate predicate, AffineExpr lhs, AffineExpr rhs) {
  auto by = difference(lhs, rhs);
  if (!by) {
    // A size never equals a negative number.
    auto a = numberOf(lhs), b = numberOf(rhs);
    if ((a && *a < 0 && isNonNegativeExpression(rhs)))
      by = -1;
    else if (b && *b < 0 && isNonNegativeExpression(lhs))
      by = 1;
    else
      return std::nullopt;
  }
  switch (predicate) {
  case llm::Predicate::eq:
    return *by == 0;
  case llm::Predicate::ne:
    return *by != 0;
  case llm::Predicate::lt:
    return *by < 0;
  case llm::Predicate::le:
    return *by <= 0;
  case llm::Predicate::gt:
    return *by > 0;
  case llm::Predicate::ge:
    return *by >= 0;
  }
  return std::nullopt;
}

/// Sums and products of numbers wrap in the model; such values are not followed.
AffineExpr checked(AffineExpr lhs, AffineExpr rhs, bool product) {
  auto a = numberOf(lhs), b = numberOf(rhs);
  int64_t value = 0;
  if (a && b && (product ? __builtin_mul_overflow(*a, *b, &value) : __builtin_add_overflow(*a, *b, &value)))
    return AffineExpr();
  // Numbers of a size that no shape has would only overflow inside an expression.
  for (auto number : {a, b})
    if (number && !(a && b) && (*number > INT32_MAX || *number < INT32_MIN))
      return AffineExpr();
  return product ? lhs * rhs : lhs + rhs;
}

} // namespace

std::optional<Expressions> ShapeFacts::integers(Value value) const {
  auto found = integers_.find(value);
  return found == integers_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<SmallVector<int64_t>> ShapeFacts::constants(Value value) const {
  auto known = integers(value);
  if (!known)
    return std::nullopt;
  SmallVector<int64_t> result;
  for (AffineExpr expression : *known) {
    auto number = numberOf(expression);
    if (!number)
      return std::nullopt;
    result.push_back(*number);
  }
  return result;
}

std::optional<Expressions> ShapeFacts::computeElementwise(Operation *op) const {
  SmallVector<Expressions> operands;
  size_t count = 1;
  for (Value operand : op->getOperands()) {
    auto known = integers(operand);
    if (!known)
      return std::nullopt;
    if (known->size() != 1) {
      // Vectors of one length, or one element beside them: no broadcasting over more axes.
      if ((count != 1 && known->size() != count) || tensorOf(operand).getRank() > 1)
        return std::nullopt;
      count = known->size();
    }
    operands.push_back(std::move(*known));
  }
  auto type = tensorOf(op->getResult(0));
  if (!type.hasStaticShape() || type.getNumElements() != static_cast<int64_t>(count))
    return std::nullopt;
  Expressions result;
  for (size_t i = 0; i < count; ++i) {
    auto at = [&](size_t operand) {
      return operands[operand].size() == 1 ? operands[operand][0] : operands[operand][i];
    };
    AffineExpr a = at(0), b = operands.size() > 1 ? at(1) : AffineExpr(), value;
    if (isa<llm::SelectOp>(op)) {
      auto condition = numberOf(a);
      value = condition ? (*condition ? b : at(2)) : AffineExpr();
    } else if (a && operands.size() == 1) {
      if (isa<llm::NegOp>(op))
        value = checked(a, constant(-1), true);
      else if (isa<llm::NotOp>(op))
        value = numberOf(a) ? constant(!*numberOf(a)) : AffineExpr();
      else if (isa<llm::AbsOp>(op) && isNonNegativeExpression(a))
        value = a;
    } else if (a && b) {
      auto x = numberOf(a), y = numberOf(b);
      if (isa<llm::AddOp>(op))
        value = checked(a, b, false);
      else if (isa<llm::SubOp>(op) && (!y || *y != INT64_MIN))
        value = checked(a, y ? constant(-*y) : -b, false);
      else if (isa<llm::MulOp>(op))
        value = checked(a, b, true);
      else if (isa<llm::DivOp>(op) && y && *y > 0 && (x || isNonNegativeExpression(a)))
        value = x ? constant(*x / *y) : a.floorDiv(*y);
      else if (isa<llm::ModOp>(op) && y && *y > 0 && isNonNegativeExpression(a))
        value = a % *y;
      else if (auto comparison = dyn_cast<llm::CompareOp>(op)) {
        auto holds = compare(comparison.getPredicate(), a, b);
        value = holds ? constant(*holds) : AffineExpr();
      } else if (isa<llm::MinOp, llm::MaxOp>(op)) {
        auto by = difference(a, b);
        value = by ? ((*by <= 0) == isa<llm::MinOp>(op) ? a : b) : AffineExpr();
      } else if (isa<llm::AndOp>(op) && x && y)
        value = constant(*x && *y);
      else if (isa<llm::OrOp>(op) && x && y)
        value = constant(*x || *y);
    }
    result.push_back(value);
  }
  return result;
}

std::optional<Expressions> ShapeFacts::computeIntegers(Operation *op) const {
  Value to = op->getResult(0);
  auto type = tensorOf(to);
  if (!isInteger(to) || !type.hasStaticShape() || type.getRank() > 4 || type.getNumElements() > most)
    return std::nullopt;
  if (isa<llm::Pointwise>(op) && !isa<llm::CastOp>(op))
    return computeElementwise(op);
  using Answer = std::optional<Expressions>;
  return llvm::TypeSwitch<Operation *, Answer>(op)
      .Case([&](llm::ConstantOp value) -> Answer {
        auto elements = dyn_cast<DenseIntElementsAttr>(value.getValue());
        if (!elements)
          return std::nullopt;
        bool isBool = type.getElementType().isInteger(1);
        Expressions result;
        for (const llvm::APInt &element : elements.getValues<llvm::APInt>())
          result.push_back(constant(isBool || type.getElementType().isUnsignedInteger()
                                        ? static_cast<int64_t>(element.getZExtValue())
                                        : element.getSExtValue()));
        return result;
      })
      .Case([&](llm::ShapeOfOp shape) -> Answer { return dims(shape.getX()); })
      .Case([&](llm::CastOp cast) -> Answer {
        auto known = integers(cast.getX());
        // Values are sizes or small numbers: the widths of integers hold them.
        if (!known || !type.getElementType().isInteger(1))
          return known;
        for (AffineExpr &value : *known)
          value = numberOf(value) ? constant(*numberOf(value) != 0) : AffineExpr();
        return known;
      })
      .Case<llm::UnsqueezeOp, llm::SqueezeOp, llm::ReshapeOp>(
          [&](auto same) -> Answer { return integers(same->getOperand(0)); })
      .Case([&](llm::ConcatOp concat) -> Answer {
        if (type.getRank() != 1)
          return std::nullopt;
        Expressions result;
        for (Value input : concat.getInputs()) {
          auto known = integers(input);
          if (known)
            result.append(*known);
          else
            result.append(tensorOf(input).getDimSize(0), AffineExpr());
        }
        return result;
      })
      .Case([&](llm::GatherOp gather) -> Answer {
        auto from = integers(gather.getX());
        auto indices = constants(gather.getIndices());
        if (!from || !indices || tensorOf(gather.getX()).getRank() != 1)
          return std::nullopt;
        Expressions result;
        for (int64_t index : *indices) {
          index += index < 0 ? static_cast<int64_t>(from->size()) : 0;
          result.push_back(index >= 0 && index < static_cast<int64_t>(from->size()) ? (*from)[index] : AffineExpr());
        }
        return result;
      })
      .Case([&](llm::SliceOp slice) -> Answer {
        auto from = integers(slice.getX());
        auto start = constants(slice.getStarts());
        if (!from || from->empty() || !start || start->size() != 1 || tensorOf(slice.getX()).getRank() != 1)
          return std::nullopt;
        int64_t size = from->size(), at = start->front(), step = slice.getSteps().front();
        at += at < 0 ? size : 0;
        at = std::clamp<int64_t>(at, 0, step > 0 ? size : size - 1);
        Expressions result;
        for (int64_t i = 0; i < type.getNumElements(); ++i, at += step)
          result.push_back(at >= 0 && at < size ? (*from)[at] : AffineExpr());
        return result;
      })
      .Case([&](llm::ExpandOp expand) -> Answer {
        auto from = integers(expand.getX());
        if (!from || from->size() != 1)
          return std::nullopt;
        return Expressions(type.getNumElements(), from->front());
      })
      .Case([&](llm::RangeOp range) -> Answer {
        auto start = constants(range.getStart()), delta = constants(range.getDelta());
        if (!start || !delta || start->size() != 1 || delta->size() != 1)
          return std::nullopt;
        Expressions result;
        for (int64_t i = 0, value = start->front(); i < type.getNumElements(); ++i) {
          result.push_back(constant(value));
          if (__builtin_add_overflow(value, delta->front(), &value))
            return std::nullopt;
        }
        return result;
      })
      .Case([&](llm::ReduceOp reduce) -> Answer {
        auto from = integers(reduce.getX());
        bool sum = reduce.getKind() == llm::Reduction::sum, product = reduce.getKind() == llm::Reduction::prod;
        if (!from || type.getNumElements() != 1 || (!sum && !product))
          return std::nullopt;
        AffineExpr value = constant(product ? 1 : 0);
        for (AffineExpr element : *from)
          value = value && element ? checked(value, element, product) : AffineExpr();
        return Expressions{value};
      })
      .Default(Answer());
}

bool ShapeFacts::isNonNegative(Value value) const {
  SmallVector<Value> open = {value};
  for (int steps = 0; !open.empty(); ++steps) {
    Value next = open.pop_back_val();
    if (auto known = integers(next);
        known && llvm::all_of(*known, [](AffineExpr e) { return e && isNonNegativeExpression(e); }))
      continue;
    Operation *op = next.getDefiningOp();
    if (!op || steps > 64)
      return false;
    if (isa<llm::ShapeOfOp>(op))
      continue;
    if (auto range = dyn_cast<llm::RangeOp>(op)) {
      auto delta = constants(range.getDelta());
      if (!delta || delta->size() != 1 || delta->front() <= 0)
        return false;
      open.push_back(range.getStart());
      continue;
    }
    if (isa<llm::AddOp, llm::MulOp, llm::ConcatOp>(op)) {
      llvm::append_range(open, op->getOperands());
      continue;
    }
    if (!isa<llm::CastOp, llm::UnsqueezeOp, llm::SqueezeOp, llm::ReshapeOp, llm::ExpandOp, llm::TransposeOp,
             llm::SliceOp>(op) ||
        !isInteger(op->getOperand(0)))
      return false;
    open.push_back(op->getOperand(0));
  }
  return true;
}

} // namespace lathe
