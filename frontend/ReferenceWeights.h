// The weight table as a source for the reference evaluator. For programs and tests that see both frontend/files and ir.
#pragma once

#include "frontend/files/WeightTable.h"
#include "ir/llm/Llm.h"
#include "ir/reference/Evaluator.h"

namespace lathe {

/// Views of the mapped bytes; nothing is copied or dequantised before an op reads it. `weights` must outlive the
/// result.
inline reference::WeightSource evaluatorWeights(const WeightTable &weights) {
  return [&weights](llvm::StringRef name, mlir::RankedTensorType type) -> Result<reference::Tensor> {
    const Weight *weight = weights.find(std::string_view(name.data(), name.size()));
    if (!weight)
      return Status::failure("the weight table has no '" + name.str() + "'");
    if (llm::latheType(type.getElementType()) != weight->type)
      return Status::failure("weight '" + name.str() + "' is stored as " + elementTypeName(weight->type));
    return reference::Tensor::view(weight->type, weight->shape, weight->data(), weight->file);
  };
}

} // namespace lathe
