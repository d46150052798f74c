// The meaning of ir/llm/ControlOps.td.
#include "ir/llm/ControlOps.h"
#include "ir/reference/Families.h"

using namespace mlir;

namespace lathe::reference {

std::optional<Result<std::vector<Tensor>>> evaluateControlOp(Operation *op, Operands operands, const SymbolValues &symbols) {
  return std::nullopt;
}

} // namespace lathe::reference
