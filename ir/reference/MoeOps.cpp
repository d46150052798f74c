// The meaning of ir/llm/MoeOps.td.
#include "ir/llm/MoeOps.h"
#include "ir/reference/Families.h"

using namespace mlir;

namespace lathe::reference {

std::optional<Result<std::vector<Tensor>>> evaluateMoeOp(Operation *op, Operands operands, const SymbolValues &symbols) {
  return std::nullopt;
}

} // namespace lathe::reference
