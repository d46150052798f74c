// The C API: handles may be freed in any order; errors are messages.
#include "runtime/lathe.h"
#include "test/runtime/ToyModel.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace lathe;

namespace {

class ApiTest : public testing::Test {
protected:
  void SetUp() override {
    static std::string bytes = toy::bytes(500, "", /*withTokenizer=*/true);
    if (bytes.empty())
      GTEST_SKIP() << "no C compiler";
    path = folder.path + "/toy.lathe";
    writeTestFile(path, bytes);
    ASSERT_EQ(lathe_model_open(path.c_str(), &model), LATHE_OK) << lathe_last_error();
    ASSERT_EQ(lathe_session_create(model, nullptr, &session), LATHE_OK) << lathe_last_error();
    ASSERT_EQ(lathe_sequence_create(session, &sequence), LATHE_OK);
  }
  void TearDown() override {
    lathe_model_free(model);
    lathe_session_free(session);
    lathe_sequence_free(sequence);
  }
  /// What follows a text by the model's formula, up to the end token or `limit` tokens.
  static std::string continuation(const std::string &text, int limit) {
    std::vector<int32_t> ids = toy::idsOf(text), added;
    for (int i = 0; i < limit; ++i) {
      int32_t token = toy::next(ids);
      if (token == toy::end)
        break;
      ids.push_back(token);
      added.push_back(token);
    }
    return toy::textOf(added);
  }
  TestFolder folder;
  std::string path;
  lathe_model *model = nullptr;
  lathe_session *session = nullptr;
  lathe_sequence *sequence = nullptr;
};

TEST_F(ApiTest, GenerateStreamsStopsAndGoesOn) {
  lathe_generate_options options = lathe_generate_default_options();
  options.sampling.temperature = 0;
  options.ignore_eos = 1;
  options.predict = 12;
  std::string streamed;
  options.user = &streamed;
  options.on_text = [](void *user, const char *text, size_t length, int32_t) {
    static_cast<std::string *>(user)->append(text, length);
    return 0;
  };
  auto prompt = toy::idsOf("A prompt");
  lathe_finish finish;
  ASSERT_EQ(lathe_generate(sequence, prompt.data(), prompt.size(), &options, &finish), LATHE_OK) << lathe_last_error();
  EXPECT_EQ(finish, LATHE_FINISH_LENGTH);
  std::string expected = continuation("A prompt", 12);
  ASSERT_EQ(expected.size(), 12u);
  EXPECT_EQ(streamed, expected);
  EXPECT_EQ(lathe_sequence_length(sequence), prompt.size() + 11);

  // Again from the prompt, up to a stop string of the text's own middle.
  lathe_sequence_truncate(sequence, 0);
  std::string stop = expected.substr(5, 3);
  const char *stops[] = {stop.c_str()};
  options.stops = stops;
  options.stop_count = 1;
  streamed.clear();
  ASSERT_EQ(lathe_generate(sequence, prompt.data(), prompt.size(), &options, &finish), LATHE_OK) << lathe_last_error();
  EXPECT_EQ(finish, LATHE_FINISH_STOP);
  EXPECT_EQ(streamed, expected.substr(0, expected.find(stop)));

  options.on_text = [](void *, const char *, size_t, int32_t) { return 1; };
  options.stop_count = 0;
  EXPECT_EQ(lathe_generate(sequence, nullptr, 0, &options, &finish), LATHE_CANCELLED);
}

TEST_F(ApiTest, StepsOfSeveralSequences) {
  lathe_session *wide;
  lathe_session_options options = {100, 2, 0, 1};
  ASSERT_EQ(lathe_session_create(model, &options, &wide), LATHE_OK);
  lathe_sequence *a, *b;
  ASSERT_EQ(lathe_sequence_create(wide, &a), LATHE_OK);
  ASSERT_EQ(lathe_sequence_create(wide, &b), LATHE_OK);
  std::vector<int32_t> first = {5, 6, 7}, second = {1};
  lathe_step_part parts[] = {{a, first.data(), 3, 2}, {b, second.data(), 1, 1}};
  ASSERT_EQ(lathe_step(wide, parts, 2), LATHE_OK) << lathe_last_error();
  auto best = [&](uint32_t row) {
    const float *logits = lathe_logits(wide, row);
    return int32_t(std::max_element(logits, logits + lathe_vocabulary(wide)) - logits);
  };
  EXPECT_EQ(best(0), toy::next({5, 6}));
  EXPECT_EQ(best(1), toy::next({5, 6, 7}));
  EXPECT_EQ(best(2), toy::next({1}));
  EXPECT_EQ(lathe_logits(wide, 3), nullptr);
  EXPECT_EQ(lathe_step(session, parts, 2), LATHE_FAILED);
  EXPECT_STREQ(lathe_last_error(), "part 0 is a sequence of another session");
  lathe_session_free(wide); // sequences keep what they need
  EXPECT_EQ(lathe_feed(a, second.data(), 1), LATHE_OK);
  lathe_sequence_free(a);
  lathe_sequence_free(b);
}

TEST_F(ApiTest, TextAndTokens) {
  int32_t tokens[8];
  size_t count = 0;
  EXPECT_EQ(lathe_tokenize(model, "Hello", 5, 0, tokens, 8, &count), LATHE_OK);
  EXPECT_EQ(std::vector<int32_t>(tokens, tokens + count), toy::idsOf("Hello"));
  EXPECT_EQ(lathe_tokenize(model, "Hello", 5, 0, tokens, 2, &count), LATHE_TOO_SMALL);
  EXPECT_EQ(count, 5u);
  EXPECT_EQ(lathe_tokenize(model, "a<end>", 6, LATHE_PARSE_SPECIAL, tokens, 8, &count), LATHE_OK);
  ASSERT_EQ(count, 2u);
  EXPECT_EQ(lathe_token_is_end(model, tokens[1]), 1);
  EXPECT_EQ(lathe_token_is_end(model, tokens[0]), 0);
  char text[6];
  auto ids = toy::idsOf("Hello");
  EXPECT_EQ(lathe_detokenize(model, ids.data(), ids.size(), text, sizeof text, &count), LATHE_OK);
  EXPECT_STREQ(text, "Hello");
}

// Probabilities of softmax(1, 3, 2) by hand.
TEST_F(ApiTest, SamplersAndTheirDistribution) {
  const float logits[] = {1, 3, 2};
  lathe_sampler_options sampling = lathe_sampler_default_options();
  sampling.temperature = 1, sampling.min_p = 0, sampling.top_p = 1;
  sampling.samplers = "top_k;temperature";
  lathe_logit_bias bias = {0, -INFINITY};
  lathe_sampler *sampler;
  ASSERT_EQ(lathe_sampler_create(&sampling, &sampler), LATHE_OK);
  const int32_t *tokens;
  const float *probabilities;
  size_t found;
  ASSERT_EQ(lathe_sampler_distribution(sampler, logits, 3, nullptr, 0, 0, &tokens, &probabilities, &found), LATHE_OK);
  ASSERT_EQ(found, 3u);
  EXPECT_EQ(tokens[1], 1);
  EXPECT_NEAR(probabilities[1], 0.665241, 1e-6);
  EXPECT_NEAR(lathe_logprob(logits, 3, 0), -2.407606, 1e-5);
  lathe_sampler_free(sampler);
  sampling.logit_bias = &bias;
  sampling.logit_bias_count = 1;
  sampling.top_k = 1;
  ASSERT_EQ(lathe_sampler_create(&sampling, &sampler), LATHE_OK);
  int32_t token;
  ASSERT_EQ(lathe_sample(sampler, logits, 3, nullptr, 0, 0, &token), LATHE_OK);
  EXPECT_EQ(token, 1);
  lathe_sampler_free(sampler);
  sampling.samplers = "top_k;nonsense";
  EXPECT_EQ(lathe_sampler_create(&sampling, &sampler), LATHE_FAILED);
  EXPECT_NE(std::string(lathe_last_error()).find("nonsense"), std::string::npos);
}

TEST_F(ApiTest, FailuresHaveMessages) {
  lathe_model *none = nullptr;
  EXPECT_EQ(lathe_model_open("/no/such/file", &none), LATHE_FAILED);
  EXPECT_STREQ(lathe_last_error(), "/no/such/file: cannot be opened: No such file or directory");
  EXPECT_EQ(none, nullptr);
  int32_t token = 97;
  EXPECT_EQ(lathe_feed(sequence, &token, 1), LATHE_FAILED);
  EXPECT_STREQ(lathe_last_error(), "token 97 is outside the vocabulary of 97");
  lathe_sampler_options sampling = lathe_sampler_default_options();
  lathe_sampler *sampler;
  ASSERT_EQ(lathe_sampler_create(&sampling, &sampler), LATHE_OK);
  EXPECT_EQ(lathe_sample(sampler, lathe_logits(session, 0), 97, nullptr, 0, 0, &token), LATHE_FAILED);
  EXPECT_STREQ(lathe_last_error(), "there are no logits: the last step failed, or none was wanted");
  lathe_sampler_free(sampler);
}

} // namespace
