// What the builders of attention operators share: heads, masks of positions, caches, and the op itself. Heads are
// (batch, tokens, heads, size) throughout, as in llm.attention.
#pragma once

#include "frontend/onnx/NodeBuilder.h"

namespace lathe::attention {

struct Attributes {
  float scale = 0; // 0: 1 / sqrt(head size)
  float softcap = 0;
  bool causal = false;
  int64_t window = 0;
  int64_t ahead = -1; // -1: no bound but `causal`
};

/// The operands of llm.attention; null ones are left out.
struct Operands {
  mlir::Value query, key, value, mask, lengths, sinks;
};

/// An integer attribute that must be above 0.
int64_t positive(NodeBuilder &n, llvm::StringRef name);
/// (batch, tokens, heads * size) -> (batch, tokens, heads, size).
mlir::Value openHeads(NodeBuilder &n, mlir::Value x, int64_t heads);
/// (batch, tokens, heads, size) -> (batch, tokens, heads * size).
mlir::Value closeHeads(NodeBuilder &n, mlir::Value x);
/// (batch, heads, tokens, size) <-> (batch, tokens, heads, size); fails for another rank.
mlir::Value swapHeads(NodeBuilder &n, mlir::Value x);
/// Columns of several heads beside each other, (batch, tokens, columns): those of the heads [begin, begin + count).
mlir::Value takeHeads(NodeBuilder &n, mlir::Value packed, int64_t begin, int64_t count, int64_t headDim);

/// Cache (batch, heads, past, size), or null, before the step's own part; what the model returns goes to `present`.
mlir::Value withPast(NodeBuilder &n, mlir::Value past, mlir::Value own, mlir::Value &present);
/// The same where the cache has room for more: the own part is written at the place `starts` (batch) of each sequence.
mlir::Value writtenInto(NodeBuilder &n, mlir::Value past, mlir::Value own, mlir::Value starts, mlir::Value &present);
/// A cache as long as its longest sequence, and the own part behind what each sequence has: `starts` (batch) tokens.
mlir::Value appendedTo(NodeBuilder &n, mlir::Value past, mlir::Value own, mlir::Value starts, mlir::Value &present);
/// Files may name the head size of a cache instead of giving it: the size of `axis` is `size` in every run.
void bindSize(NodeBuilder &n, mlir::Value value, int64_t axis, int64_t size);
/// What is known of a size, or null.
mlir::AffineExpr sizeExpression(NodeBuilder &n, mlir::Value value, int64_t axis);

mlir::Value attend(NodeBuilder &n, Operands operands, Attributes attributes);
/// The scale that attend() would use.
float scaleOf(NodeBuilder &n, mlir::Value query, float given);

/// Positions (batch, tokens) that count from `first`, a scalar or (batch), for the tokens of x (batch, tokens, ..).
mlir::Value positionsFrom(NodeBuilder &n, mlir::Value x, mlir::Value first);
/// A scalar or (1) as (batch) of x.
mlir::Value forEachSequence(NodeBuilder &n, mlir::Value scalar, mlir::Value x);

// ---- masks: booleans (true is seen), or numbers that are added

/// 0, 1, ... below the size of an axis, as `element`.
mlir::Value indices(NodeBuilder &n, mlir::Value of, int64_t axis, mlir::Type element);
/// Queries see the keys up to their own: query t stands at place `before` + t (a scalar i64; null: t) of the keys. Says
/// so by `causal` where the keys are known to be `before` + queries, else in the mask.
void hideLaterKeys(NodeBuilder &n, Operands &operands, Attributes &attributes, mlir::Value before);
/// Whether keys are known to be as many as `before` (null: 0) and the queries: llm.attention's own positions hold.
bool endTogether(NodeBuilder &n, const Operands &operands, mlir::Value before);
/// Both masks, either of which may be null: and for booleans, else the sum, with booleans as 0 and -infinity.
mlir::Value joinMasks(NodeBuilder &n, mlir::Value a, mlir::Value b);
/// A boolean mask as numbers of that type, 0 and -infinity; numbers as they are.
mlir::Value asNumbers(NodeBuilder &n, mlir::Value mask, mlir::Type element);
/// A mask whose last axis is that of the keys (axis 1 of `key`), or shorter: what is missing is hidden.
mlir::Value padToKeys(NodeBuilder &n, mlir::Value mask, mlir::Value key);

// ---- intermediate results that some operators give as well

/// (batch, heads, tokens, keys) in the element type of the query.
struct Scores {
  mlir::Value raw;     // scale * q.k
  mlir::Value capped;  // after the soft cap
  mlir::Value biased;  // with `mask` added
  mlir::Value weights; // after softmax; 0 in rows that see nothing
};
/// `operands.mask` is the whole mask: causal, window and lengths are not looked at.
Scores scoresOf(NodeBuilder &n, Operands operands, Attributes attributes);

} // namespace lathe::attention
