// Whether a tensor that is added to attention scores is ALiBi: a slope for each head times the distance of the key.
// Relies on ElementValues.
#pragma once

#include "ir/llm/SymbolicShapes.h"

#include <optional>
#include <string>

namespace lathe {

/// The element for head h, query t and key s is slopes[h] * (sign * s + anything that does not depend on s): what does
/// not depend on the key is the same for a whole row of scores, and softmax does not see it.
struct AlibiBias {
  mlir::Value table; ///< floats, one for each head along the only axis that is not 1
  int64_t sign = 1;  ///< 1 or -1
};

/// Reads `bias`, which broadcasts to (batch, heads, T, S) with these sizes. Every element of the integer input `ones`
/// (may be null) is taken to be 1. Nothing, with the reason in `why`, when it is something else.
std::optional<AlibiBias> readAlibi(mlir::Value bias, llvm::ArrayRef<mlir::AffineExpr> sizes,
                                   const llm::SymbolicShapes &shapes, mlir::Value ones, std::string &why);

/// The slopes as a vector (heads).
mlir::Value slopesOf(const AlibiBias &bias, mlir::OpBuilder &builder, mlir::Location location);

/// What a float mask is the sum of: itself, or the operands of additions, behind expands.
llvm::SmallVector<mlir::Value> addendsOf(mlir::Value mask);

} // namespace lathe
