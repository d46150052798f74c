// Pointwise arithmetic of ElementValues: each combination of pieces on its own.
#include "passes/graph/ElementValues.h"

#include "ir/llm/Llm.h"

#include <cmath>

using namespace mlir;

namespace lathe {

static constexpr size_t maxPieces = 16;

static Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

std::optional<double> Leaf::constant() const {
  if (input || table)
    return std::nullopt;
  if (!expression)
    return number;
  auto whole = llm::constantValue(expression);
  return whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
}

/// Joins pieces of one leaf and drops those that never are.
std::optional<ElementValue> ElementValues::merged(ElementValue value, Operation *op) {
  ElementValue result;
  for (ElementValue::Piece &piece : value.pieces) {
    if (piece.when.isNever())
      continue;
    auto same =
        ::llvm::find_if(result.pieces, [&](const ElementValue::Piece &other) { return other.leaf == piece.leaf; });
    if (same == result.pieces.end()) {
      result.pieces.push_back(std::move(piece));
      continue;
    }
    auto either = same->when.orElse(piece.when, coordinates_);
    if (!either)
      return fail(op, "depends on too many conditions");
    same->when = *either;
  }
  if (result.pieces.size() > maxPieces)
    return fail(op, "has too many values");
  return result;
}

std::optional<ElementValue> ElementValues::select(const Condition &condition, const ElementValue &x,
                                                  const ElementValue &y, Operation *op) {
  if (condition.isAlways())
    return x;
  if (condition.isNever())
    return y;
  auto inverse = condition.negated(coordinates_);
  if (!inverse)
    return fail(op, "depends on too many conditions");
  ElementValue result;
  if (x.truth && y.truth) {
    // (c and x) or (not c and y)  =  (not c or x) and (c or y)
    auto left = inverse->orElse(*x.truth, coordinates_), right = condition.orElse(*y.truth, coordinates_);
    result.truth = left && right ? left->andAlso(*right, coordinates_) : std::nullopt;
    return result.truth ? std::optional(result) : fail(op, "depends on too many conditions");
  }
  if (x.truth || y.truth)
    return fail(op, "mixes booleans and numbers");
  for (bool chosen : {true, false})
    for (const ElementValue::Piece &piece : (chosen ? x : y).pieces) {
      auto when = piece.when.andAlso(chosen ? condition : *inverse, coordinates_);
      if (!when)
        return fail(op, "depends on too many conditions");
      result.pieces.push_back({*when, piece.leaf});
    }
  return merged(std::move(result), op);
}

std::optional<ElementValue> ElementValues::asNumber(ElementValue value, Operation *op) {
  if (!value.truth)
    return value;
  return select(*value.truth, whole(sizes().constant(1)), whole(sizes().constant(0)), op);
}

std::optional<ElementValue> ElementValues::asZeroOrOne(ElementValue value, Operation *op) {
  ElementValue result;
  for (ElementValue::Piece &piece : value.pieces) {
    if (!piece.leaf.input) {
      result.pieces.push_back(piece);
      continue;
    }
    Literal literal;
    literal.input = piece.leaf.input;
    literal.at = piece.leaf.at;
    for (bool set : {true, false}) {
      auto when =
          piece.when.andAlso(Condition::of(set ? literal : literal.negated(sizes()), coordinates_), coordinates_);
      if (!when)
        return fail(op, "depends on too many conditions");
      result.pieces.push_back({*when, {}});
      result.pieces.back().leaf.expression = sizes().constant(set);
    }
  }
  return merged(std::move(result), op);
}

std::optional<Condition> ElementValues::asTruth(const ElementValue &value, Operation *op) {
  if (value.truth)
    return value.truth;
  std::optional<Condition> result = Condition::never();
  for (const ElementValue::Piece &piece : value.pieces) {
    std::optional<Condition> truth;
    if (piece.leaf.table)
      return fail(op, "asks whether elements of a table are 0");
    if (piece.leaf.input) {
      Literal literal;
      literal.input = piece.leaf.input;
      literal.at = piece.leaf.at;
      truth = Condition::of(literal, coordinates_);
    } else if (piece.leaf.expression) {
      truth =
          Condition::atLeastZero(sizes().sub(piece.leaf.expression, sizes().constant(1)), coordinates_)
              .orElse(Condition::atLeastZero(sizes().sub(sizes().constant(-1), piece.leaf.expression), coordinates_),
                      coordinates_);
    } else {
      truth = piece.leaf.number != 0 ? Condition::always() : Condition::never();
    }
    auto both = truth ? piece.when.andAlso(*truth, coordinates_) : std::nullopt;
    result = both ? result->orElse(*both, coordinates_) : std::nullopt;
    if (!result)
      return fail(op, "depends on too many conditions");
  }
  return result;
}

std::optional<Condition> ElementValues::compare(Operation *op, const Leaf &a, const Leaf &b) {
  llm::Predicate predicate = cast<llm::CompareOp>(op).getPredicate();
  auto left = a.constant(), right = b.constant();
  auto decide = [&](bool value) { return value ? Condition::always() : Condition::never(); };
  if (left && right) {
    switch (predicate) {
    case llm::Predicate::eq:
      return decide(*left == *right);
    case llm::Predicate::ne:
      return decide(*left != *right);
    case llm::Predicate::lt:
      return decide(*left < *right);
    case llm::Predicate::le:
      return decide(*left <= *right);
    case llm::Predicate::gt:
      return decide(*left > *right);
    case llm::Predicate::ge:
      return decide(*left >= *right);
    }
  }
  if (a.table || b.table)
    return fail(op, "compares elements of a table");
  if (a.input || b.input) {
    // An element of an input is compared with 0.
    bool isSwapped = static_cast<bool>(b.input);
    if ((isSwapped ? left : right) != 0.0 || (predicate != llm::Predicate::eq && predicate != llm::Predicate::ne))
      return fail(op, "compares an input with something else than 0");
    Literal literal;
    literal.input = isSwapped ? b.input : a.input;
    literal.at = isSwapped ? b.at : a.at;
    literal.isZero = predicate == llm::Predicate::eq;
    return Condition::of(literal, coordinates_);
  }
  auto expressionOf = [&](const Leaf &leaf) -> AffineExpr {
    if (leaf.expression)
      return leaf.expression;
    if (leaf.number != std::floor(leaf.number) || std::fabs(leaf.number) > 1e15)
      return AffineExpr();
    return sizes().constant(static_cast<int64_t>(leaf.number));
  };
  AffineExpr difference = sizes().sub(expressionOf(a), expressionOf(b)), one = sizes().constant(1);
  if (!difference)
    return fail(op, "compares numbers that are not whole");
  AffineExpr opposite = sizes().sub(sizes().constant(0), difference);
  switch (predicate) {
  case llm::Predicate::ge:
    return Condition::atLeastZero(difference, coordinates_);
  case llm::Predicate::gt:
    return Condition::atLeastZero(sizes().sub(difference, one), coordinates_);
  case llm::Predicate::le:
    return Condition::atLeastZero(opposite, coordinates_);
  case llm::Predicate::lt:
    return Condition::atLeastZero(sizes().sub(opposite, one), coordinates_);
  case llm::Predicate::eq:
    return Condition::atLeastZero(difference, coordinates_)
        .andAlso(Condition::atLeastZero(opposite, coordinates_), coordinates_);
  case llm::Predicate::ne:
    return Condition::atLeastZero(sizes().sub(difference, one), coordinates_)
        .orElse(Condition::atLeastZero(sizes().sub(opposite, one), coordinates_), coordinates_);
  }
  return std::nullopt;
}

std::optional<Leaf> ElementValues::combine(Operation *op, const Leaf &a, const Leaf &b) {
  Leaf result;
  if (a.input || b.input)
    return fail(op, "computes with the values of an input");
  if (a.table || b.table) {
    // Multiples of one element add up; a multiple may be multiplied.
    bool isSame = a.table == b.table && a.at == b.at;
    result = a.table ? a : b;
    const Leaf &other = a.table ? b : a;
    if (isa<llm::MulOp>(op) && other.isWhole())
      result.expression = sizes().mul(a.expression, b.expression);
    else if (isa<llm::AddOp>(op) && (isSame || other.constant() == 0.0))
      result.expression = isSame ? sizes().add(a.expression, b.expression) : result.expression;
    else if (isa<llm::SubOp>(op) && isSame)
      result.expression = sizes().sub(a.expression, b.expression);
    else
      return fail(op, "computes with elements of a table");
    return result.expression ? std::optional(result) : fail(op, "has no expression");
  }
  if (a.expression && b.expression) {
    if (isa<llm::AddOp>(op))
      result.expression = sizes().add(a.expression, b.expression);
    else if (isa<llm::SubOp>(op))
      result.expression = sizes().sub(a.expression, b.expression);
    else if (isa<llm::MulOp>(op))
      result.expression = sizes().mul(a.expression, b.expression);
    else if (isa<llm::DivOp>(op))
      result.expression = sizes().exactDiv(a.expression, b.expression);
    else if (isa<llm::MinOp, llm::MaxOp>(op)) {
      bool atLeast = coordinates_.isNonNegative(sizes().sub(a.expression, b.expression));
      if (atLeast || coordinates_.isNonNegative(sizes().sub(b.expression, a.expression)))
        result.expression = atLeast == isa<llm::MaxOp>(op) ? a.expression : b.expression;
    }
    return result.expression ? std::optional(result) : fail(op, "has no expression");
  }
  auto left = a.constant(), right = b.constant();
  if (isa<llm::MulOp>(op) && (left == 0.0 || right == 0.0)) {
    auto other = left == 0.0 ? right : left;
    if (other && !std::isfinite(*other))
      return fail(op, "multiplies infinity by 0");
    result.expression = sizes().constant(0);
    return result;
  }
  if (!left || !right)
    return fail(op, "computes with numbers that are not known");
  if (isa<llm::AddOp>(op))
    result.number = *left + *right;
  else if (isa<llm::SubOp>(op))
    result.number = *left - *right;
  else if (isa<llm::MulOp>(op))
    result.number = *left * *right;
  else if (isa<llm::DivOp>(op))
    result.number = *left / *right;
  else if (isa<llm::MinOp>(op))
    result.number = std::min(*left, *right);
  else if (isa<llm::MaxOp>(op))
    result.number = std::max(*left, *right);
  else
    return fail(op, "is not followed");
  if (std::isnan(result.number))
    return fail(op, "gives no number");
  return result;
}

std::optional<ElementValue> ElementValues::computePointwise(Operation *op, ArrayRef<AffineExpr> at) {
  auto operandAt = [&](unsigned index) -> std::optional<ElementValue> {
    Value x = op->getOperand(index);
    int64_t rank = cast<RankedTensorType>(x.getType()).getRank(), lead = static_cast<int64_t>(at.size()) - rank;
    At place;
    for (int64_t axis = 0; axis < rank; ++axis) {
      AffineExpr size = shapes_.sizeOf(x, axis);
      // A size that is not the result's is 1 or not known to be.
      if (llm::constantValue(size) == 1)
        place.push_back(sizes().constant(0));
      else if (size && (op->getNumOperands() == 1 || size == shapes_.sizeOf(op->getResult(0), lead + axis)))
        place.push_back(at[lead + axis]);
      else
        return fail(op, "has operands whose sizes are not known");
    }
    return this->at(x, place);
  };
  auto truthOf = [&](unsigned index) -> std::optional<Condition> {
    auto value = operandAt(index);
    return value ? asTruth(*value, op) : std::nullopt;
  };
  ElementValue result;
  auto giveTruth = [&](std::optional<Condition> truth) -> std::optional<ElementValue> {
    if (!truth)
      return fail(op, "depends on too many conditions");
    result.truth = truth;
    return result;
  };
  bool booleans = elementOf(op->getResult(0)).isInteger(1);
  if (isa<llm::SelectOp>(op)) {
    auto condition = truthOf(0);
    if (!condition)
      return std::nullopt;
    if (condition->isAlways() || condition->isNever())
      return operandAt(condition->isAlways() ? 1 : 2);
    auto x = operandAt(1);
    auto y = x ? operandAt(2) : std::nullopt;
    return y ? select(*condition, *x, *y, op) : std::nullopt;
  }
  if (isa<llm::AndOp, llm::OrOp>(op) || (booleans && isa<llm::MulOp, llm::AddOp>(op))) {
    auto a = truthOf(0);
    auto b = a ? truthOf(1) : std::nullopt;
    if (!b)
      return std::nullopt;
    return giveTruth(isa<llm::AndOp, llm::MulOp>(op) ? a->andAlso(*b, coordinates_) : a->orElse(*b, coordinates_));
  }
  if (isa<llm::NotOp>(op)) {
    auto a = truthOf(0);
    return a ? giveTruth(a->negated(coordinates_)) : std::nullopt;
  }
  if (isa<llm::CastOp>(op)) {
    if (booleans) {
      auto a = truthOf(0);
      return a ? giveTruth(a) : std::nullopt;
    }
    auto x = operandAt(0);
    auto plain = x ? asNumber(std::move(*x), op) : std::nullopt;
    auto to = dyn_cast<FloatType>(elementOf(op->getResult(0)));
    bool hasTable =
        plain && ::llvm::any_of(plain->pieces, [](const auto &piece) { return piece.leaf.table != nullptr; });
    if (hasTable && (!to || to.getWidth() < 32))
      return fail(op, "rounds elements of a table");
    if (!plain || !to)
      return plain;
    return asZeroOrOne(std::move(*plain), op);
  }
  auto first = operandAt(0);
  auto a = first ? asNumber(std::move(*first), op) : std::nullopt;
  if (!a)
    return std::nullopt;
  if (isa<llm::NegOp>(op)) {
    for (ElementValue::Piece &piece : a->pieces) {
      if (piece.leaf.input)
        return fail(op, "computes with the values of an input");
      if (piece.leaf.expression)
        piece.leaf.expression = sizes().sub(sizes().constant(0), piece.leaf.expression);
      else
        piece.leaf.number = -piece.leaf.number;
    }
    return a;
  }
  if (op->getNumOperands() != 2 ||
      !isa<llm::AddOp, llm::SubOp, llm::MulOp, llm::DivOp, llm::MinOp, llm::MaxOp, llm::CompareOp>(op))
    return fail(op, "is not followed");
  auto second = operandAt(1);
  auto b = second ? asNumber(std::move(*second), op) : std::nullopt;
  if (!b)
    return std::nullopt;
  std::optional<Condition> truth = Condition::never();
  for (const ElementValue::Piece &x : a->pieces)
    for (const ElementValue::Piece &y : b->pieces) {
      auto when = x.when.andAlso(y.when, coordinates_);
      if (!when)
        return fail(op, "depends on too many conditions");
      if (when->isNever())
        continue;
      if (isa<llm::CompareOp>(op)) {
        auto holds = compare(op, x.leaf, y.leaf);
        auto both = holds ? when->andAlso(*holds, coordinates_) : std::nullopt;
        truth = both ? truth->orElse(*both, coordinates_) : std::nullopt;
        if (!truth)
          return fail(op, "depends on too many conditions");
        continue;
      }
      auto leaf = combine(op, x.leaf, y.leaf);
      if (!leaf)
        return std::nullopt;
      result.pieces.push_back({*when, *leaf});
    }
  if (isa<llm::CompareOp>(op))
    return giveTruth(truth);
  return merged(std::move(result), op);
}

} // namespace lathe
