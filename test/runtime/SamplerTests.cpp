// The chain against numbers computed with numpy from llama.cpp's rules, random numbers against their published test
// vectors, draws by a chi-square test.
#include "runtime/sampling/Random.h"
#include "runtime/sampling/Sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

using namespace lathe;

namespace {

const std::vector<float> logits = {1.5f, 0.25f, 3, -2, 2.75f, 2.75f, 0, 1, -0.5f, 2};

SamplerOptions open() {
  SamplerOptions options;
  options.temperature = 1;
  options.topK = 0;
  options.topP = 1;
  options.minP = 0;
  return options;
}

/// `expected` in any order.
void expectDistribution(const SamplerOptions &options, std::vector<std::pair<int32_t, float>> expected,
                        std::vector<int32_t> history = {}) {
  Sampler sampler(options);
  auto got = sampler.distribution(logits, {history}, {});
  ASSERT_TRUE(got.ok()) << got.message();
  ASSERT_EQ(got->size(), expected.size());
  std::ranges::sort(expected);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(got->ids[i], expected[i].first) << "place " << i;
    EXPECT_NEAR(got->probabilities[i], expected[i].second, 2e-6) << "place " << i;
  }
}

Result<int32_t> draw(const SamplerOptions &options, std::span<const float> row, uint32_t position = 0) {
  SamplerState state;
  return Sampler(options).sample(row, {{}, 0, position}, state);
}

TEST(Sampler, Softmax) {
  expectDistribution(open(), {{2, 0.291155f},
                              {4, 0.2267517f},
                              {5, 0.2267517f},
                              {9, 0.1071099f},
                              {0, 0.0649655f},
                              {7, 0.0394035f},
                              {1, 0.0186129f},
                              {6, 0.0144958f},
                              {8, 0.0087921f},
                              {3, 0.0019618f}});
}

TEST(Sampler, TopKAndTemperature) {
  SamplerOptions options = open();
  options.topK = 4;
  options.temperature = 0.5f;
  expectDistribution(options, {{2, 0.4258225f}, {4, 0.2582744f}, {5, 0.2582744f}, {9, 0.0576288f}});
}

TEST(Sampler, TopKOfManyIsWhatSortingGives) {
  std::vector<float> many(5000);
  for (size_t i = 0; i < many.size(); ++i)
    many[i] = float(philox({uint32_t(i), 0, 0, 0}, {1, 2})[0] % 300); // many ties
  std::vector<int32_t> order(many.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(
      order, [&](int32_t a, int32_t b) { return std::pair(-many[size_t(a)], a) < std::pair(-many[size_t(b)], b); });
  for (int32_t k : {1, 2, 40, 127, 128, 129, 600, 700, 4999, 5000, 0}) {
    SamplerOptions options = open();
    options.topK = k;
    Sampler sampler(options);
    auto got = sampler.distribution(many, {}, {});
    ASSERT_TRUE(got.ok());
    std::vector<int32_t> expected(order.begin(), k ? order.begin() + k : order.end());
    std::ranges::sort(expected);
    ASSERT_TRUE(std::ranges::equal(got->ids, expected)) << k;
  }
  EXPECT_EQ(*argmax(many), order[0]);
}

TEST(Sampler, TopP) {
  SamplerOptions options = open();
  options.topP = 0.8f;
  expectDistribution(options, {{2, 0.3418241f}, {4, 0.2662129f}, {5, 0.2662129f}, {9, 0.1257501f}});
}

TEST(Sampler, MinP) {
  SamplerOptions options = open();
  options.minP = 0.3f;
  options.temperature = 2;
  expectDistribution(options, {{2, 0.2966017f}, {4, 0.2617501f}, {5, 0.2617501f}, {9, 0.179898f}});
}

TEST(Sampler, WholeChain) {
  SamplerOptions options;
  options.topK = 7;
  options.topP = 0.9f;
  options.minP = 0.2f;
  options.temperature = 0.8f;
  expectDistribution(options, {{2, 0.3444604f}, {4, 0.2520126f}, {5, 0.2520126f}, {9, 0.0986896f}, {0, 0.0528247f}});
}

TEST(Sampler, Penalties) {
  SamplerOptions options = open();
  options.repeatPenalty = 1.5f;
  options.frequencyPenalty = 0.25f;
  options.presencePenalty = 0.5f;
  options.penaltyWindow = 5;
  expectDistribution(options,
                     {{5, 0.4225421f},
                      {9, 0.1995948f},
                      {0, 0.1210603f},
                      {4, 0.0798079f},
                      {2, 0.0734268f},
                      {1, 0.0346844f},
                      {6, 0.0270122f},
                      {7, 0.0248524f},
                      {8, 0.0163837f},
                      {3, 0.0006353f}},
                     {5, 5, 5, 2, 2, 4, 7, 3});
}

TEST(Sampler, GreedyTakesTheLowestIdAmongEquals) {
  SamplerOptions options = open();
  options.temperature = 0;
  options.logitBias = {{2, -std::numeric_limits<float>::infinity()}};
  EXPECT_EQ(*draw(options, logits), 4);
  options.logitBias.clear();
  EXPECT_EQ(*draw(options, logits), 2);
  EXPECT_EQ(*argmax(std::vector<float>{1, 7, 7}), 1);
}

TEST(Sampler, NoTokenFromBrokenLogits) {
  float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (float temperature : {0.0f, 1.0f}) {
    SamplerOptions options = open();
    options.temperature = temperature;
    EXPECT_EQ(draw(options, std::vector<float>{0, nan, 1}).message(),
              "the logit of token 1 is NaN: the model's arithmetic left the range of its types");
    EXPECT_FALSE(draw(options, std::vector<float>{0, infinity}).ok());
    EXPECT_FALSE(draw(options, std::vector<float>{-infinity, -infinity}).ok());
    EXPECT_EQ(*draw(options, std::vector<float>{-infinity, 0}), 1);
  }
}

TEST(Sampler, TinyTemperatureIsGreedy) {
  SamplerOptions options = open();
  options.temperature = 1e-40f;
  for (uint32_t position = 0; position < 50; ++position)
    EXPECT_EQ(*draw(options, logits, position), 2);
}

} // namespace
