// Imports an ONNX graph from memory and evaluates it by the reference, for tests of operators.
#pragma once

#include "frontend/ReferenceWeights.h"
#include "frontend/onnx/Onnx.h"
#include "test/frontend/OnnxMessages.h"

#include <mlir/IR/MLIRContext.h>

namespace lathe::test {

using Values = std::vector<double>;

struct Answer {
  std::string problem;
  std::vector<int64_t> shape;
  Values values;
};

inline reference::Tensor floatsOf(std::vector<int64_t> shape, const Values &values) {
  return *reference::Tensor::ofValues<double>(LATHE_F32, std::move(shape), values);
}

/// Imports the graph and runs it; the answer is its last output.
inline Answer run(const Graph &graph, int64_t opset, const std::vector<reference::Tensor> &inputs) {
  mlir::MLIRContext context;
  std::string text = modelBytes(graph, opset);
  auto model = importOnnxGraph(context, MappedFile::ofBytes("m.onnx", std::vector<uint8_t>(text.begin(), text.end())),
                               "/nonexistent");
  if (!model)
    return {model.message(), {}, {}};
  reference::EvaluateOptions options;
  options.weights = evaluatorWeights(model->weights);
  auto outputs = reference::evaluate(model->module->lookupSymbol<mlir::func::FuncOp>("forward"), inputs, options);
  if (!outputs)
    return {outputs.message(), {}, {}};
  return {"", outputs->back().shape(), outputs->back().values<double>()};
}

} // namespace lathe::test
