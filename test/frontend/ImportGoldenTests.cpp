// The graphs of the model language against PyTorch: imported models, evaluated by the reference, give the golden
// logits.
#include "frontend/Frontend.h"
#include "ir/reference/Evaluator.h"
#include "test/frontend/SharedData.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;

namespace {

struct Case {
  const char *name, *model, *golden, *prefix;
};
void PrintTo(const Case &golden, std::ostream *stream) { *stream << golden.name; }

class ImportGolden : public testing::TestWithParam<Case> {};

TEST_P(ImportGolden, LogitsAgree) {
  const Case &golden = GetParam();
  if (!hasSharedData(golden.golden))
    GTEST_SKIP() << golden.golden << " is not there";
  auto arrays = readNpz(sharedData(golden.golden));
  ASSERT_TRUE(arrays.ok()) << arrays.message();
  std::string prefix = golden.prefix;
  ASSERT_TRUE(arrays->contains(prefix + "/in.input_ids"));
  const reference::Tensor &ids = arrays->at(prefix + "/in.input_ids"), &expected = arrays->at(prefix + "/out.logits");

  mlir::MLIRContext context;
  auto model = importModel(context, sharedData(golden.model));
  ASSERT_TRUE(model.ok()) << model.message();
  reference::EvaluateOptions options;
  options.weights = [&](llvm::StringRef name, mlir::RankedTensorType) -> Result<reference::Tensor> {
    const Weight *weight = model->weights.find(std::string_view(name));
    if (!weight)
      return Status::failure("no weight " + name.str());
    return reference::Tensor::view(weight->type, weight->shape, weight->data(), weight->file);
  };
  auto function = model->module->lookupSymbol<mlir::func::FuncOp>("forward");
  auto logits = reference::evaluate(function, std::span(&ids, 1), options);
  ASSERT_TRUE(logits.ok()) << logits.message();
  ASSERT_EQ(logits->front().shape(), expected.shape());
  std::vector<double> got = logits->front().values<double>(), wanted = expected.values<double>();
  double largest = 0;
  for (size_t i = 0; i < got.size(); ++i)
    largest = std::max(largest, std::fabs(got[i] - wanted[i]));
  EXPECT_LT(largest, 1e-4);
}

#define EXPORTS "exports/"
INSTANTIATE_TEST_SUITE_P(
    Exports, ImportGolden,
    testing::Values(
        Case{"llama_hf", EXPORTS "llama-hf", EXPORTS "llama-hf/golden.npz", "short"},
        Case{"llama_gguf", EXPORTS "llama-gguf/model-f32.gguf", EXPORTS "llama-gguf/golden.npz", "short"},
        Case{"llama_q8_0", EXPORTS "llama-gguf/model-q8_0.gguf", EXPORTS "llama-gguf/golden-q8_0.npz", "short"},
        Case{"llama3rope_hf", EXPORTS "llama3rope-hf", EXPORTS "llama3rope-hf/golden.npz", "long"},
        Case{"llama3rope_gguf", EXPORTS "llama3rope-gguf/model-f32.gguf", EXPORTS "llama3rope-gguf/golden.npz", "long"},
        Case{"llama256_q4_k", EXPORTS "llama256-gguf/model-Q4_K_M.gguf", EXPORTS "llama256-gguf/golden-Q4_K_M.npz",
             "short"},
        Case{"llama256_q5_k", EXPORTS "llama256-gguf/model-Q5_K_M.gguf", EXPORTS "llama256-gguf/golden-Q5_K_M.npz",
             "short"},
        Case{"llama256_q4_0", EXPORTS "llama256-gguf/model-Q4_0.gguf", EXPORTS "llama256-gguf/golden-Q4_0.npz",
             "short"},
        Case{"mistral_hf", EXPORTS "mistral-hf", EXPORTS "mistral-hf/golden.npz", "long"},
        Case{"mistral_gguf", EXPORTS "mistral-gguf/model-f32.gguf", EXPORTS "mistral-gguf/golden.npz", "long"},
        Case{"qwen2_hf", EXPORTS "qwen2-hf", EXPORTS "qwen2-hf/golden.npz", "short"},
        Case{"qwen2_gguf", EXPORTS "qwen2-gguf/model-f32.gguf", EXPORTS "qwen2-gguf/golden.npz", "short"},
        Case{"mixtral_hf", EXPORTS "mixtral-hf", EXPORTS "mixtral-hf/golden.npz", "short"},
        Case{"mixtral_gguf", EXPORTS "mixtral-gguf/model-f32.gguf", EXPORTS "mixtral-gguf/golden.npz", "short"},
        Case{"qwen3_hf", EXPORTS "qwen3-hf", EXPORTS "qwen3-hf/golden.npz", "short"},
        Case{"qwen3_gguf", EXPORTS "qwen3-gguf/model-f32.gguf", EXPORTS "qwen3-gguf/golden.npz", "short"},
        Case{"gpt2_hf", EXPORTS "gpt2-hf", EXPORTS "gpt2-hf/golden.npz", "short"},
        Case{"gpt_neox_hf", EXPORTS "gpt_neox-hf", EXPORTS "gpt_neox-hf/golden.npz", "short"},
        Case{"gpt_neox_gguf", EXPORTS "gpt_neox-gguf/model-f32.gguf", EXPORTS "gpt_neox-gguf/golden.npz", "short"},
        Case{"phi_hf", EXPORTS "phi-hf", EXPORTS "phi-hf/golden.npz", "short"},
        Case{"gemma2_hf", EXPORTS "gemma2-hf", EXPORTS "gemma2-hf/golden.npz", "long"}, // windows of 8
        Case{"bloom_hf", EXPORTS "bloom-hf", EXPORTS "bloom-hf/golden.npz", "short"},
        Case{"bloom_gguf", EXPORTS "bloom-gguf/model-f32.gguf", EXPORTS "bloom-gguf/golden.npz", "short"},
        Case{"falcon_hf", EXPORTS "falcon-hf", EXPORTS "falcon-hf/golden.npz", "short"}),
    [](const auto &info) { return std::string(info.param.name); });

} // namespace
