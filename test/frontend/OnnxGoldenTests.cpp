// Imported ONNX graphs, evaluated by the reference, against what ONNX Runtime and PyTorch computed for the same inputs:
// a prompt with an empty cache, then one token with the cache it left.
#include "frontend/onnx/Onnx.h"
#include "test/GoldenRun.h"

#include <filesystem>

using namespace lathe;

namespace {

struct Case {
  const char *name;
  double tolerance = 1e-3;
  std::vector<const char *> runs = {"prefill", "decode"};
};
void PrintTo(const Case &golden, std::ostream *stream) { *stream << golden.name; }

class OnnxGolden : public testing::TestWithParam<Case> {};

TEST_P(OnnxGolden, OutputsAgree) {
  const Case &golden = GetParam();
  std::string folder = std::string(LATHE_SHARED_DATA) + "/exports/" + golden.name;
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << folder << " is not there";
  auto archive = NpzReader::open(folder + "/golden.npz");
  ASSERT_TRUE(archive.ok()) << archive.message();
  mlir::MLIRContext context;
  auto model = importOnnx(context, folder + "/model.onnx");
  ASSERT_TRUE(model.ok()) << model.message();
  auto function = model->module->lookupSymbol<mlir::func::FuncOp>("forward");
  for (const char *run : golden.runs)
    test::expectGolden(*model, function, **archive, run, golden.tolerance);
}

INSTANTIATE_TEST_SUITE_P(
    Exports, OnnxGolden,
    testing::Values(Case{"llama-ts"}, Case{"llama-optimum"}, Case{"llama-genai-fp32"}, Case{"llama-genai-int4"},
                    Case{"llama-dynamo"}, Case{"llama-dynamo23"}, Case{"llama-dynamo-external"},
                    Case{"llama-dynamo-nocache", 1e-3, {"prefill"}}, Case{"llama-dynamo-bf16", 0.3},
                    Case{"llama-ts-fp16", 5e-2}, Case{"llama-ortfused"},
                    Case{"bert-dynamo", 1e-3, {"encode", "single"}}, Case{"bert-dynamo23", 1e-3, {"encode", "single"}},
                    Case{"bert-optimum", 1e-3, {"encode", "single"}}, Case{"bert-ts", 1e-3, {"encode", "single"}},
                    Case{"bloom-dynamo"}, Case{"falcon-dynamo"}, Case{"gemma2-dynamo"}, Case{"gemma2-genai-fp32"},
                    Case{"gemma2-genai-int4"}, Case{"gemma2-ts"}, Case{"gpt2-dynamo"}, Case{"gpt2-dynamo23"},
                    Case{"gpt2-optimum"}, Case{"gpt2-ortfused"}, Case{"gpt2-ts"}, Case{"gpt_neox-dynamo"},
                    Case{"gpt_neox-optimum"}, Case{"llama3rope-dynamo23"}, Case{"llama3rope-genai-fp32"},
                    Case{"llama3rope-genai-int4"}, Case{"llama3rope-ts"}, Case{"mistral-dynamo"},
                    Case{"mistral-dynamo23"}, Case{"mistral-ts"}, Case{"phi-dynamo"}, Case{"phi-genai-fp32"},
                    Case{"phi-genai-int4"}, Case{"phi-optimum"}, Case{"qwen2-dynamo23"}, Case{"qwen2-genai-fp32"},
                    Case{"qwen2-genai-int4"}, Case{"qwen2-optimum"}, Case{"qwen2-ts"}, Case{"qwen3-dynamo"},
                    Case{"qwen3-genai-fp32"}, Case{"qwen3-genai-int4"}, Case{"qwen3-optimum"}),
    [](const auto &info) {
      std::string name = info.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

} // namespace
