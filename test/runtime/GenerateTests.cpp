// What ends a generation, and what history, sequence and result are afterwards; on a model with a known formula.
#include "runtime/Generate.h"
#include "test/runtime/ToyModel.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace lathe;

namespace {

class GenerateTest : public testing::Test {
protected:
  void SetUp() override {
    static std::string bytes = toy::bytes(200, ",\"eos_ids\":[70]");
    if (bytes.empty())
      GTEST_SKIP() << "no C compiler";
    auto model = LoadedModel::load(*Artifact::fromBytes(std::as_bytes(std::span(bytes)), "toy.lathe"));
    ASSERT_TRUE(model.ok()) << model.message();
    decoder = std::move(*Decoder::create(*model, std::make_shared<ThreadPool>(1), {.sequences = 2}));
    options.sampling.temperature = 0;
    // 70 is the second token after 1 2 3 by the formula.
    std::vector<int32_t> text = history;
    for (int i = 0; i < 8; ++i) {
      expected.push_back(toy::next(text));
      text.push_back(expected.back());
    }
    ASSERT_EQ(expected[1], 70);
  }
  Result<Generation> run() { return generate({*decoder, nullptr}, sequence(), history, options); }
  uint64_t sequence() {
    if (!sequence_)
      sequence_ = decoder->addSequence();
    return *sequence_;
  }
  std::unique_ptr<Decoder> decoder;
  std::optional<uint64_t> sequence_;
  std::vector<int32_t> history = {1, 2, 3}, expected;
  GenerateOptions options;
};

TEST_F(GenerateTest, EndsAtTheEndToken) {
  auto result = run();
  ASSERT_TRUE(result.ok()) << result.message();
  EXPECT_EQ(result->reason, FinishReason::EndToken);
  EXPECT_EQ(result->tokens, std::vector<int32_t>{expected[0]});
  EXPECT_EQ(history, (std::vector<int32_t>{1, 2, 3, expected[0], 70}));
  EXPECT_EQ(decoder->length(sequence()), 4u);
}

TEST_F(GenerateTest, LimitAndGoingOn) {
  options.ignoreEos = true;
  options.predict = 5;
  auto first = run();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->reason, FinishReason::Limit);
  EXPECT_EQ(first->timings.promptTokens, 3u);
  EXPECT_EQ(first->timings.evalRuns, 4u);
  options.predict = 3;
  auto second = run(); // the last token of the first call was not fed yet
  ASSERT_TRUE(second.ok());
  std::vector<int32_t> all = first->tokens;
  all.insert(all.end(), second->tokens.begin(), second->tokens.end());
  EXPECT_EQ(all, expected);
}

TEST_F(GenerateTest, EndsWhereTheContextEnds) {
  options.ignoreEos = true;
  auto result = run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->reason, FinishReason::ContextFull);
  EXPECT_EQ(decoder->length(sequence()), 200u);
  EXPECT_EQ(result->tokens.size(), 198u); // the last one follows from the full context
}

TEST_F(GenerateTest, CallbackAndCancelEndIt) {
  options.ignoreEos = true;
  int seen = 0;
  options.onToken = [&](int32_t, std::string_view) { return ++seen < 4; };
  auto result = run();
  EXPECT_EQ(result->reason, FinishReason::Cancelled);
  EXPECT_EQ(result->tokens.size(), 4u);
  std::atomic<bool> cancel{true};
  options.onToken = nullptr;
  options.cancel = &cancel;
  result = run();
  EXPECT_EQ(result->reason, FinishReason::Cancelled);
  EXPECT_EQ(result->tokens.size(), 1u);
}

TEST_F(GenerateTest, SampledTextIsTheSameBesideAnotherSequence) {
  options.ignoreEos = true;
  options.sampling.temperature = 2;
  options.sampling.seed = 11;
  options.predict = 60;
  auto alone = run();
  ASSERT_TRUE(alone.ok());
  std::vector<int32_t> other = {9, 9}, again = {1, 2, 3};
  ASSERT_TRUE(generate({*decoder, nullptr}, decoder->addSequence(), other, options).ok());
  decoder->truncate(sequence(), 0);
  auto second = generate({*decoder, nullptr}, sequence(), again, options);
  EXPECT_EQ(alone->tokens, second->tokens);
}

TEST_F(GenerateTest, SeveralTextsAreThoseOfEachStreamAlone) {
  options.sampling.temperature = 2;
  options.sampling.seed = 11;
  options.sampling.mirostat = 2; // has a state of its own in every text
  options.predict = 30;
  std::vector<uint64_t> sequences = {decoder->addSequence(), decoder->addSequence(), decoder->addSequence()};
  auto together = generateSeveral({*decoder, nullptr}, sequences, history, options);
  ASSERT_TRUE(together.ok()) << together.message();
  for (uint64_t sequence : sequences)
    decoder->removeSequence(sequence);
  ASSERT_EQ(together->size(), 3u);
  EXPECT_NE((*together)[0].tokens, (*together)[1].tokens);
  for (uint64_t stream = 0; stream < 3; ++stream) {
    options.stream = stream;
    std::vector<int32_t> again = history;
    uint64_t sequence = decoder->addSequence();
    auto alone = generate({*decoder, nullptr}, sequence, again, options);
    ASSERT_TRUE(alone.ok());
    EXPECT_EQ((*together)[stream].tokens, alone->tokens) << stream;
    EXPECT_EQ((*together)[stream].reason, alone->reason) << stream;
    decoder->removeSequence(sequence);
  }
}

// What the greedy token has as the largest logit is the first of the top logprobs, in the prompt as in what is new.
TEST_F(GenerateTest, Logprobs) {
  options.ignoreEos = true;
  options.predict = 4;
  options.logprobs = options.promptLogprobs = 1;
  std::vector<int32_t> prompt = {1, 2, 3};
  prompt.insert(prompt.end(), expected.begin(), expected.end());
  history = prompt;
  auto result = run();
  ASSERT_TRUE(result.ok()) << result.message();
  ASSERT_EQ(result->promptLogprobs.size(), prompt.size() - 1);
  for (size_t i = 0; i < result->promptLogprobs.size(); ++i) {
    EXPECT_EQ(result->promptLogprobs[i].id, prompt[i + 1]);
    EXPECT_EQ(result->promptLogprobs[i].top[0].id, toy::next({prompt.begin(), prompt.begin() + ptrdiff_t(i) + 1}));
  }
  EXPECT_EQ(result->promptLogprobs.back().logprob, result->promptLogprobs.back().top[0].logprob);
  ASSERT_EQ(result->logprobs.size(), 4u);
  for (const TokenLogprobs &entry : result->logprobs) {
    EXPECT_EQ(entry.id, entry.top[0].id);
    EXPECT_LT(entry.logprob, 0);
    EXPECT_EQ(entry.chainLogprob, 0);
  }
}

TEST_F(GenerateTest, MinTokensKeepsTheEndTokenAway) {
  options.sampling.minTokens = 3;
  options.predict = 3;
  auto result = run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->reason, FinishReason::Limit);
  EXPECT_EQ(std::ranges::count(result->tokens, 70), 0);
}

TEST_F(GenerateTest, WhatCannotBeginIsSaid) {
  history.clear();
  EXPECT_EQ(run().message(), "the prompt is empty: there is no token to begin with");
  history = {1};
  options.stops = {"x"};
  EXPECT_FALSE(run().ok());
  options.stops.clear();
  options.sampling.repeatPenalty = 0;
  EXPECT_FALSE(run().ok());
  history.assign(201, 1);
  options.sampling.repeatPenalty = 1;
  EXPECT_EQ(run().message(), "the prompt has 201 tokens, the context holds 200");
}

TEST(Timings, LlamaCppsLayout) {
  Timings timings{0.1605, 0.01133, 0.39705, 0.00512, 0.43071, 6, 47, 54};
  EXPECT_EQ(timings.print(), "lathe_print_timings:    sampling time =       5.12 ms /    54 runs   (    0.09 ms per "
                             "token, 10546.88 tokens per second)\n"
                             "lathe_print_timings:        load time =     160.50 ms\n"
                             "lathe_print_timings: prompt eval time =      11.33 ms /     6 tokens (    1.89 ms per "
                             "token,   529.57 tokens per second)\n"
                             "lathe_print_timings:        eval time =     397.05 ms /    47 runs   (    8.45 ms per "
                             "token,   118.37 tokens per second)\n"
                             "lathe_print_timings:       total time =     430.71 ms /    53 tokens\n");
}

} // namespace
