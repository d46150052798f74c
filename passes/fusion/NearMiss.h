// What a fusion pattern says when it had begun to match and then stopped: which condition did not hold, and what was
// seen instead. Goes through RewriterBase::notifyMatchFailure, so it costs nothing where nobody listens (FusionLog.h
// does).
#pragma once

#include "ir/llm/SymbolicShapes.h"

#include <mlir/IR/PatternMatch.h>

#include <string>

namespace lathe {

struct NearMiss {
  llvm::StringRef fusion;    ///< what was not formed, or not in its normal form: "attention"
  llvm::StringRef condition; ///< an id that stays the same, for scripts: "softmax-axis"
  int progress = 0;          ///< how many conditions held before: of several patterns the furthest is told
  std::string text = {};     ///< what is there instead, with the values seen
  std::string help = {};     ///< what would help; may be empty
};

/// Fails the match. `anchor` is the op a reader knows the fusion by, and which stays in the graph while it is not
/// formed (the softmax of an attention); a near miss counts as long as it does. `culprit`: where the condition failed;
/// null: at the anchor.
llvm::LogicalResult nearMiss(mlir::RewriterBase &rewriter, mlir::Operation *anchor, const NearMiss &miss,
                             mlir::Operation *culprit = nullptr);

/// A number as a reader writes it: at most six digits.
std::string numberText(double number);
/// A size with the names of the symbols ("past + tokens"); "?" for one that is not known.
std::string sizeText(mlir::AffineExpr size, const llm::SymbolicShapes &shapes);

} // namespace lathe
