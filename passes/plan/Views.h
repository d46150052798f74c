// Which ops give the same bytes in another shape, so that no launch is needed for them.
#pragma once

#include "ir/llm/Llm.h"

namespace lathe::plan {

inline bool isView(mlir::Operation *op) { return mlir::isa<llm::ReshapeOp, llm::SqueezeOp, llm::UnsqueezeOp, llm::BitCastOp>(op); }

/// The value whose bytes `value` shows.
inline mlir::Value viewed(mlir::Value value) {
  while (mlir::Operation *op = value.getDefiningOp()) {
    if (!isView(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

} // namespace lathe::plan
