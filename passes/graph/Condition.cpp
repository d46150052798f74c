// See Condition.h.
#include "passes/graph/Condition.h"

using namespace mlir;

namespace lathe {

static constexpr size_t maxClauses = 16, maxLiterals = 6;

Coordinates::Coordinates(const llm::SymbolicShapes &shapes, ArrayRef<AffineExpr> sizes, MLIRContext *context)
    : sizes_(shapes.sizes()) {
  for (auto [index, size] : ::llvm::enumerate(sizes)) {
    symbols_.push_back(getAffineSymbolExpr(shapes.symbols().size() + index, context));
    last_.push_back(size ? sizes_.sub(size, sizes_.constant(1)) : AffineExpr());
  }
}

bool Coordinates::contains(AffineExpr expression) const {
  return ::llvm::any_of(symbols_, [&](AffineExpr symbol) {
    return expression.isFunctionOfSymbol(cast<AffineSymbolExpr>(symbol).getPosition());
  });
}

bool Coordinates::isNonNegative(AffineExpr expression) const {
  if (!expression || --questions_ < 0)
    return false;
  for (auto [symbol, last] : ::llvm::zip(symbols_, last_)) {
    if (!expression.isFunctionOfSymbol(cast<AffineSymbolExpr>(symbol).getPosition()))
      continue;
    bool inside = false; // of a division or remainder, where the ends of a range say nothing
    expression.walk([&](AffineExpr part) {
      if (part.getKind() == AffineExprKind::FloorDiv || part.getKind() == AffineExprKind::Mod)
        inside |= part.isFunctionOfSymbol(cast<AffineSymbolExpr>(symbol).getPosition());
    });
    // The expression is linear in each coordinate, so its least value is at an end of each range. Without an upper end
    // it has to grow.
    AffineExpr first = sizes_.canonical(expression.replace(symbol, sizes_.constant(0)));
    AffineExpr end = sizes_.canonical(expression.replace(symbol, last ? last : sizes_.constant(1)));
    if (inside || !first || !end || !isNonNegative(first))
      return false;
    return last ? isNonNegative(end) : isNonNegative(sizes_.sub(end, first));
  }
  return sizes_.isAtLeast(expression, 0);
}

Literal Literal::negated(const llm::SizeExpressions &sizes) const {
  Literal result = *this;
  if (input)
    result.isZero = !isZero;
  else
    result.expression = sizes.sub(sizes.constant(-1), expression);
  return result;
}

/// Whether a implies b, and whether they exclude each other.
static bool implies(const Literal &a, const Literal &b, const Coordinates &coordinates) {
  if (a.input || b.input)
    return a == b;
  return coordinates.isNonNegative(coordinates.sizes().sub(b.expression, a.expression));
}
static bool excludes(const Literal &a, const Literal &b, const Coordinates &coordinates) {
  return implies(a, b.negated(coordinates.sizes()), coordinates);
}
static bool isAlwaysTrue(const Literal &literal, const Coordinates &coordinates) {
  return !literal.input && coordinates.isNonNegative(literal.expression);
}

Condition Condition::never() {
  Condition result;
  result.clauses_.emplace_back();
  return result;
}
Condition Condition::of(const Literal &literal, const Coordinates &coordinates) {
  Condition result;
  result.clauses_.push_back({literal});
  result.simplify(coordinates);
  return result;
}
Condition Condition::atLeastZero(AffineExpr expression, const Coordinates &coordinates) {
  Literal literal;
  literal.expression = expression;
  return of(literal, coordinates);
}

void Condition::simplify(const Coordinates &coordinates) {
  const llm::SizeExpressions &sizes = coordinates.sizes();
  std::vector<Clause> kept;
  for (Clause &clause : clauses_) {
    Clause literals;
    bool always = false;
    for (const Literal &literal : clause) {
      if (isAlwaysTrue(literal, coordinates)) {
        always = true;
        break;
      }
      if (isAlwaysTrue(literal.negated(sizes), coordinates) ||
          ::llvm::any_of(literals, [&](const Literal &other) { return implies(literal, other, coordinates); }))
        continue;
      ::llvm::erase_if(literals, [&](const Literal &other) { return implies(other, literal, coordinates); });
      always |= ::llvm::any_of(literals, [&](const Literal &other) {
        return excludes(literal.negated(sizes), other.negated(sizes), coordinates);
      });
      literals.push_back(literal);
    }
    if (!always)
      kept.push_back(std::move(literals));
  }
  // A clause of one literal strikes out what it excludes, and whole clauses that it implies.
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < kept.size() && !changed; ++i)
      for (size_t j = 0; j < kept.size() && !changed; ++j) {
        if (i == j)
          continue;
        if (::llvm::all_of(kept[i], [&](const Literal &mine) {
              return ::llvm::any_of(kept[j], [&](const Literal &other) { return implies(mine, other, coordinates); });
            })) {
          kept.erase(kept.begin() + j);
          changed = true;
        } else if (kept[i].size() == 1) {
          size_t before = kept[j].size();
          ::llvm::erase_if(kept[j],
                           [&](const Literal &other) { return excludes(kept[i].front(), other, coordinates); });
          changed = kept[j].size() != before;
        }
      }
  }
  if (::llvm::any_of(kept, [](const Clause &clause) { return clause.empty(); }))
    kept.assign(1, Clause());
  clauses_ = std::move(kept);
}

std::optional<Condition> Condition::andAlso(const Condition &other, const Coordinates &coordinates) const {
  Condition result = *this;
  ::llvm::append_range(result.clauses_, other.clauses_);
  if (result.clauses_.size() > maxClauses)
    return std::nullopt;
  result.simplify(coordinates);
  return result;
}

std::optional<Condition> Condition::orElse(const Condition &other, const Coordinates &coordinates) const {
  Condition result;
  if (clauses_.size() * other.clauses_.size() > maxClauses)
    return std::nullopt;
  for (const Clause &mine : clauses_)
    for (const Clause &theirs : other.clauses_) {
      Clause joined = mine;
      ::llvm::append_range(joined, theirs);
      if (joined.size() > maxLiterals)
        return std::nullopt;
      result.clauses_.push_back(std::move(joined));
    }
  result.simplify(coordinates);
  return result;
}

std::optional<Condition> Condition::negated(const Coordinates &coordinates) const {
  std::optional<Condition> result = never();
  for (const Clause &clause : clauses_) {
    Condition none;
    for (const Literal &literal : clause)
      none.clauses_.push_back({literal.negated(coordinates.sizes())});
    none.simplify(coordinates);
    result = result->orElse(none, coordinates);
    if (!result)
      return std::nullopt;
  }
  return result;
}

} // namespace lathe
