// The tokens at which DRY's repetitions end, by the rule of DryBreakers.h on a vocabulary written here, and what a
// breaker of several tokens does.
#include "runtime/sampling/DryBreakers.h"
#include "runtime/sampling/Sampler.h"
#include "test/runtime/ToyModel.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace lathe;

namespace {

using Breakers = std::vector<std::pair<int32_t, std::vector<int32_t>>>;

int32_t id(char c) { return toy::idsOf(std::string(1, c))[0]; }

TEST(DryBreakers, TokensThatHoldATextOrBeginIt) {
  TokenizerSpec spec = toy::tokenizer();
  int32_t whole = int32_t(spec.size()), part = whole + 1;
  spec.addPiece("xa;c", TokenType::Normal);
  spec.addPiece("xa", TokenType::Normal);
  auto tokenizer = Tokenizer::create(std::move(spec));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.message();
  std::vector<std::string> texts = {":", "a;"};
  EXPECT_EQ(dryBreakers(**tokenizer, texts),
            (Breakers{{id(':'), {}}, {id('a'), {id(';')}}, {whole, {}}, {part, {id(';')}}}));
}

// "a b c | a b": c would repeat two tokens; with the breaker "b" after "a" there is nothing left that could be
// repeated.
TEST(DryBreakers, ARepetitionEndsAtABreakerOfSeveralTokens) {
  SamplerOptions options;
  options.temperature = 1, options.topK = 0, options.topP = 1, options.minP = 0;
  options.dryMultiplier = 1;
  const std::vector<float> logits(4, 0.0f);
  const std::vector<int32_t> history = {0, 1, 2, 3, 0, 1};
  auto of2 = [&] { return Sampler(options).distribution(logits, {history}, {})->probability(2); };
  EXPECT_NEAR(of2(), std::exp(-1.0) / (3 + std::exp(-1.0)), 1e-6); // base ^ (2 - 2) = 1
  options.dryBreakers = {{0, {1}}};
  EXPECT_NEAR(of2(), 0.25, 1e-6);
  options.dryBreakers = {{0, {2}}}; // is not at the end of the text
  EXPECT_LT(of2(), 0.2);
  options.dryBreakers = {{2, {}}}; // the token itself is one
  EXPECT_NEAR(of2(), 0.25, 1e-6);
}

} // namespace
