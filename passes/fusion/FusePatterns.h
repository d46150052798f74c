// What the passes of the phase fuse share. Private to passes/fusion.
#pragma once

#include "ir/llm/Llm.h"
#include "ir/llm/SymbolicShapes.h"

#include <mlir/IR/PatternMatch.h>

namespace lathe {

/// A pattern that asks for sizes. `shapes` must outlive it.
template <class Op> struct FusionPattern : mlir::OpRewritePattern<Op> {
  FusionPattern(mlir::MLIRContext *context, const llm::SymbolicShapes &shapes, mlir::PatternBenefit benefit = 1)
      : mlir::OpRewritePattern<Op>(context, benefit), shapes(shapes) {}
  const llm::SymbolicShapes &shapes;
};

/// (batch, heads, tokens, headDim) <=> (batch, tokens, heads, headDim)
inline mlir::Value swapHeadsAndTokens(mlir::OpBuilder &builder, mlir::Location location, mlir::Value x) {
  return builder.create<llm::TransposeOp>(location, x, llvm::ArrayRef<int64_t>{0, 2, 1, 3});
}

/// The rewrites of the llm ops themselves (transpose of transpose, ...), which tidy up after a fusion.
inline void addTidyPatterns(mlir::RewritePatternSet &patterns) {
  mlir::MLIRContext *context = patterns.getContext();
  llm::TransposeOp::getCanonicalizationPatterns(patterns, context);
  llm::ReshapeOp::getCanonicalizationPatterns(patterns, context);
}

/// Whether the softmax is over a product of two values of at least three axes, and its result is multiplied with another, each
/// with nothing but pointwise ops and moves between: what is attention, or nearly.
bool looksLikeAttention(llm::SoftmaxOp softmax); // VerifyFused.cpp

/// Whether `value` is (columns) or (1, .., columns), in the element type of x (.., columns).
bool isPerColumn(mlir::Value value, mlir::Value x);
/// Such a value without its axes of size 1.
mlir::Value asVector(mlir::OpBuilder &builder, mlir::Location location, mlir::Value value);
/// A constant, or made of weights alone.
bool isStored(mlir::Value value);

/// Patterns of fuse-rope and fuse-attention in files of their own. `shapes` must outlive them.
void addRotationPatterns(mlir::RewritePatternSet &patterns, const llm::SymbolicShapes &shapes); // FormRotations.cpp
void addSplitPatterns(mlir::RewritePatternSet &patterns, const llm::SymbolicShapes &shapes); // LiftSplits.cpp
void addMaskPatterns(mlir::RewritePatternSet &patterns, const llm::SymbolicShapes &shapes);  // SplitMask.cpp

void addNormPatterns(mlir::RewritePatternSet &patterns);       // Norms.cpp
void addActivationPatterns(mlir::RewritePatternSet &patterns); // Activations.cpp

} // namespace lathe
