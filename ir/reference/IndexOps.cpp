// The meaning of ir/llm/IndexOps.td.
#include "ir/llm/IndexOps.h"
#include "ir/reference/Families.h"

using namespace mlir;

namespace lathe::reference {

std::optional<Result<std::vector<Tensor>>> evaluateIndexOp(Operation *op, Operands operands, const SymbolValues &symbols) {
  return std::nullopt;
}

} // namespace lathe::reference
