// The chain's names and order, what is refused, and what happens before the chain: allowed, forced and banned tokens;
// by the rules that SamplerOptions.h states.
#include "runtime/sampling/Logprobs.h"
#include "runtime/sampling/Sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace lathe;

namespace {

const std::vector<float> logits = {1, 3, 2, 0};

SamplerOptions open() {
  SamplerOptions options;
  options.temperature = 1;
  options.topK = 0;
  options.topP = 1;
  options.minP = 0;
  return options;
}

TEST(SamplerOptions, LlamaCppsOrderAndNames) {
  SamplerOptions defaults;
  EXPECT_EQ(*parseSamplers("penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature"), defaults.chain);
  EXPECT_EQ(*parseSamplers("temp;top-k;nucleus;typical"),
            (std::vector{SamplerKind::Temperature, SamplerKind::TopK, SamplerKind::TopP, SamplerKind::TypicalP}));
  EXPECT_TRUE(parseSamplers("")->empty());
  EXPECT_EQ(parseSamplers("top_k;infinity").message(),
            "there is no sampler 'infinity'; there are "
            "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature");
  EXPECT_EQ(parseSamplers("top_k;temp;top-k").message(), "the sampler top_k is in the chain twice");
  EXPECT_EQ(defaults.describe(), "top_k 40 -> top_p 0.95 -> min_p 0.05 -> temperature 0.8 -> draw");
  defaults.chain = *parseSamplers("temperature;top_k");
  defaults.dynatempRange = 0.25f;
  EXPECT_EQ(defaults.describe(), "temperature 0.8 +- 0.25 (exponent 1) -> top_k 40 -> draw");
}

TEST(SamplerOptions, WhatMeansNothingIsRefused) {
  auto message = [](auto change) {
    SamplerOptions options;
    change(options);
    return options.validate().message();
  };
  EXPECT_EQ(message([](SamplerOptions &) {}), "");
  EXPECT_EQ(message([](auto &o) { o.topP = 1.5f; }), "top-p is 1.5, it must be from 0 to 1; 1 keeps all");
  EXPECT_EQ(message([](auto &o) { o.dryMultiplier = -1; }),
            "the DRY multiplier is -1, it must be 0 or more; 0 means no DRY");
  EXPECT_EQ(message([](auto &o) { o.mirostat = 3; }), "mirostat is 3, it must be 0 (off), 1 or 2");
  for (float wrong : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    for (float SamplerOptions::*value :
         {&SamplerOptions::temperature, &SamplerOptions::minP, &SamplerOptions::typicalP, &SamplerOptions::topNSigma,
          &SamplerOptions::xtcThreshold, &SamplerOptions::repeatPenalty, &SamplerOptions::dryBase,
          &SamplerOptions::mirostatTau, &SamplerOptions::dynatempRange})
      EXPECT_NE(message([&](auto &o) { o.*value = wrong; }), "");
  SamplerOptions options;
  options.forced = {{0, 100}};
  EXPECT_EQ(options.validateTokens(100).message(), "a forced token names token 100, the vocabulary has 100");
}

TEST(SamplerOptions, OnlyAllowedTokensAreLeft) {
  // Of 200 tokens 3 and 150 (few), then all but these (many).
  std::vector<float> many(200);
  for (size_t i = 0; i < many.size(); ++i)
    many[i] = float(i % 7);
  std::vector<uint64_t> few = {1ull << 3, 0, 1ull << (150 - 128), 0}, others;
  for (uint64_t word : few)
    others.push_back(~word);
  Sampler sampler(open());
  auto got = sampler.distribution(many, {{}, 0, 0, 0, few}, {});
  ASSERT_TRUE(got.ok());
  EXPECT_NEAR(got->probability(3), 0.5, 1e-6); // both have logit 3
  EXPECT_NEAR(got->probability(150), 0.5, 1e-6);
  got = sampler.distribution(many, {{}, 0, 0, 0, others}, {});
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->probability(3) + got->probability(150), 0);
  EXPECT_GT(got->probability(199), 0);
  others.resize(1); // what lies beyond the words is not allowed
  EXPECT_EQ(sampler.distribution(many, {{}, 0, 0, 0, others}, {})->probability(64), 0);
  std::vector<uint64_t> none(4);
  EXPECT_FALSE(sampler.distribution(many, {{}, 0, 0, 0, none}, {}).ok());
}

TEST(SamplerOptions, ForcedTokens) {
  SamplerOptions options = open();
  options.forced = {{1, 3}};
  Sampler sampler(options);
  EXPECT_EQ(sampler.distribution(logits, {{}, 0, 0, 0}, {})->size(), 4u);
  EXPECT_EQ(sampler.distribution(logits, {{}, 0, 0, 1}, {})->probability(3), 1);
  std::vector<uint64_t> allowed = {0b0111};
  EXPECT_EQ(sampler.distribution(logits, {{}, 0, 0, 1, allowed}, {}).message(),
            "token 3 is forced as new token 1, but it is not allowed there");
}

// Typical sampling may remove the most probable token, and then greedy takes the next: the order counts.
TEST(SamplerOptions, GreedyTakesTheLargestOfWhatTheChainLeaves) {
  SamplerOptions options = open();
  options.temperature = 0;
  options.xtcProbability = 1;
  options.xtcThreshold = 0.2f; // probabilities are 0.087, 0.644, 0.237, 0.032
  SamplerState state;
  EXPECT_EQ(*Sampler(options).sample(logits, {}, state), 2);
  options.chain = *parseSamplers("temperature;xtc");
  EXPECT_EQ(*Sampler(options).sample(logits, {}, state), 1);
}

TEST(SamplerOptions, XtcComesAsOftenAsItsProbability) {
  SamplerOptions options = open();
  options.xtcProbability = 0.3f;
  options.seed = 5;
  Sampler sampler(options);
  int times = 0;
  for (uint32_t position = 0; position < 4000; ++position)
    times += sampler.distribution(logits, {{}, 0, position}, {})->probability(1) == 0;
  EXPECT_NEAR(times, 1200, 4 * std::sqrt(4000 * 0.3 * 0.7));
}

// softmax(1, 3, 2, 0) by hand: weights e^-2, 1, e^-1, e^-3 of their sum 1.553002.
TEST(Logprobs, BeforeAndAfterTheChain) {
  SamplerOptions options = open();
  options.topK = 2;
  Sampler sampler(options);
  ASSERT_TRUE(sampler.distribution(logits, {}, {}).ok());
  LogprobReader reader;
  TokenLogprobs entry = reader.read(logits, 2, 3);
  reader.readChain(sampler.last(), 3, entry);
  EXPECT_NEAR(entry.logprob, -1.440190, 1e-5);
  ASSERT_EQ(entry.top.size(), 3u);
  EXPECT_EQ(entry.top[0].id, 1);
  EXPECT_NEAR(entry.top[0].logprob, -0.440190, 1e-5);
  EXPECT_EQ(entry.top[2].id, 0);
  EXPECT_NEAR(entry.chainLogprob, -1.313262, 1e-5); // log(1 / (1 + e))
  ASSERT_EQ(entry.chainTop.size(), 2u);
  EXPECT_NEAR(entry.chainTop[0].logprob, -0.313262, 1e-5);
}

} // namespace
