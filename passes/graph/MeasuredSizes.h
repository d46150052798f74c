// How the sizes of one op's result are computed where expressions cannot say them: scalar arithmetic in llm ops, then
// llm.size. Relies on what SymbolicShapes knows of the op's operands.
#pragma once

#include "ir/llm/SymbolicShapes.h"

#include <mlir/IR/Builders.h>

namespace lathe {

class MeasuredSizes {
public:
  /// Knows of `function` what `shapes` knows; adds symbols to its llm.symbols.
  MeasuredSizes(mlir::func::FuncOp function, const llm::SymbolicShapes &shapes);

  /// Rewrites the op so that its sizes follow from symbols. False when there is nothing to measure.
  bool measure(mlir::Operation *op);
  /// Symbols that were made.
  int64_t count() const { return made; }

private:
  using Sizes = llvm::SmallVector<mlir::AffineExpr>; ///< over the function's symbols; null: not known

  mutable mlir::func::FuncOp function;
  const llm::SymbolicShapes &shapes;
  mlir::OpBuilder builder;
  mlir::Location location;
  int64_t made = 0;
  llvm::DenseMap<mlir::Value, mlir::AffineExpr> measuredValues;

  // ---- scalars: tensor<i64>
  mlir::Value number(int64_t value);
  mlir::Value scalar(mlir::AffineExpr size);
  /// Element `index` of a vector or scalar of integers; as an expression where that is known.
  mlir::Value element(mlir::Value vector, int64_t index);
  mlir::Value select(mlir::Value condition, mlir::Value yes, mlir::Value no);
  mlir::Value compare(llvm::StringRef predicate, mlir::Value lhs, mlir::Value rhs);
  mlir::Value clamp(mlir::Value value, mlir::Value low, mlir::Value high);
  template <class Op> mlir::Value make(mlir::Value lhs, mlir::Value rhs);
  /// The value as a symbol from here on; a number or expression where it is one.
  mlir::AffineExpr size(mlir::Value value);

  mlir::AffineMap map(llvm::ArrayRef<mlir::AffineExpr> expressions) const;
  mlir::Value dims(llvm::ArrayRef<mlir::AffineExpr> sizes);
  mlir::RankedTensorType typeOf(llvm::ArrayRef<mlir::AffineExpr> sizes, mlir::Type element) const;

  bool measureReshape(mlir::Operation *op);
  bool measureExpand(mlir::Operation *op);
  bool measureSlice(mlir::Operation *op);
  bool measureRange(mlir::Operation *op);
  bool measureBroadcast(mlir::Operation *op, int64_t innerAxes);
  bool measureOperands(mlir::Operation *op);
};

} // namespace lathe
