// Sequences over the step function: chunks, pages, ragged steps and their limits, on a model with a known formula.
#include "runtime/Decoder.h"
#include "test/runtime/ToyModel.h"

#include <gtest/gtest.h>

using namespace lathe;

namespace {

class DecoderTest : public testing::Test {
protected:
  void SetUp() override {
    static std::string bytes = toy::bytes();
    if (bytes.empty())
      GTEST_SKIP() << "no C compiler";
    auto artifact = Artifact::fromBytes(std::as_bytes(std::span(bytes)), "toy.lathe");
    ASSERT_TRUE(artifact.ok()) << artifact.message();
    auto loaded = LoadedModel::load(*artifact);
    ASSERT_TRUE(loaded.ok()) << loaded.message();
    model = *loaded;
  }
  std::unique_ptr<Decoder> make(DecoderOptions options) {
    auto decoder = Decoder::create(model, std::make_shared<ThreadPool>(2), options);
    EXPECT_TRUE(decoder.ok()) << decoder.message();
    return std::move(*decoder);
  }
  static int32_t best(const Decoder &decoder, uint32_t row) {
    auto logits = decoder.logits(row);
    return int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
  }
  static std::vector<int32_t> text(size_t length, int32_t seed) {
    std::vector<int32_t> tokens;
    for (size_t i = 0; i < length; ++i)
      tokens.push_back(int32_t((seed + i * i * 31 + i * 7) % toy::vocabulary));
    return tokens;
  }
  std::shared_ptr<const LoadedModel> model;
};

TEST_F(DecoderTest, PromptInChunksGivesTheFormula) {
  for (uint32_t chunk : {1u, 7u, 64u, 300u, 512u}) {
    auto decoder = make({.stepTokens = chunk});
    uint64_t sequence = decoder->addSequence();
    auto tokens = text(300, 5);
    ASSERT_TRUE(decoder->feed(sequence, tokens).ok());
    ASSERT_EQ(decoder->rows(), 1u);
    EXPECT_EQ(best(*decoder, 0), toy::next(tokens)) << "chunk " << chunk;
  }
}

TEST_F(DecoderTest, RaggedStepsKeepSequencesApart) {
  auto decoder = make({.sequences = 3});
  std::vector<std::vector<int32_t>> texts = {text(70, 1), text(3, 2), text(200, 3)};
  std::vector<uint64_t> ids;
  std::vector<Decoder::Part> parts;
  for (auto &tokens : texts)
    parts.push_back({ids.emplace_back(decoder->addSequence()), tokens, 1});
  ASSERT_TRUE(decoder->step(parts).ok());
  for (int round = 0; round < 100; ++round) {
    ASSERT_EQ(decoder->rows(), 3u);
    parts.clear();
    for (size_t i = 0; i < 3; ++i) {
      int32_t token = best(*decoder, uint32_t(i));
      ASSERT_EQ(token, toy::next(texts[i])) << "sequence " << i << " round " << round;
      texts[i].push_back(token);
    }
    for (size_t i = 0; i < 3; ++i)
      parts.push_back({ids[i], std::span(texts[i]).last(1), 1});
    ASSERT_TRUE(decoder->step(parts).ok());
  }
}

TEST_F(DecoderTest, WantedRowsAreThoseOfTheLastTokens) {
  auto decoder = make({});
  auto tokens = text(20, 9);
  Decoder::Part part{decoder->addSequence(), tokens, 5};
  ASSERT_TRUE(decoder->step({&part, 1}).ok());
  ASSERT_EQ(decoder->rows(), 5u);
  for (uint32_t row = 0; row < 5; ++row)
    EXPECT_EQ(best(*decoder, row), toy::next({tokens.begin(), tokens.begin() + 16 + row}));
}

TEST_F(DecoderTest, TruncatedPositionsAreWrittenAnew) {
  auto decoder = make({});
  auto tokens = text(150, 4);
  uint64_t sequence = decoder->addSequence();
  ASSERT_TRUE(decoder->feed(sequence, tokens).ok());
  decoder->truncate(sequence, 60);
  EXPECT_EQ(decoder->length(sequence), 60u);
  tokens.resize(60);
  for (int32_t token : text(90, 77))
    tokens.push_back(token);
  ASSERT_TRUE(decoder->feed(sequence, std::span(tokens).subspan(60)).ok());
  EXPECT_EQ(best(*decoder, 0), toy::next(tokens));
}

TEST_F(DecoderTest, PagesComeBack) {
  auto decoder = make({.contextSize = 128, .sequences = 1});
  for (int i = 0; i < 10; ++i) {
    uint64_t sequence = decoder->addSequence();
    auto tokens = text(128, i);
    ASSERT_TRUE(decoder->feed(sequence, tokens).ok());
    EXPECT_EQ(best(*decoder, 0), toy::next(tokens));
    decoder->removeSequence(sequence);
  }
}

TEST_F(DecoderTest, LimitsAreNamedWithBothNumbers) {
  auto decoder = make({.contextSize = 100, .sequences = 1, .stepTokens = 32});
  uint64_t first = decoder->addSequence(), second = decoder->addSequence();
  EXPECT_EQ(decoder->feed(first, text(101, 0)).message(),
            "the prompt has 101 tokens, the context holds 100; a larger one can be asked for (-c, at most 1000)");
  EXPECT_EQ(decoder->length(first), 0u);
  ASSERT_TRUE(decoder->feed(first, text(100, 0)).ok());
  int32_t token = 1;
  Decoder::Part part{first, {&token, 1}, 1};
  EXPECT_EQ(decoder->step({&part, 1}).message(),
            "1 tokens after 100 make 101, the context holds 100; a larger one can be asked for (-c, at most 1000)");
  part.sequence = second;
  EXPECT_EQ(decoder->step({&part, 1}).message(),
            "the KV cache is full: the step needs 1 more pages of 64 tokens, 0 of 2 are free");
  decoder->truncate(first, 10);
  ASSERT_TRUE(decoder->step({&part, 1}).ok());
  token = 97;
  EXPECT_EQ(decoder->step({&part, 1}).message(), "token 97 is outside the vocabulary of 97");
  token = -1;
  EXPECT_FALSE(decoder->step({&part, 1}).ok());
  auto one = text(1, 0);
  Decoder::Part twice[] = {{first, one, 1}, {first, one, 1}};
  EXPECT_FALSE(decoder->step(twice).ok());
  EXPECT_FALSE(decoder->step({}).ok());
}

TEST_F(DecoderTest, ContextIsAtMostWhatTheModelWasTrainedFor) {
  EXPECT_EQ(make({})->contextSize(), 1000u);
  EXPECT_EQ(make({.contextSize = 5000})->contextSize(), 1000u);
  EXPECT_EQ(make({.contextSize = 10})->contextSize(), 10u);
}

} // namespace
