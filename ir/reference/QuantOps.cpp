// The meaning of ir/llm/QuantOps.td.
#include "ir/llm/QuantOps.h"
#include "ir/reference/Families.h"

using namespace mlir;

namespace lathe::reference {

std::optional<Result<std::vector<Tensor>>> evaluateQuantOp(Operation *op, Operands operands, const SymbolValues &symbols) {
  return std::nullopt;
}

} // namespace lathe::reference
