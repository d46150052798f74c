// Every architecture of frontend/models against PyTorch: architectures/NAME.json holds the configuration of a tiny
// model, its tensors and its logits (make.py there made them); the folder is written, imported and evaluated by the
// reference.
#include "test/frontend/TinyModel.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;

namespace {

/// Those of all models, or of those that GGUF files have a form for.
std::vector<std::string> names(bool onlyGguf = false) {
  std::vector<std::string> found;
  for (const auto &entry : std::filesystem::directory_iterator(tinyModels()))
    if (entry.path().extension() == ".json" && (!onlyGguf || readTinyModel(entry.path().stem()).contains("gguf")))
      found.push_back(entry.path().stem());
  std::sort(found.begin(), found.end());
  return found;
}

void expectLogits(const std::string &path, const nlohmann::json &expected) {
  Result<ModelLogits> logits = logitsOf(path, expected["ids"]);
  ASSERT_TRUE(logits.ok()) << logits.message();
  EXPECT_EQ(logits->metadata["vocabulary"], expected["config"]["vocab_size"]);
  EXPECT_EQ(logits->metadata["context_length"], 64);
  std::vector<double> wanted;
  for (const auto &row : expected["logits"])
    for (double value : row)
      wanted.push_back(value);
  ASSERT_EQ(logits->values.size(), wanted.size());
  double largest = 0;
  for (size_t i = 0; i < wanted.size(); ++i)
    largest = std::max(largest, std::abs(logits->values[i] - wanted[i]));
  EXPECT_LT(largest, 3e-5);
}

class ImportArchitecture : public testing::TestWithParam<std::string> {};

TEST_P(ImportArchitecture, HuggingFaceFolder) {
  nlohmann::json expected = readTinyModel(GetParam());
  ASSERT_TRUE(expected.is_object());
  std::string folder = testing::TempDir() + "import_architecture_" + GetParam();
  writeFolder(expected, folder);
  expectLogits(folder, expected);
  std::filesystem::remove_all(folder);
}

class ImportGgufArchitecture : public testing::TestWithParam<std::string> {};

TEST_P(ImportGgufArchitecture, GgufFile) {
  nlohmann::json expected = readTinyModel(GetParam());
  ASSERT_TRUE(expected.is_object());
  std::string path = testing::TempDir() + "import_architecture_" + GetParam() + ".gguf";
  writeGguf(expected, path);
  expectLogits(path, expected);
  std::filesystem::remove(path);
}

INSTANTIATE_TEST_SUITE_P(Tiny, ImportArchitecture, testing::ValuesIn(names()),
                         [](const auto &info) { return info.param; });

INSTANTIATE_TEST_SUITE_P(Tiny, ImportGgufArchitecture, testing::ValuesIn(names(true)),
                         [](const auto &info) { return info.param; });

TEST(ImportArchitectures, AreThere) {
  EXPECT_GE(names().size(), 20u);
  EXPECT_GE(names(true).size(), 15u);
}

} // namespace
