// Encoders of frontend/models against PyTorch: encoders/NAME.json holds the configuration of a tiny model, its tensors, a
// padded batch of texts and the hidden states of each (make.py there made them).
#include "test/frontend/TinyModel.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;

namespace {

using Json = nlohmann::json;

std::string folderOfCases() { return std::string(LATHE_SOURCE_DIR) + "/test/frontend/encoders"; }

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto &entry : std::filesystem::directory_iterator(folderOfCases()))
    if (entry.path().extension() == ".json")
      found.push_back(entry.path().stem());
  std::sort(found.begin(), found.end());
  return found;
}

class ImportEncoder : public testing::TestWithParam<std::string> {};

TEST_P(ImportEncoder, HuggingFaceFolder) {
  std::ifstream file(folderOfCases() + "/" + GetParam() + ".json");
  Json expected = Json::parse(file, nullptr, false);
  ASSERT_TRUE(expected.is_object());
  std::string folder = testing::TempDir() + "import_encoder_" + GetParam();
  writeFolder(expected, folder);
  mlir::MLIRContext context;
  Result<Model> model = importModel(context, folder);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(model) << model.message();
  EXPECT_EQ(model->metadata["context_length"], 64);
  auto forward = model->module->lookupSymbol<mlir::func::FuncOp>("forward");
  std::vector<reference::Tensor> inputs;
  for (const char *name : {"ids", "mask", "types"}) {
    if (inputs.size() == forward.getNumArguments())
      break;
    std::vector<int64_t> values;
    for (const Json &row : expected.contains(name) ? expected[name] : expected["ids"])
      for (int64_t value : row)
        values.push_back(expected.contains(name) ? value : 0);
    auto tensor = reference::Tensor::ofBytes(
        LATHE_I64, {3, static_cast<int64_t>(values.size()) / 3}, bytesOf(values));
    ASSERT_TRUE(tensor) << tensor.message();
    inputs.push_back(*tensor);
  }
  ASSERT_EQ(inputs.size(), forward.getNumArguments());
  reference::EvaluateOptions options;
  options.weights = evaluatorWeights(model->weights);
  auto results = reference::evaluate(forward, inputs, options);
  ASSERT_TRUE(results) << results.message();
  EXPECT_EQ(forward.getResultAttrOfType<mlir::StringAttr>(0, "llm.name").getValue(), "last_hidden_state");
  std::vector<double> hidden = results->front().values<double>();
  size_t longest = expected["ids"][0].size(), size = 32;
  ASSERT_EQ(hidden.size(), 3 * longest * size);
  double largest = 0;
  for (size_t text = 0; text < 3; ++text)
    for (size_t token = 0; token < expected["hidden"][text].size(); ++token)
      for (size_t i = 0; i < size; ++i) {
        double wanted = expected["hidden"][text][token][i];
        largest = std::max(largest, std::abs(hidden[(text * longest + token) * size + i] - wanted));
      }
  EXPECT_LT(largest, 3e-5);
}

INSTANTIATE_TEST_SUITE_P(Tiny, ImportEncoder, testing::ValuesIn(names()), [](const auto &info) { return info.param; });

TEST(ImportEncoders, AreThere) { EXPECT_GE(names().size(), 4u); }

} // namespace
