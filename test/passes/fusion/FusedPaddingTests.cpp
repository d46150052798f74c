// A batch with padding on the left, before and after fusion: the tokens that are not padding keep their logits, on the
// reference evaluator. (Goldens have no padded batch.)
#include "frontend/Frontend.h"
#include "frontend/ReferenceWeights.h"
#include "passes/Pipelines.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Pass/PassManager.h>

#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

using namespace lathe;

namespace {

constexpr int64_t batch = 2, tokens = 6;
const std::vector<int64_t> seen = {0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

std::vector<double> logits(const std::string &path, bool fuse, bool *isMasked) {
  mlir::MLIRContext context;
  auto model = importModel(context, path);
  EXPECT_TRUE(model.ok()) << model.message();
  mlir::PassManager passes(&context);
  buildPipeline(passes, {}, Phase::Fuse);
  if (fuse)
    EXPECT_TRUE(mlir::succeeded(passes.run(*model->module)));
  auto function = model->module->lookupSymbol<mlir::func::FuncOp>("forward");
  function.walk([&](llm::AttentionOp op) { *isMasked |= op.getCausal() && op.getMask(); });
  std::vector<reference::Tensor> inputs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string name = function.getArgAttrOfType<mlir::StringAttr>(i, "llm.name").str();
    auto type = llvm::cast<mlir::RankedTensorType>(function.getArgumentTypes()[i]);
    std::vector<int64_t> values;
    for (int64_t at = 0; at < batch * tokens; ++at)
      values.push_back(name == "input_ids" ? (at * 37 + 11) % 256 : name == "position_ids" ? at % tokens : seen[at]);
    auto input = type.getRank() == 2
                     ? reference::Tensor::ofValues<int64_t>(LATHE_I64, {batch, tokens}, values)
                     : reference::Tensor::zeros(LATHE_F32, {batch, type.getDimSize(1), 0, type.getDimSize(3)});
    EXPECT_TRUE(input.ok()) << input.message();
    inputs.push_back(std::move(*input));
  }
  reference::EvaluateOptions options;
  options.weights = evaluatorWeights(model->weights);
  auto outputs = reference::evaluate(function, inputs, options);
  EXPECT_TRUE(outputs.ok()) << outputs.message();
  return outputs.ok() ? outputs->front().values<double>() : std::vector<double>();
}

TEST(FusedPadding, TokensThatAreSeenKeepTheirLogits) {
  for (const char *name : {"llama-ts", "llama-dynamo", "mistral-dynamo"}) {
    std::string path = std::string(LATHE_SHARED_DATA) + "/exports/" + name + "/model.onnx";
    if (!std::filesystem::exists(path))
      GTEST_SKIP() << path << " is not there";
    bool wasMasked = false, isMasked = false;
    std::vector<double> before = logits(path, false, &wasMasked), after = logits(path, true, &isMasked);
    EXPECT_TRUE(isMasked) << name << ": a causal attention with a mask for the padding";
    ASSERT_EQ(before.size(), after.size());
    ASSERT_EQ(before.size() % (batch * tokens), 0u);
    int64_t columns = before.size() / (batch * tokens);
    double largest = 0;
    for (size_t i = 0; i < before.size(); ++i)
      if (seen[i / columns])
        largest = std::fmax(largest, std::isnan(after[i]) ? INFINITY : std::fabs(before[i] - after[i]));
    EXPECT_LT(largest, 1e-4) << name;
  }
}

} // namespace
