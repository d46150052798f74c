// The phase canonicalize keeps what exported graphs compute, and leaves no shape arithmetic: imported, canonicalized
// and evaluated by the reference against what ONNX Runtime computed for the same inputs.
#include "frontend/Frontend.h"
#include "ir/llm/Llm.h"
#include "ir/reference/Evaluator.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "tools/npz/Npz.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Pass/PassManager.h>

#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

using namespace lathe;

namespace {

struct Case {
  const char *name;
  double tolerance = 1e-3;
  std::vector<const char *> runs = {"prefill", "decode"};
  /// Whether every size is an expression of the symbols. Not so where a table of positions is cut to the tokens at
  /// hand: the size is the smaller one.
  bool isClosed = true;
};
void PrintTo(const Case &golden, std::ostream *stream) { *stream << golden.name; }

class CanonicalizeGolden : public testing::TestWithParam<Case> {};

Result<reference::Tensor> tensorFrom(const NpzReader &archive, const std::string &name, LatheType type) {
  Result<NpzArray> array = archive.read(name);
  if (!array)
    return array.status();
  std::span bytes(reinterpret_cast<const uint8_t *>(array->data.data()), array->data.size());
  Result<reference::Tensor> tensor = reference::Tensor::ofBytes(array->type, array->shape, bytes);
  if (!tensor || array->type == type)
    return tensor;
  return reference::Tensor::ofValues<double>(type, array->shape, tensor->values<double>());
}

double largestDifference(const std::vector<double> &a, const std::vector<double> &b) {
  double largest = a.size() == b.size() ? 0 : INFINITY;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i)
    largest = std::fmax(largest, std::isnan(a[i]) ? INFINITY : std::fabs(a[i] - b[i]));
  return largest;
}

TEST_P(CanonicalizeGolden, OutputsAgree) {
  const Case &golden = GetParam();
  std::string folder = std::string(LATHE_SHARED_DATA) + "/exports/" + golden.name;
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << folder << " is not there";
  auto archive = NpzReader::open(folder + "/golden.npz");
  ASSERT_TRUE(archive.ok()) << archive.message();
  mlir::MLIRContext context;
  auto model = importModel(context, folder + "/model.onnx");
  ASSERT_TRUE(model.ok()) << model.message();
  mlir::PassManager manager(&context);
  buildCanonicalize(manager);
  ASSERT_TRUE(llvm::succeeded(manager.run(*model->module)));

  auto function = model->module->lookupSymbol<mlir::func::FuncOp>("forward");
  if (golden.isClosed)
    function.walk(
        [&](mlir::Operation *op) { EXPECT_FALSE(llvm::isa<llm::ShapeOfOp>(op)) << reference::describeOp(op); });
  reference::EvaluateOptions options;
  options.weights = [&](llvm::StringRef name, mlir::RankedTensorType) -> Result<reference::Tensor> {
    const Weight *weight = model->weights.find(std::string_view(name));
    if (!weight)
      return Status::failure("no weight " + name.str());
    return reference::Tensor::view(weight->type, weight->shape, weight->data(), weight->file);
  };
  for (const char *run : golden.runs) {
    std::string prefix = std::string(run) + "/";
    std::vector<reference::Tensor> inputs;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      std::string name = function.getArgAttrOfType<mlir::StringAttr>(i, "llm.name").str();
      auto element = llvm::cast<mlir::RankedTensorType>(function.getArgumentTypes()[i]).getElementType();
      auto input = tensorFrom(**archive, prefix + "in." + name, *llm::latheType(element));
      ASSERT_TRUE(input.ok()) << input.message();
      inputs.push_back(std::move(*input));
    }
    auto outputs = reference::evaluate(function, inputs, options);
    ASSERT_TRUE(outputs.ok()) << outputs.message();
    int compared = 0;
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      std::string name = function.getResultAttrOfType<mlir::StringAttr>(i, "llm.name").str();
      if (!(*archive)->contains(prefix + "out." + name))
        continue;
      auto expected = tensorFrom(**archive, prefix + "out." + name, LATHE_F32);
      ASSERT_TRUE(expected.ok()) << expected.message();
      EXPECT_EQ((*outputs)[i].shape(), expected->shape()) << run << " " << name;
      EXPECT_LT(largestDifference((*outputs)[i].values<double>(), expected->values<double>()), golden.tolerance)
          << run << " " << name;
      ++compared;
    }
    EXPECT_GT(compared, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Exports, CanonicalizeGolden,
    testing::Values(Case{"llama-ts"}, Case{"llama-optimum"}, Case{"llama-genai-fp32"}, Case{"llama-genai-int4"},
                    Case{"llama-dynamo"}, Case{"llama-dynamo23"}, Case{"llama-dynamo-nocache", 1e-3, {"prefill"}},
                    Case{"llama-dynamo-bf16", 0.3}, Case{"llama-ts-fp16", 5e-2}, Case{"llama-ortfused"},
                    Case{"bert-optimum", 1e-3, {"encode", "single"}, false},
                    Case{"bert-ts", 1e-3, {"encode", "single"}, false}, Case{"bloom-dynamo"}, Case{"falcon-dynamo"},
                    Case{"gemma2-dynamo"}, Case{"gemma2-ts"}, Case{"gpt2-dynamo"}, Case{"gpt2-optimum"},
                    Case{"gpt2-ts", 1e-3, {"prefill", "decode"}, false}, Case{"gpt_neox-optimum"},
                    Case{"llama3rope-ts"}, Case{"mistral-dynamo"}, Case{"mistral-dynamo23"}, Case{"mistral-ts"},
                    Case{"phi-optimum"}, Case{"qwen2-ts"}, Case{"qwen3-optimum"}),
    [](const auto &info) {
      std::string name = info.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

} // namespace
