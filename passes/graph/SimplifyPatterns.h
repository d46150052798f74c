// The rewrites of simplify-graph by family. Private to passes/graph, but for isWeightExpression, which fusion asks as
// well.
#pragma once

#include "ir/llm/SymbolicShapes.h"

#include <mlir/IR/PatternMatch.h>

namespace lathe {

/// Each adds patterns that ask `shapes`, which must outlive them.
void addMovePatterns(mlir::RewritePatternSet &patterns, const llm::SymbolicShapes &shapes);
void addSlicePatterns(mlir::RewritePatternSet &patterns, const llm::SymbolicShapes &shapes);
void addMathPatterns(mlir::RewritePatternSet &patterns, const llm::SymbolicShapes &shapes);
void addScatterPatterns(mlir::RewritePatternSet &patterns, const llm::SymbolicShapes &shapes);

/// Replaces the op's result by `value`, which has the same elements; static sizes that only the op's type has go to
/// `value`.
void replaceKeepingSizes(mlir::PatternRewriter &rewriter, mlir::Operation *op, mlir::Value value);
/// An i64 vector with these sizes: llm.constant when all are numbers, else llm.dims.
mlir::Value makeShape(mlir::PatternRewriter &rewriter, mlir::Location location, const llm::SymbolicShapes &shapes,
                      llvm::ArrayRef<mlir::AffineExpr> sizes);
/// A tensor type with the sizes that are numbers.
mlir::RankedTensorType typeOf(llvm::ArrayRef<mlir::AffineExpr> sizes, mlir::Type element);
/// Whether both shapes are known and the same.
bool haveSameShape(const llm::SymbolicShapes &shapes, mlir::Value a, mlir::Value b);
/// Whether the value is computed from weights and constants alone: such expressions are evaluated when weights are
/// packed.
bool isWeightExpression(mlir::Value value);

} // namespace lathe
