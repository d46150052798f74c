// Random numbers against their published test vectors, draws by a chi-square test, and what a draw depends on.
#include "runtime/sampling/Random.h"
#include "runtime/sampling/Sampler.h"

#include <gtest/gtest.h>

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

// Known answers of Random123 (kat_vectors, philox4x32 10).
TEST(Random, PhiloxKnownAnswers) {
  using Block = std::array<uint32_t, 4>;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Sampler, DrawsFollowTheDistribution) {
  const double expected[] = {0.0649655, 0.0186129, 0.291155,  0.0019618, 0.2267517,
                             0.2267517, 0.0144958, 0.0394035, 0.0087921, 0.1071099};
  constexpr int draws = 100000;
  for (uint64_t seed : {1ull, 2ull, 0xffffffffffffffffull}) {
    SamplerOptions options = open();
    options.seed = seed;
    Sampler sampler(options);
    SamplerState state;
    int counts[10] = {};
    for (int i = 0; i < draws; ++i)
      ++counts[*sampler.sample(logits, {{}, uint64_t(i % 7), uint32_t(i / 7)}, state)];
    double chi = 0;
    for (int i = 0; i < 10; ++i)
      chi += (counts[i] - draws * expected[i]) * (counts[i] - draws * expected[i]) / (draws * expected[i]);
    EXPECT_LT(chi, 27.88) << "seed " << seed; // 9 degrees of freedom, one in a thousand
  }
}

TEST(Sampler, ADrawDependsOnSeedSequenceAndPositionAlone) {
  SamplerOptions options = open();
  options.seed = 7;
  Sampler first(options), second(options);
  SamplerState state;
  for (uint32_t position = 0; position < 20; ++position)
    (void)*first.sample(logits, {{}, 3, position}, state);
  int differing = 0;
  for (uint32_t position = 0; position < 20; ++position) {
    EXPECT_EQ(*first.sample(logits, {{}, 1, position}, state), *second.sample(logits, {{}, 1, position}, state));
    differing += *first.sample(logits, {{}, 1, position}, state) != *first.sample(logits, {{}, 2, position}, state);
  }
  EXPECT_GT(differing, 5);
}

} // namespace
