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

} // namespace lathe
