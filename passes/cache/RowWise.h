// Whether each row of a step (a token) is computed from that row and the caches alone: what makes it right to feed
// tokens in any portions. Relies on symbolic shapes.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace lathe {

/// Empty when no op of the step function mixes rows or makes values from their number; else which one, and how.
std::string findMixedRows(mlir::func::FuncOp step);

} // namespace lathe
