// What is known at import about shapes and small integer values, as expressions of the function's symbols: enough to
// give every value a rank and its static sizes, however the exporter computes them. Relies on the llm ops' semantics.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>
#include <mlir/IR/AffineExpr.h>
#include <mlir/IR/Operation.h>
#include <mlir/IR/Value.h>

#include <optional>

namespace lathe {

/// Expressions; a null one is not known.
using Expressions = llvm::SmallVector<mlir::AffineExpr>;

class ShapeFacts {
public:
  explicit ShapeFacts(mlir::MLIRContext *context) : context(context) {}

  void setDims(mlir::Value value, Expressions dims) { dims_[value] = std::move(dims); }
  void setIntegers(mlir::Value value, Expressions elements) { integers_[value] = std::move(elements); }
  /// Before an op is erased: another value may get its address.
  void forget(mlir::Value value) {
    dims_.erase(value);
    integers_.erase(value);
  }
  /// An entry for each axis.
  Expressions dims(mlir::Value value) const;
  /// The elements, row major, of an integer or boolean tensor of at most 64 elements; nothing when none is known.
  std::optional<Expressions> integers(mlir::Value value) const;
  /// The elements when all are constants.
  std::optional<llvm::SmallVector<int64_t>> constants(mlir::Value value) const;

  /// Notes what the op's result is, and writes sizes that turn out static into its type. Operands must have been
  /// learned.
  void learn(mlir::Operation *op);

  /// Result sizes of reshape, expand, slice and range by what is known of the operands.
  Expressions reshaped(mlir::Value x, llvm::ArrayRef<mlir::AffineExpr> shape) const;
  Expressions broadcast(llvm::ArrayRef<mlir::AffineExpr> a, llvm::ArrayRef<mlir::AffineExpr> b) const;
  Expressions sliced(mlir::Value x, mlir::Value starts, mlir::Value ends, llvm::ArrayRef<int64_t> axes,
                     llvm::ArrayRef<int64_t> steps) const;
  Expressions rangeLength(mlir::Value start, mlir::Value limit, mlir::Value delta) const;

  /// Whether no value of the tensor is negative, as far as this can be seen.
  bool isNonNegative(mlir::Value value) const;

private:
  mlir::MLIRContext *context;
  llvm::DenseMap<mlir::Value, Expressions> dims_, integers_;

  mlir::AffineExpr constant(int64_t value) const { return mlir::getAffineConstantExpr(value, context); }
  std::optional<Expressions> computeDims(mlir::Operation *op) const;
  std::optional<Expressions> computeIntegers(mlir::Operation *op) const;
  std::optional<Expressions> computeElementwise(mlir::Operation *op) const;
};

/// Sizes for a type: what is no constant is dynamic.
llvm::SmallVector<int64_t> staticSizes(llvm::ArrayRef<mlir::AffineExpr> dims);
/// Whether the expression is a sum of products of sizes and numbers that are not negative.
bool isNonNegativeExpression(mlir::AffineExpr expression);

} // namespace lathe
