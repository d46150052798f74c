// Composite ops over sizes that their kernels must know and that are symbols: rows of norms, tables of rotations.
#pragma once

#include <mlir/IR/Operation.h>

namespace lathe {

/// Replaces them below `op` by the primitive ops that say the same; returns how many there were.
int64_t decomposeUnsized(mlir::Operation *op);

} // namespace lathe
