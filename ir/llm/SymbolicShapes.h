// What is known of shapes and of small integer tensors in a function, as expressions of its symbols. Relies on the
// attributes llm.symbols and llm.dims of the function and on the meaning of the llm ops.
#pragma once

#include "ir/llm/SizeExpressions.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/StringRef.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <memory>
#include <optional>

namespace lathe::llm {

/// The symbols stand for sizes, so they are at least 0; "batch", "tokens" and "sequences" are at least 1. Expressions
/// are canonical (SizeExpressions.h): equal sizes are the same AffineExpr. Answers stay right while the function is
/// rewritten: results are remembered by what defines a value, and ops that are new are looked at when asked for. Also
/// inside ops with one region whose arguments are the op's operands (plan.group). Not thread-safe.
class SymbolicShapes {
public:
  /// Looks at the whole function.
  explicit SymbolicShapes(mlir::func::FuncOp function);
  ~SymbolicShapes();
  SymbolicShapes(const SymbolicShapes &) = delete;

  /// The names in llm.symbols; AffineSymbolExpr i is the i-th.
  llvm::ArrayRef<llvm::StringRef> symbols() const { return symbols_; }
  const SizeExpressions &sizes() const { return sizes_; }

  /// The sizes of a tensor, or nothing when one of them is not known or the value is no tensor.
  std::optional<llvm::SmallVector<mlir::AffineExpr>> shapeOf(mlir::Value value) const;
  /// The size of one axis; null when it is not known.
  mlir::AffineExpr sizeOf(mlir::Value value, int64_t axis) const;
  /// The elements, row major, of an integer or boolean tensor of at most 64 elements; nothing when one is not known.
  std::optional<llvm::SmallVector<mlir::AffineExpr>> contentOf(mlir::Value value) const;
  /// As contentOf, when all elements are numbers.
  std::optional<llvm::SmallVector<int64_t>> integersOf(mlir::Value value) const;
  /// As shapeOf and contentOf, with null for a size or an element that is not known.
  llvm::SmallVector<mlir::AffineExpr> sizesOf(mlir::Value value) const;
  std::optional<llvm::SmallVector<mlir::AffineExpr>> elementsOf(mlir::Value value) const;
  /// The number of elements; null when it is not known.
  mlir::AffineExpr elementCount(mlir::Value value) const;

  /// A map over the function's symbols.
  mlir::AffineMap map(llvm::ArrayRef<mlir::AffineExpr> expressions) const;

private:
  struct Entry;
  using Expressions = llvm::SmallVector<mlir::AffineExpr>; ///< null elements are not known

  mutable mlir::func::FuncOp function_;
  mlir::MLIRContext *context_;
  llvm::SmallVector<llvm::StringRef> symbols_;
  SizeExpressions sizes_;
  mutable llvm::DenseMap<mlir::Value, std::unique_ptr<Entry>> entries_;

  const Entry &entry(mlir::Value value) const;
  const Entry &computeEntry(mlir::Value value) const; ///< those of the operands are known
  const Expressions &dims(mlir::Value value) const;
  const std::optional<Expressions> &content(mlir::Value value) const;
  mlir::AffineExpr constant(int64_t value) const { return sizes_.constant(value); }

  Expressions computeDims(mlir::Value value) const;
  Expressions opDims(mlir::Operation *op) const;
  Expressions reshapedDims(mlir::Value x, mlir::Value shape, int64_t rank) const;
  Expressions slicedDims(mlir::Operation *slice) const;
  mlir::AffineExpr rangeLength(mlir::Operation *range) const;
  Expressions broadcastDims(mlir::ValueRange operands) const;
  Expressions matmulDims(mlir::Value lhs, mlir::Value rhs) const;

  // SymbolicContents.cpp
  /// The elements, some perhaps null; nothing when none is known. `dims` are the sizes of the result.
  std::optional<Expressions> computeContent(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> dims) const;
  std::optional<Expressions> movedContent(mlir::Operation *op, llvm::ArrayRef<int64_t> shape) const;
  std::optional<Expressions> pointwiseContent(mlir::Operation *op, llvm::ArrayRef<int64_t> shape) const;
  mlir::AffineExpr pointwiseElement(mlir::Operation *op, llvm::ArrayRef<mlir::AffineExpr> operands) const;
};

} // namespace lathe::llm
