// Runs of a golden file through the reference evaluator: inputs and expected outputs stored as RUN/in.NAME and
// RUN/out.NAME. For tests of imported graphs, before and after passes.
#pragma once

#include "frontend/Frontend.h"
#include "frontend/ReferenceWeights.h"
#include "tools/npz/Npz.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <cmath>
#include <gtest/gtest.h>

namespace lathe::test {

/// The entry as a tensor of `type`: goldens of bf16 models are stored as float32.
inline Result<reference::Tensor> tensorFrom(const NpzReader &archive, const std::string &name, LatheType type) {
  Result<NpzArray> array = archive.read(name);
  if (!array)
    return array.status();
  std::span bytes(reinterpret_cast<const uint8_t *>(array->data.data()), array->data.size());
  Result<reference::Tensor> tensor = reference::Tensor::ofBytes(array->type, array->shape, bytes);
  if (!tensor || array->type == type)
    return tensor;
  return reference::Tensor::ofValues<double>(type, array->shape, tensor->values<double>());
}

/// Infinite for sizes that differ and for NaN.
inline double largestDifference(const std::vector<double> &a, const std::vector<double> &b) {
  double largest = a.size() == b.size() ? 0 : INFINITY;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i)
    largest = std::fmax(largest, std::isnan(a[i]) ? INFINITY : std::fabs(a[i] - b[i]));
  return largest;
}

/// Evaluates `function` on the inputs of `run` ("prefill") and expects every output that the file has, at least one.
inline void expectGolden(const Model &model, mlir::func::FuncOp function, const NpzReader &archive,
                         const std::string &run, double tolerance) {
  std::vector<reference::Tensor> inputs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string name = function.getArgAttrOfType<mlir::StringAttr>(i, "llm.name").str();
    auto element = llvm::cast<mlir::RankedTensorType>(function.getArgumentTypes()[i]).getElementType();
    auto input = tensorFrom(archive, run + "/in." + name, *llm::latheType(element));
    ASSERT_TRUE(input.ok()) << input.message();
    inputs.push_back(std::move(*input));
  }
  reference::EvaluateOptions options;
  options.weights = evaluatorWeights(model.weights);
  auto outputs = reference::evaluate(function, inputs, options);
  ASSERT_TRUE(outputs.ok()) << outputs.message();
  int compared = 0;
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    std::string name = function.getResultAttrOfType<mlir::StringAttr>(i, "llm.name").str();
    if (!archive.contains(run + "/out." + name))
      continue;
    auto expected = tensorFrom(archive, run + "/out." + name, LATHE_F32);
    ASSERT_TRUE(expected.ok()) << expected.message();
    EXPECT_EQ((*outputs)[i].shape(), expected->shape()) << run << " " << name;
    EXPECT_LT(largestDifference((*outputs)[i].values<double>(), expected->values<double>()), tolerance)
        << run << " " << name;
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

} // namespace lathe::test
