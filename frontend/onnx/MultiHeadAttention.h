// Attention with as many key heads as query heads, as operators of com.microsoft have it: what is left to do when
// query, key and value are there. Relies on AttentionParts.
#pragma once

#include "frontend/onnx/NodeBuilder.h"

namespace lathe {

/// Heads are (batch, tokens, heads, size), caches (batch, heads, past, size); null values are left out.
struct MultiHead {
  mlir::Value query, key, value;
  mlir::Value mask; // integers, 0 is hidden: (batch, keys), (batch, tokens, keys), (batch, 1, most, most); or bounds
  mlir::Value bias; // added to the scores
  mlir::Value pastKey, pastValue;
  mlir::Value pastLength; // a scalar: the caches have room for more, and this many tokens
  bool isCausal = false, isCross = false, wantsScores = false;
};

/// Key and value of a past (2, batch, heads, past, size); nulls for null.
std::pair<mlir::Value, mlir::Value> splitPast(NodeBuilder &n, mlir::Value past);
/// Gives output, present_key, present_value and, when wanted, the masked scores before the softmax.
void giveMultiHead(NodeBuilder &n, MultiHead parts);
/// The sizes of query, key and value in weights (input, sizes), by qkv_hidden_sizes or in equal parts.
llvm::SmallVector<int64_t> projectionSizes(NodeBuilder &n, mlir::Value weights);
/// The same from one projection (batch, tokens, columns), with the attributes of Attention; gives output and present.
void giveFromProjection(NodeBuilder &n, mlir::Value projected, llvm::ArrayRef<int64_t> sizes, MultiHead parts);

} // namespace lathe
