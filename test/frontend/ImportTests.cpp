// importModel(): what each file becomes, and what is said about files that are no models.
#include "frontend/Frontend.h"
#include "ir/llm/Llm.h"
#include "test/frontend/GgufBytes.h"
#include "test/frontend/SharedData.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <fstream>
#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;

namespace {

std::map<std::string, int> countOps(mlir::ModuleOp module) {
  std::map<std::string, int> counts;
  module.walk([&](mlir::Operation *op) { ++counts[op->getName().stripDialect().str()]; });
  return counts;
}

std::string messageOf(const std::string &path, const ImportOptions &options = {}) {
  mlir::MLIRContext context;
  auto model = importModel(context, path, options);
  return model ? "" : model.message();
}

struct Case {
  const char *name, *path;
  int layers, weights;
  int64_t vocabulary, contextLength;
};
void PrintTo(const Case &model, std::ostream *stream) { *stream << model.name; }
class Import : public testing::TestWithParam<Case> {};

TEST_P(Import, HasTheOperationsOfItsLayers) {
  const Case &expected = GetParam();
  if (!hasSharedData(expected.path))
    GTEST_SKIP() << expected.path << " is not there";
  mlir::MLIRContext context;
  auto model = importModel(context, sharedData(expected.path));
  ASSERT_TRUE(model.ok()) << model.message();
  auto counts = countOps(*model->module);
  EXPECT_EQ(counts["attention"], expected.layers);
  EXPECT_EQ(counts["rope"], 2 * expected.layers);
  EXPECT_EQ(counts["rms_norm"], 2 * expected.layers + 1);
  EXPECT_EQ(counts["glu"], expected.layers);
  EXPECT_EQ(counts["linear"], 7 * expected.layers + 1);
  EXPECT_EQ(counts["embedding"], 1);
  EXPECT_EQ(counts["positions"], 1);
  EXPECT_EQ(counts["weight"], expected.weights);
  EXPECT_EQ(model->metadata["architecture"], "llama");
  EXPECT_EQ(model->metadata["vocabulary"], expected.vocabulary);
  EXPECT_EQ(model->metadata["context_length"], expected.contextLength);
  model->module->walk([&](llm::WeightOp op) {
    const Weight *weight = model->weights.find(std::string_view(op.getName()));
    ASSERT_NE(weight, nullptr) << op.getName().str();
    auto type = mlir::cast<mlir::RankedTensorType>(op.getType());
    EXPECT_EQ(std::vector<int64_t>(type.getShape()), weight->shape);
    EXPECT_EQ(llm::latheType(type.getElementType()), weight->type);
    EXPECT_TRUE(mlir::isa<mlir::NameLoc>(op.getLoc()));
  });
}

INSTANTIATE_TEST_SUITE_P(
    Llama, Import,
    testing::Values(Case{"stories", "stories260K/stories260K-Q8_0.gguf", 5, 48, 512, 512},
                    Case{"llama", "exports/llama-gguf/model-f32.gguf", 2, 21, 256, 256},
                    Case{"llama_hf", "exports/llama-hf", 2, 21, 256, 256},
                    Case{"llama256", "exports/llama256-gguf/model-Q6_K.gguf", 2, 21, 256, 256},
                    Case{"llama3rope", "exports/llama3rope-gguf/model-f32.gguf", 2, 20, 256, 256}, // tied
                    Case{"llama3rope_hf", "exports/llama3rope-hf", 2, 20, 256, 256},
                    Case{"llama_dense", "gguf/llama-dense.gguf", 2, 49, 128, 256}, // biases and scales
                    Case{"q4_k", "gguf/q-Q4_K_S.gguf", 2, 49, 128, 256}),
    [](const auto &info) { return std::string(info.param.name); });

TEST(ImportModel, NamesEndTokensAndTokenizer) {
  if (!hasSharedData("stories260K"))
    GTEST_SKIP();
  mlir::MLIRContext context;
  auto model = importModel(context, sharedData("stories260K/stories260K-f32.gguf"));
  ASSERT_TRUE(model.ok()) << model.message();
  EXPECT_EQ(model->metadata["eos_ids"], nlohmann::json::array({2}));
  EXPECT_EQ(model->metadata["bos_id"], 1);
  EXPECT_EQ(model->metadata["name"], "stories260K");
  ASSERT_TRUE(model->tokenizer);
  EXPECT_EQ(model->tokenizer->size(), 512u);
  auto without = importModel(context, sharedData("gguf/llama-dense.gguf"));
  ASSERT_TRUE(without.ok()) << without.message();
  EXPECT_FALSE(without->tokenizer);
}

TEST(ImportModel, RotatesNeighboursInGgufFilesOnly) {
  for (const char *path : {"exports/llama-gguf/model-f32.gguf", "exports/llama-hf"}) {
    if (!hasSharedData(path))
      GTEST_SKIP();
    mlir::MLIRContext context;
    auto model = importModel(context, sharedData(path));
    ASSERT_TRUE(model.ok()) << model.message();
    model->module->walk([&](llm::RopeOp op) {
      EXPECT_EQ(op.getInterleaved(), std::string(path).ends_with(".gguf"));
      EXPECT_EQ(op.getBase().convertToFloat(), 50000.0f);
      EXPECT_EQ(op.getDims(), 16u);
    });
  }
}

TEST(ImportModel, TakesAModelFileWithWeights) {
  std::string llama = std::string(LATHE_SOURCE_DIR) + "/frontend/models/llama.lm";
  for (const char *weights :
       {"exports/llama-gguf/model-f32.gguf", "exports/llama-hf", "exports/llama-hf/model.safetensors"}) {
    if (!hasSharedData(weights))
      GTEST_SKIP();
    mlir::MLIRContext context;
    auto model = importModel(context, llama, {sharedData(weights)});
    ASSERT_TRUE(model.ok()) << model.message();
    EXPECT_EQ(countOps(*model->module)["attention"], 2);
    EXPECT_TRUE(model->tokenizer);
  }
  EXPECT_NE(messageOf(llama).find("parameter 'layers' has no value"), std::string::npos);
  EXPECT_NE(messageOf("x.gguf", {llama}).find("goes with a .lm file only"), std::string::npos);
}

TEST(ImportModel, SaysWhatIsNoModel) {
  std::string folder = testing::TempDir() + "import_tests/";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  auto write = [&](const std::string &name, const std::vector<uint8_t> &bytes) {
    std::ofstream(folder + name, std::ios::binary).write(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    return folder + name;
  };
  EXPECT_NE(messageOf(folder + "absent.gguf").find("cannot be opened"), std::string::npos);
  EXPECT_NE(messageOf(folder + "absent").find("does not exist"), std::string::npos);
  EXPECT_NE(messageOf(write("text.txt", {'h', 'i'})).find("is no model; supported: .gguf"), std::string::npos);
  std::string other =
      write("other.gguf", GgufBytes().key<std::string_view>("general.architecture", GgufType::String, "rwkv").bytes());
  EXPECT_NE(messageOf(other).find("the architecture 'rwkv' is not supported; supported: b"), std::string::npos);
  std::string none = write("none.gguf", GgufBytes().bytes());
  EXPECT_NE(messageOf(none).find("'general.architecture' is missing"), std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST(ImportModel, RefusesTensorsThatTheGraphDoesNotUse) {
  if (!hasSharedData("exports/qwen3-gguf"))
    GTEST_SKIP();
  // Qwen3 is Mistral but for the norms of q and k: without them the numbers would be wrong.
  std::string message =
      messageOf(std::string(LATHE_SOURCE_DIR) + "/frontend/models/mistral.lm", {sharedData("exports/qwen3-hf")});
  EXPECT_NE(message.find("no use for the tensors 'model.layers.0.self_attn.k_norm.weight'"), std::string::npos)
      << message;
}

} // namespace
