// The phase canonicalize keeps what exported graphs compute, and leaves no shape arithmetic: imported, canonicalized
// and evaluated by the reference against what ONNX Runtime computed for the same inputs.
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "test/GoldenRun.h"

#include <mlir/Pass/PassManager.h>

#include <filesystem>

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
  for (const char *run : golden.runs)
    test::expectGolden(*model, function, **archive, run, golden.tolerance);
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
