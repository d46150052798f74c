// The logits that the reference evaluator computes for a model file.
#pragma once

#include "frontend/Frontend.h"
#include "frontend/ReferenceWeights.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lathe::test {

template <class T> std::span<const uint8_t> bytesOf(const std::vector<T> &values) {
  return {reinterpret_cast<const uint8_t *>(values.data()), values.size() * sizeof(T)};
}

struct ModelLogits {
  std::vector<double> values; ///< (tokens, vocabulary)
  nlohmann::json metadata;
};

inline Result<ModelLogits> logitsOf(const std::string &path, const std::vector<int64_t> &ids) {
  mlir::MLIRContext context;
  Result<Model> model = importModel(context, path);
  if (!model)
    return model.status();
  auto input = reference::Tensor::ofBytes(LATHE_I64, {1, static_cast<int64_t>(ids.size())}, bytesOf(ids));
  if (!input)
    return input.status();
  reference::EvaluateOptions options;
  options.weights = evaluatorWeights(model->weights);
  auto logits =
      reference::evaluate(model->module->lookupSymbol<mlir::func::FuncOp>("forward"), std::span(&*input, 1), options);
  if (!logits)
    return logits.status();
  return ModelLogits{logits->front().values<double>(), model->metadata};
}

} // namespace lathe::test
