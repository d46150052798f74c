// Arithmetic on sizes: integer expressions of a function's symbols in one canonical form, so that equal polynomials are
// the same AffineExpr, with what is known of the symbols' ranges. A null expression means "not known" and is what any
// operation on it gives.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/SmallVector.h>
#include <mlir/IR/AffineExpr.h>

#include <optional>
#include <utility>

namespace lathe::llm {

/// How the difference of two sizes is known to stand to 0, whatever the symbols are.
enum class Order { Less, LessEqual, Equal, GreaterEqual, Greater, Unknown };

class SizeExpressions {
public:
  /// `lowest[i]` is the least value of symbol i; symbols beyond it are at least 0.
  explicit SizeExpressions(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> lowest = {})
      : context_(context), lowest_(lowest.begin(), lowest.end()) {}

  mlir::AffineExpr constant(int64_t value) const { return mlir::getAffineConstantExpr(value, context_); }
  /// The canonical form. Null for an expression of dimensions, with a divisor that is not a positive constant, with
  /// numbers beyond 64 bits, or that is too large to be of use.
  mlir::AffineExpr canonical(mlir::AffineExpr expression) const;

  mlir::AffineExpr add(mlir::AffineExpr a, mlir::AffineExpr b) const;
  mlir::AffineExpr sub(mlir::AffineExpr a, mlir::AffineExpr b) const;
  mlir::AffineExpr mul(mlir::AffineExpr a, mlir::AffineExpr b) const;
  mlir::AffineExpr product(llvm::ArrayRef<mlir::AffineExpr> factors) const;
  /// Towards minus infinity. By a constant, or where the division of polynomials leaves no remainder (the divisor is
  /// taken to be not 0).
  mlir::AffineExpr floorDiv(mlir::AffineExpr a, mlir::AffineExpr b) const;
  /// The quotient of the polynomials where none remains, else null.
  mlir::AffineExpr exactDiv(mlir::AffineExpr a, mlir::AffineExpr b) const;
  /// Division of polynomials: a = quotient * b + rest, where the rest has no term that the leading term of b divides.
  /// Nulls where that overflows.
  std::pair<mlir::AffineExpr, mlir::AffineExpr> divide(mlir::AffineExpr a, mlir::AffineExpr b) const;
  /// In [0, b), for a positive constant b.
  mlir::AffineExpr mod(mlir::AffineExpr a, mlir::AffineExpr b) const;
  /// Null where it depends on the symbols which one it is.
  mlir::AffineExpr min(mlir::AffineExpr a, mlir::AffineExpr b) const;
  mlir::AffineExpr max(mlir::AffineExpr a, mlir::AffineExpr b) const;
  /// The size that numpy broadcasting gives. A size that is neither 1 nor equal is an error of the model, so a constant
  /// other than 1 decides; null where the symbols decide.
  mlir::AffineExpr broadcast(mlir::AffineExpr a, mlir::AffineExpr b) const;

  /// A number the expression is never below (above), or nothing.
  std::optional<int64_t> lowerBound(mlir::AffineExpr expression) const;
  std::optional<int64_t> upperBound(mlir::AffineExpr expression) const;
  bool isAtLeast(mlir::AffineExpr expression, int64_t bound) const;
  Order compare(mlir::AffineExpr a, mlir::AffineExpr b) const;

private:
  mlir::MLIRContext *context_;
  llvm::SmallVector<int64_t> lowest_;
};

/// The number, when the expression is a constant one.
std::optional<int64_t> constantValue(mlir::AffineExpr expression);

} // namespace lathe::llm
