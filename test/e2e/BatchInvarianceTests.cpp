// The logits of a token are the same bits however it is computed: alone, within a longer prefill, beside other
// sequences, with one thread or two (docs/architecture.md, "Arithmetic is batch-invariant").
#include "frontend/gguf/GgufFile.h"
#include "runtime/Decoder.h"
#include "test/frontend/GgufBytes.h"
#include "tools/compile/Compiler.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

using namespace lathe;

namespace {

struct Case {
  const char *model; ///< "tiny", a file of the data folder, or the real model that tools/setup fetches
  const char *compute, *kvType;
  friend void PrintTo(const Case &c, std::ostream *out) { *out << c.model << ", " << c.compute << ", " << c.kvType; }
};

/// A Llama of two layers with Q8_0 matrices (GGML type 8: a float16 scale and 32 int8 a block).
std::vector<uint8_t> tinyModel() {
  constexpr uint64_t hidden = 64, inner = 96, kv = 32, vocabulary = 96;
  test::GgufBytes file;
  auto text = [&](const char *key, std::string_view value) {
    file.raw(key, GgufType::String, [&](std::vector<uint8_t> &out) { test::GgufBytes::put(out, value); });
  };
  text("general.architecture", "llama");
  text("general.name", "tiny");
  std::pair<const char *, uint32_t> sizes[] = {{"llama.context_length", 512},     {"llama.embedding_length", hidden},
                                               {"llama.block_count", 2},          {"llama.feed_forward_length", inner},
                                               {"llama.attention.head_count", 4}, {"llama.attention.head_count_kv", 2}};
  for (auto [key, value] : sizes)
    file.key(key, GgufType::U32, value);
  file.key("llama.attention.layer_norm_rms_epsilon", GgufType::F32, 1e-5f);
  std::vector<uint8_t> data;
  std::mt19937 random(7);
  auto matrix = [&](const std::string &name, uint64_t rows, uint64_t columns) {
    file.tensor(name, {columns, rows}, 8, data.size());
    for (uint64_t block = 0; block < rows * columns / 32; ++block) {
      test::GgufBytes::put<uint16_t>(data, uint16_t(0x1400 + random() % 1024)); // 2^-10 .. 2^-9
      for (int i = 0; i < 32; ++i)
        data.push_back(uint8_t(random() % 255 + 129)); // -127 .. 127
    }
  };
  auto norm = [&](const std::string &name) {
    file.tensor(name, {hidden}, 0, data.size());
    for (uint64_t i = 0; i < hidden; ++i)
      test::GgufBytes::put<float>(data, 0.75f + float(random() % 1024) / 2048);
  };
  matrix("token_embd.weight", vocabulary, hidden);
  norm("output_norm.weight");
  for (std::string layer : {"blk.0.", "blk.1."}) {
    norm(layer + "attn_norm.weight");
    matrix(layer + "attn_q.weight", hidden, hidden);
    matrix(layer + "attn_k.weight", kv, hidden);
    matrix(layer + "attn_v.weight", kv, hidden);
    matrix(layer + "attn_output.weight", hidden, hidden);
    norm(layer + "ffn_norm.weight");
    matrix(layer + "ffn_gate.weight", inner, hidden);
    matrix(layer + "ffn_up.weight", inner, hidden);
    matrix(layer + "ffn_down.weight", hidden, inner);
  }
  return file.data(std::move(data)).bytes();
}

class BatchInvariance : public testing::TestWithParam<Case> {
protected:
  uint32_t length = 300; ///< or what the context holds

  void SetUp() override {
    std::string path = std::string(LATHE_SHARED_DATA) + "/" + GetParam().model;
    if (std::string(GetParam().model).starts_with("SmolLM2"))
      path = std::string(LATHE_SOURCE_DIR) + "/.cache/models/" + GetParam().model; // tools/setup puts it there
    if (std::string(GetParam().model) == "tiny") {
      char name[] = "tiny-XXXXXX.gguf";
      close(mkstemps(name, 5));
      path = temporary = name;
      std::vector<uint8_t> bytes = tinyModel();
      std::ofstream(path, std::ios::binary)
          .write(reinterpret_cast<const char *>(bytes.data()), std::streamsize(bytes.size()));
    } else if (!std::filesystem::exists(path)) {
      GTEST_SKIP() << path << " is missing";
    }
    CompileOptions options;
    options.model = path;
    options.compute = GetParam().compute;
    options.kvType = GetParam().kvType;
    options.wantForward = false;
    options.requireStep = true;
    options.storage = WeightStorage::Shared;
    Compiler compiler(options);
    for (Status status : {compiler.import(), compiler.lower(), compiler.generate()})
      ASSERT_TRUE(status.ok()) << status.message();
    auto artifact = compiler.inProcess();
    ASSERT_TRUE(artifact.ok()) << artifact.message();
    auto loaded = LoadedModel::load(*artifact);
    ASSERT_TRUE(loaded.ok()) << loaded.message();
    model = *loaded;
    if (uint32_t context = model->metadata().contextLength; context && context < length)
      length = context;
    std::mt19937 random(11);
    for (auto *sequence : {&tokens, &others})
      for (uint32_t i = 0; i < length; ++i)
        sequence->push_back(int32_t(random() % 90 + 3));
  }
  void TearDown() override {
    if (!temporary.empty())
      std::filesystem::remove(temporary);
  }

  std::unique_ptr<Decoder> decoder(unsigned threads) {
    DecoderOptions options{.contextSize = 320, .sequences = 3, .stepTokens = 512};
    auto result = Decoder::create(model, std::make_shared<ThreadPool>(threads), options);
    EXPECT_TRUE(result.ok()) << result.message();
    return result ? std::move(*result) : nullptr;
  }
  std::span<const int32_t> part(uint32_t begin, uint32_t count) const {
    return std::span(tokens).subspan(begin, count);
  }

  /// Compares rows of the last step with those of tokens `begin`, ... computed alone.
  void expectSame(const Decoder &decoder, uint32_t row, uint32_t begin, uint32_t count, const std::string &what) {
    for (uint32_t i = 0; i < count; ++i) {
      std::span<const float> got = decoder.logits(row + i);
      const std::vector<float> &expected = alone[begin + i];
      ASSERT_EQ(got.size(), expected.size());
      for (size_t j = 0; j < got.size(); ++j)
        ASSERT_EQ(std::bit_cast<uint32_t>(got[j]), std::bit_cast<uint32_t>(expected[j]))
            << what << ": token " << begin + i << ", logit " << j << ": " << got[j] << " instead of " << expected[j];
    }
  }
  void expectStep(Decoder &decoder, std::vector<Decoder::Part> parts, uint32_t row, uint32_t begin, uint32_t count,
                  const std::string &what) {
    Status status = decoder.step(parts);
    ASSERT_TRUE(status.ok()) << what << ": " << status.message();
    expectSame(decoder, row, begin, count, what);
  }

  std::string temporary;
  std::shared_ptr<const LoadedModel> model;
  std::vector<int32_t> tokens, others;
  std::vector<std::vector<float>> alone; ///< logits of each token, computed by itself with one thread
};

TEST_P(BatchInvariance, SameBits) {
  auto single = decoder(1);
  ASSERT_TRUE(single);
  uint64_t sequence = single->addSequence();
  for (uint32_t i = 0; i < length; ++i) {
    Decoder::Part one{sequence, part(i, 1)};
    Status status = single->step({&one, 1});
    ASSERT_TRUE(status.ok()) << status.message();
    alone.emplace_back(single->logits(0).begin(), single->logits(0).end());
  }
  // The numbers mean something: tokens differ from one another.
  ASSERT_NE(alone[5], alone[6]);
  ASSERT_TRUE(std::isfinite(alone.back()[0]));

  for (unsigned threads : {1u, 2u}) {
    std::string with = " with " + std::to_string(threads) + " threads";
    auto many = decoder(threads);
    ASSERT_TRUE(many);
    for (uint32_t count : {1u, 2u, 7u, 64u, length}) {
      uint64_t fresh = many->addSequence();
      expectStep(*many, {{fresh, part(0, count), count}}, 0, 0, count, "a prefill of " + std::to_string(count) + with);
      // Decoding after a prefill, and a prefill after a prefill that ends inside a page.
      if (count < length) {
        expectStep(*many, {{fresh, part(count, 1)}}, 0, count, 1, "a token after " + std::to_string(count) + with);
        expectStep(*many, {{fresh, part(count + 1, 70), 70}}, 0, count + 1, 70,
                   "70 after " + std::to_string(count + 1) + with);
      }
      many->removeSequence(fresh);
    }
    uint64_t first = many->addSequence(), second = many->addSequence(), third = many->addSequence();
    std::span<const int32_t> beside = others;
    expectStep(*many, {{second, beside.first(65), 2}, {first, part(0, 5), 5}, {third, beside.subspan(7, 1)}}, 2, 0, 5,
               "5 beside 65 and 1" + with);
    expectStep(*many, {{second, beside.subspan(65, 1)}, {third, beside.subspan(8, 1)}, {first, part(5, 1)}}, 2, 5, 1,
               "1 beside 1 and 1" + with);
    expectStep(*many, {{first, part(6, 100), 100}, {second, beside.subspan(66, 150)}}, 0, 6, 100,
               "100 beside 150" + with);
    expectStep(*many, {{third, beside.subspan(9, 3), 3}, {first, part(106, length - 106), length - 106}}, 3, 106,
               length - 106, "the rest beside 3" + with);
  }
}

std::string nameOf(const testing::TestParamInfo<Case> &info) {
  std::string name =
      std::filesystem::path(info.param.model).stem().string() + "_" + info.param.compute + "_" + info.param.kvType;
  std::replace_if(name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Tiny, BatchInvariance,
                         testing::Values(Case{"tiny", "f32", "f32"}, Case{"tiny", "f32", "f16"},
                                         Case{"tiny", "int8", "f32"}, Case{"tiny", "int8", "f16"}),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Stories, BatchInvariance,
                         testing::Values(Case{"stories260K/stories260K-Q8_0.gguf", "f32", "f32"},
                                         Case{"stories260K/stories260K-Q8_0.gguf", "int8", "f16"},
                                         Case{"stories260K/stories260K-Q4_0.gguf", "f32", "f16"},
                                         Case{"stories260K/stories260K-Q4_0.gguf", "int8", "f32"},
                                         Case{"stories260K/stories260K-f32.gguf", "f32", "f32"},
                                         Case{"stories260K/stories260K-f32.gguf", "auto", "f16"}),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Superblocks, BatchInvariance,
                         testing::Values(Case{"exports/llama256-gguf/model-Q4_K_M.gguf", "int8", "f16"},
                                         Case{"exports/llama256-gguf/model-Q6_K.gguf", "f32", "f16"}),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Real, BatchInvariance, testing::Values(Case{"SmolLM2-135M-Instruct.Q4_1.gguf", "int8", "f16"}),
                         nameOf);

} // namespace
