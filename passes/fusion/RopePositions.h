// Positions for a rope op. Private to passes/fusion.
#pragma once

#include "ir/llm/SymbolicShapes.h"

#include <mlir/IR/PatternMatch.h>

#include <string>

namespace lathe {

/// `positions` ((tokens), or (batch or 1, tokens)) as (batch, tokens); null, with the reason in `why`, when they are of
/// another size.
mlir::Value positionsFor(mlir::Value positions, mlir::AffineExpr batch, mlir::AffineExpr tokens,
                         const llm::SymbolicShapes &shapes, mlir::Location location, mlir::PatternRewriter &rewriter,
                         std::string &why);

} // namespace lathe
