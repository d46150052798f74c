// Conditions on the coordinates of a tensor's element: conjunctions of clauses of inequalities between coordinates and
// sizes, and of elements of integer inputs that are not 0. Relies on SizeExpressions; coordinates are symbols beyond
// the function's own.
#pragma once

#include "ir/llm/SymbolicShapes.h"

#include <optional>
#include <vector>

namespace lathe {

/// The coordinates an element is asked for at, as symbols with ranges: coordinate i is in [0, sizes[i]); a null size is
/// not known.
class Coordinates {
public:
  Coordinates(const llm::SymbolicShapes &shapes, llvm::ArrayRef<mlir::AffineExpr> sizes, mlir::MLIRContext *context);

  mlir::AffineExpr operator[](size_t index) const { return symbols_[index]; }
  size_t count() const { return symbols_.size(); }
  const llm::SizeExpressions &sizes() const { return sizes_; }
  /// Whether the expression is not negative at every element, whatever the function's symbols are. Gives up (false)
  /// after many questions, so that no graph takes long.
  bool isNonNegative(mlir::AffineExpr expression) const;
  bool contains(mlir::AffineExpr expression) const;

private:
  const llm::SizeExpressions &sizes_;
  llvm::SmallVector<mlir::AffineExpr> symbols_, last_; ///< last_: the largest value, null when not known
  mutable int questions_ = 50000;
};

/// `expression >= 0`, or an element of an input that is (not) 0.
struct Literal {
  mlir::AffineExpr expression;
  mlir::Value input; ///< instead of the expression
  llvm::SmallVector<mlir::AffineExpr> at;
  bool isZero = false;

  Literal negated(const llm::SizeExpressions &sizes) const;
  bool operator==(const Literal &other) const {
    return expression == other.expression && input == other.input && at == other.at && isZero == other.isZero;
  }
};

using Clause = std::vector<Literal>; ///< any of them; an empty one is never true

/// All clauses hold. Kept simplified: no clause or literal that follows from the ranges or from another.
class Condition {
public:
  static Condition always() { return Condition(); }
  static Condition never();
  static Condition of(const Literal &literal, const Coordinates &coordinates);
  static Condition atLeastZero(mlir::AffineExpr expression, const Coordinates &coordinates);

  bool isAlways() const { return clauses_.empty(); }
  bool isNever() const { return clauses_.size() == 1 && clauses_.front().empty(); }
  const std::vector<Clause> &clauses() const { return clauses_; }

  /// Nothing where the result is too large to be of use.
  std::optional<Condition> andAlso(const Condition &other, const Coordinates &coordinates) const;
  std::optional<Condition> orElse(const Condition &other, const Coordinates &coordinates) const;
  std::optional<Condition> negated(const Coordinates &coordinates) const;

private:
  std::vector<Clause> clauses_;
  void simplify(const Coordinates &coordinates);
};

} // namespace lathe
