// Perplexity of the toy model, whose logits are known: compared with the definition.
#include "runtime/Evaluate.h"
#include "test/runtime/ToyModel.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace lathe;

namespace {

class EvaluateTest : public testing::Test {
protected:
  void SetUp() override {
    static std::string bytes = toy::bytes();
    if (bytes.empty())
      GTEST_SKIP() << "no C compiler";
    auto model = LoadedModel::load(*Artifact::fromBytes(std::as_bytes(std::span(bytes)), "toy.lathe"));
    ASSERT_TRUE(model.ok()) << model.message();
    decoder = std::move(*Decoder::create(*model, std::make_shared<ThreadPool>(2), {.stepTokens = 40}));
    for (int i = 0; i < 215; ++i)
      tokens.push_back(i * i % 97);
  }

  /// -log p(tokens[at] | window from `begin`): the logit of a token is minus its distance above the best.
  double loss(std::vector<int32_t> window, size_t at) const {
    int32_t best = toy::next({window.begin(), window.begin() + ptrdiff_t(at)});
    double sum = 0;
    for (int i = 0; i < toy::vocabulary; ++i)
      sum += std::exp(-double(i));
    return double((window[at] + toy::vocabulary - best) % toy::vocabulary) + std::log(sum);
  }
  static void expect(const Perplexity &got, const std::vector<double> &losses) {
    double mean = 0, variance = 0;
    for (double value : losses)
      mean += value / double(losses.size());
    for (double value : losses)
      variance += (value - mean) * (value - mean) / double(losses.size());
    EXPECT_EQ(got.scored, losses.size());
    EXPECT_NEAR(std::log(got.perplexity), mean, 1e-9 * mean);
    EXPECT_NEAR(got.error / got.perplexity, std::sqrt(variance / double(losses.size() - 1)), 1e-9);
  }
  std::unique_ptr<Decoder> decoder;
  std::vector<int32_t> tokens;
};

TEST_F(EvaluateTest, AllScoresEveryTokenButTheFirstOfAWindow) {
  auto got = perplexity(*decoder, tokens, 1, {.window = 50, .tokens = 212});
  ASSERT_TRUE(got.ok()) << got.message();
  std::vector<double> losses;
  for (size_t begin = 0; begin < 212; begin += 50) {
    std::vector<int32_t> window(tokens.begin() + ptrdiff_t(begin),
                                tokens.begin() + ptrdiff_t(std::min<size_t>(begin + 50, 212)));
    for (size_t at = 1; at < window.size(); ++at)
      losses.push_back(loss(window, at));
  }
  EXPECT_EQ(losses.size(), 4 * 49u + 11);
  expect(*got, losses);
}

TEST_F(EvaluateTest, SecondHalfIsLlamaCppsRule) {
  for (std::optional<int32_t> bos : {std::optional<int32_t>(), std::optional<int32_t>(3)}) {
    auto got = perplexity(*decoder, tokens, bos, {.window = 100, .rule = ScoreRule::SecondHalf});
    ASSERT_TRUE(got.ok()) << got.message();
    std::vector<double> losses;
    for (size_t begin : {0, 100}) {
      std::vector<int32_t> window(tokens.begin() + ptrdiff_t(begin), tokens.begin() + ptrdiff_t(begin + 100));
      if (bos)
        window[0] = *bos;
      for (size_t at = 51; at < 100; ++at)
        losses.push_back(loss(window, at));
    }
    expect(*got, losses);
  }
}

TEST_F(EvaluateTest, WhatCannotBeScoredIsSaid) {
  EXPECT_EQ(perplexity(*decoder, tokens, 1, {.window = 2000}).message(),
            "a window of 2000 tokens, the context holds 1000");
  EXPECT_FALSE(perplexity(*decoder, tokens, 1, {.window = 1}).ok());
  EXPECT_EQ(
      perplexity(*decoder, std::span(tokens).first(30), 1, {.window = 64, .rule = ScoreRule::SecondHalf}).message(),
      "the text has 30 tokens, which leaves none to score in windows of 64");
  EXPECT_FALSE(perplexity(*decoder, {}, 1, {}).ok());
}

} // namespace
