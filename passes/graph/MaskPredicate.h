// What an attention mask lets through, proven from how it is computed. Relies on ElementValues.
#pragma once

#include "ir/llm/SymbolicShapes.h"

#include <optional>
#include <string>

namespace lathe {

/// Key s is seen by query t of sequence b exactly when all of what is set here holds. T queries, S keys.
struct MaskPredicate {
  /// Set where the mask was not understood (nothing else counts then): what was not, and where.
  std::string unknown;
  mlir::Operation *unknownOp = nullptr; ///< null: an argument of the function

  mlir::AffineExpr causal; ///< s <= t + causal, where set. Causal over a cache: S - T
  mlir::AffineExpr
      windowFrom;      ///< s >= t + windowFrom, where set. A window of w keys up to the query's own: causal - w + 1
  mlir::Value padding; ///< element [b, s] of this integer argument is not 0, where set. Of S columns

  bool isKnown() const { return unknown.empty(); }
  bool isEverything() const { return isKnown() && !causal && !windowFrom && !padding; }
  /// The size w of the window: t + causal - w < s; nothing without both bounds, or when w depends on the symbols.
  std::optional<int64_t> window(const llm::SymbolicShapes &shapes) const;
};

/// What scores and the numbers of a mask make: their sum, their difference (0 is seen, 10000 and above is hidden), or
/// their product (1 is seen, 0 is hidden).
enum class MaskUse { Added, Subtracted, Factor };

/// Reads `mask`, booleans (true is seen) or numbers that are added to scores (0 is seen, -10000 and below is hidden;
/// anything else is unknown), that broadcasts to (batch, heads, T, S) with these sizes.
MaskPredicate readMask(mlir::Value mask, llvm::ArrayRef<mlir::AffineExpr> sizes, const llm::SymbolicShapes &shapes,
                       MaskUse use = MaskUse::Added);

} // namespace lathe
