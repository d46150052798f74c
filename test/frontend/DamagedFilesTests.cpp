// Real files, cut and with flipped bytes: a message or a table whose weights lie inside the file, never a crash.
#include "frontend/gguf/GgufModel.h"
#include "frontend/hf/Safetensors.h"
#include "test/frontend/SharedData.h"

#include <gtest/gtest.h>
#include <random>

using namespace lathe;
using namespace lathe::test;

namespace {

std::vector<uint8_t> bytesOfFile(const std::string &path) {
  auto file = MappedFile::open(path);
  return file ? std::vector<uint8_t>((*file)->bytes().begin(), (*file)->bytes().end()) : std::vector<uint8_t>();
}

bool insideFile(const WeightTable &weights, size_t size) {
  for (const Weight &weight : weights)
    if (weight.offset + weight.bytes > size)
      return false;
  return true;
}

Status readGguf(std::vector<uint8_t> bytes) {
  size_t size = bytes.size();
  auto file = GgufFile::read(MappedFile::ofBytes("m.gguf", std::move(bytes)));
  if (!file)
    return file.status();
  EXPECT_TRUE(insideFile(file->weights(), size));
  // What strangers say about a tokenizer is checked by its reader.
  auto tokenizer = tokenizerOf(*file);
  return tokenizer ? Status::success() : tokenizer.status();
}

Status readSafetensors(std::vector<uint8_t> bytes) {
  size_t size = bytes.size();
  WeightTable weights;
  Status status = addSafetensors(MappedFile::ofBytes("m.safetensors", std::move(bytes)), weights);
  EXPECT_TRUE(insideFile(weights, size));
  return status;
}

struct Case {
  const char *name, *path;
  Status (*read)(std::vector<uint8_t>);
};
void PrintTo(const Case &file, std::ostream *stream) { *stream << file.name; }

class DamagedFiles : public testing::TestWithParam<Case> {
protected:
  void SetUp() override {
    if (!hasSharedData(GetParam().path))
      GTEST_SKIP() << GetParam().path << " is not there";
    bytes_ = bytesOfFile(sharedData(GetParam().path));
    ASSERT_TRUE(GetParam().read(bytes_).ok()) << GetParam().read(bytes_).message();
  }
  std::vector<uint8_t> bytes_;
};

TEST_P(DamagedFiles, EveryCutIsRefused) {
  for (size_t size = 0; size + 32 < bytes_.size(); size += 997) {
    Status status = GetParam().read({bytes_.begin(), bytes_.begin() + size});
    EXPECT_FALSE(status.ok()) << "cut to " << size << " bytes";
    EXPECT_LT(status.message().size(), 600u);
  }
}

TEST_P(DamagedFiles, FlippedBytesDoNoHarm) {
  std::mt19937 random(1);
  size_t refused = 0, header = std::min<size_t>(bytes_.size(), 12000), rounds = 400;
  for (size_t round = 0; round < rounds; ++round) {
    std::vector<uint8_t> bytes = bytes_;
    for (int flips = 0; flips < 8; ++flips)
      bytes[random() % header] ^= 1u << (random() % 8);
    refused += !GetParam().read(std::move(bytes)).ok();
  }
  EXPECT_GT(refused, rounds / 2); // most flips in the header cannot be taken for a good file
}

INSTANTIATE_TEST_SUITE_P(Files, DamagedFiles,
                         testing::Values(Case{"gguf", "exports/llama3rope-gguf/model-f32.gguf", readGguf},
                                         Case{"gguf_sentencepiece", "stories260K/stories260K-Q4_0.gguf", readGguf},
                                         Case{"safetensors", "exports/llama3rope-hf/model.safetensors",
                                              readSafetensors}),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
