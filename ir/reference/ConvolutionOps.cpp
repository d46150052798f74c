// The meaning of ir/llm/ConvolutionOps.td.
#include "ir/llm/ConvolutionOps.h"
#include "ir/reference/Families.h"

using namespace mlir;

namespace lathe::reference {

std::optional<Result<std::vector<Tensor>>> evaluateConvolutionOp(Operation *op, Operands operands, const SymbolValues &symbols) {
  return std::nullopt;
}

} // namespace lathe::reference
