// Exports of one model by every exporter, after the phases canonicalize and fuse: the composite ops that must have been
// found, and on the reference evaluator the outputs that ONNX Runtime and PyTorch computed, for a prompt and for one
// token after it.
#include "ir/llm/IndexOps.h"
#include "passes/Pipelines.h"
#include "test/GoldenRun.h"

#include <mlir/Pass/PassManager.h>

#include <filesystem>

using namespace lathe;

namespace {

struct Case {
  const char *name;
  double tolerance = 1e-3;
  size_t norms = 5, layerNorms = 0, ropes = 4, glus = 2, gelus = 0;
  int kvHeads = 2;
  std::vector<int> windows = {0, 0}; // of each attention
  bool hasCache = true, isCausal = true;
  std::vector<const char *> runs = {"prefill", "decode"};
};
void PrintTo(const Case &golden, std::ostream *stream) { *stream << golden.name; }

class FusedGolden : public testing::TestWithParam<Case> {};

template <class Op> std::vector<Op> opsOf(mlir::func::FuncOp function) {
  std::vector<Op> ops;
  function.walk([&](Op op) { ops.push_back(op); });
  return ops;
}

void checkOps(mlir::func::FuncOp function, const Case &golden) {
  EXPECT_EQ(opsOf<llm::RmsNormOp>(function).size(), golden.norms);
  EXPECT_EQ(opsOf<llm::LayerNormOp>(function).size(), golden.layerNorms);
  EXPECT_EQ(opsOf<llm::RopeOp>(function).size(), golden.ropes);
  EXPECT_EQ(opsOf<llm::GluOp>(function).size(), golden.glus);
  EXPECT_EQ(opsOf<llm::GeluOp>(function).size(), golden.gelus);
  EXPECT_EQ(opsOf<llm::SoftmaxOp>(function).size(), 0u);
  std::vector<int> windows;
  for (llm::AttentionOp op : opsOf<llm::AttentionOp>(function)) {
    EXPECT_EQ(op.getCausal(), golden.isCausal);
    windows.push_back(static_cast<int>(op.getWindow()));
    EXPECT_EQ(op.getKey().getType().getDimSize(2), golden.kvHeads) << "the heads of grouped queries are not repeated";
    for (mlir::Value past : {op.getKey(), op.getValue()}) {
      auto concat = past.getDefiningOp<llm::ConcatOp>();
      auto write = past.getDefiningOp<llm::TensorScatterOp>();
      EXPECT_EQ((concat && concat.getAxis() == 1) || (write && write.getAxis() == 1), golden.hasCache)
          << "keys and values are concats of past and new along the tokens, or written behind the past";
    }
  }
  EXPECT_EQ(windows, golden.windows);
}

TEST_P(FusedGolden, FindsTheOpsAndKeepsTheNumbers) {
  const Case &golden = GetParam();
  std::string folder = std::string(LATHE_SHARED_DATA) + "/exports/" + golden.name;
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << folder << " is not there";
  auto archive = NpzReader::open(folder + "/golden.npz");
  ASSERT_TRUE(archive.ok()) << archive.message();
  mlir::MLIRContext context;
  auto model = importModel(context, folder + "/model.onnx");
  ASSERT_TRUE(model.ok()) << model.message();
  mlir::PassManager passes(&context);
  buildPipeline(passes, {}, Phase::Fuse);
  ASSERT_TRUE(mlir::succeeded(passes.run(*model->module)));
  auto function = model->module->lookupSymbol<mlir::func::FuncOp>("forward");
  checkOps(function, golden);
  for (const char *run : golden.runs)
    test::expectGolden(*model, function, **archive, run, golden.tolerance);
}

Case llama(const char *name, double tolerance = 1e-3) { return {.name = name, .tolerance = tolerance}; }
Case mistral(const char *name) { return {.name = name, .windows = {8, 8}}; }
Case qwen3(const char *name) { return {.name = name, .norms = 9}; }
Case gemma2(const char *name) { return {.name = name, .norms = 13, .ropes = 6, .glus = 3, .windows = {8, 0, 8}}; }
/// Two layers with layer_norm and gelu.
Case layerNorms(const char *name, size_t norms, size_t ropes, int kvHeads, double tolerance = 1e-3) {
  return {.name = name,
          .tolerance = tolerance,
          .norms = 0,
          .layerNorms = norms,
          .ropes = ropes,
          .glus = 0,
          .gelus = 2,
          .kvHeads = kvHeads};
}
/// An encoder: every token sees every other that is no padding.
Case bert(const char *name) {
  Case golden = layerNorms(name, 5, 0, 4);
  golden.hasCache = golden.isCausal = false;
  golden.runs = {"encode", "single"};
  return golden;
}
const double half = 5e-2, bfloat = 0.3; // as the exports' README has them

INSTANTIATE_TEST_SUITE_P(Exports, FusedGolden,
                         testing::Values(llama("llama-ts"), llama("llama-ts-fp16", half), llama("llama-dynamo"),
                                         llama("llama-dynamo-bf16", bfloat), llama("llama-dynamo-external"),
                                         Case{.name = "llama-dynamo-nocache", .hasCache = false, .runs = {"prefill"}},
                                         llama("llama-dynamo23"), llama("llama-optimum"), llama("llama-ortfused"),
                                         llama("llama-genai-fp32"), llama("llama-genai-int4"), mistral("mistral-ts"),
                                         mistral("mistral-dynamo"), mistral("mistral-dynamo23"), llama("llama3rope-ts"),
                                         llama("llama3rope-dynamo23"), llama("llama3rope-genai-fp32"),
                                         llama("llama3rope-genai-int4"), llama("qwen2-ts"), llama("qwen2-optimum"),
                                         llama("qwen2-dynamo23"), llama("qwen2-genai-fp32"), llama("qwen2-genai-int4"),
                                         qwen3("qwen3-dynamo"), qwen3("qwen3-optimum"), qwen3("qwen3-genai-fp32"),
                                         qwen3("qwen3-genai-int4"), gemma2("gemma2-dynamo"), gemma2("gemma2-ts"),
                                         gemma2("gemma2-genai-fp32"), layerNorms("gpt2-ts", 5, 0, 4),
                                         layerNorms("gpt2-dynamo", 5, 0, 4), layerNorms("gpt2-dynamo23", 5, 0, 4),
                                         layerNorms("gpt2-optimum", 5, 0, 4), layerNorms("gpt2-ortfused", 5, 0, 4),
                                         layerNorms("falcon-dynamo", 3, 4, 1), layerNorms("gpt_neox-dynamo", 5, 4, 4),
                                         layerNorms("gpt_neox-optimum", 5, 4, 4), layerNorms("phi-dynamo", 3, 4, 2),
                                         layerNorms("phi-optimum", 3, 4, 2),
                                         layerNorms("phi-genai-fp32", 3, 4, 2, 3e-3),
                                         layerNorms("falcon-optimum", 3, 4, 1), layerNorms("bloom-dynamo", 6, 0, 4),
                                         layerNorms("bloom-ts", 6, 0, 4), bert("bert-dynamo"), bert("bert-dynamo23"),
                                         bert("bert-optimum"), bert("bert-ts")),
                         [](const testing::TestParamInfo<Case> &info) {
                           std::string name = info.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

} // namespace
