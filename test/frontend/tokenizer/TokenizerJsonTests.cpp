// tokenizer.json of real models. The expected ids are those that transformers gave (exports/smollm2-135m); how whole
// strings of other kinds of tokenizers are read is in TokenizerKindTests.
#include "SharedTokenizers.h"
#include "runtime/tokenizer/StreamingDecoder.h"

namespace lathe::test {
namespace {

TEST(TokenizerJson, SmolLm2PromptsGiveTheIdsOfTransformers) {
  if (!sharedExists("exports/smollm2-135m/tokenizer.json"))
    GTEST_SKIP() << "no shared data";
  TokenizerPtr tokenizer = create(readFolderTokenizer(sharedPath("exports/smollm2-135m")));
  ASSERT_TRUE(tokenizer);
  nlohmann::json greedy = nlohmann::json::parse(readShared("exports/smollm2-135m/greedy.json"));
  ASSERT_EQ(greedy["prompts"].size(), 3u);
  for (const auto &prompt : greedy["prompts"]) {
    std::string text = prompt["prompt_text"];
    EXPECT_EQ(*tokenizer->encode(text, true, true), prompt["prompt"].get<Ids>());
    EXPECT_EQ(tokenizer->decode(prompt["prompt"].get<Ids>(), false), text);
  }
  EXPECT_EQ(tokenizer->spec().bos, 1);
  EXPECT_EQ(tokenizer->spec().endIds, Ids{2});
  EXPECT_FALSE(tokenizer->spec().addsBos());
  EXPECT_EQ(tokenizer->spec().chatTemplate, readShared("exports/smollm2-135m/chat_template.jinja"));
}

TEST(TokenizerJson, SmolLm2ReadsWikiText) {
  if (!sharedExists("exports/smollm2-135m/perplexity.json"))
    GTEST_SKIP() << "no shared data";
  TokenizerPtr tokenizer = create(readFolderTokenizer(sharedPath("exports/smollm2-135m")));
  ASSERT_TRUE(tokenizer);
  nlohmann::json expected = nlohmann::json::parse(readShared("exports/smollm2-135m/perplexity.json"));
  std::string text = readShared("text/wikitext2_test_tokens.txt");
  Result<Ids> ids = tokenizer->encode(text, false, false);
  ASSERT_TRUE(ids) << ids.message();
  ASSERT_GT(ids->size(), 2048u);
  EXPECT_EQ(Ids(ids->begin(), ids->begin() + 16), expected["first_16_ids"].get<Ids>());
  EXPECT_EQ(Ids(ids->begin() + 2044, ids->begin() + 2048), expected["last_4_ids"].get<Ids>());
  EXPECT_EQ(tokenizer->decode(*ids, false), text);

  StreamingDecoder decoder(tokenizer, false, true);
  std::string streamed;
  for (int32_t id : *ids)
    streamed += decoder.push(id);
  EXPECT_EQ(streamed + decoder.finish(), text);
}

TEST(TokenizerJson, SpecSurvivesTheArtifactForm) {
  if (!sharedExists("exports/smollm2-135m/tokenizer.json"))
    GTEST_SKIP() << "no shared data";
  Result<TokenizerSpec> spec = readFolderTokenizer(sharedPath("exports/smollm2-135m"));
  ASSERT_TRUE(spec) << spec.message();
  Result<TokenizerSpec> again = TokenizerSpec::deserialize(spec->serialize());
  ASSERT_TRUE(again) << again.message();
  TokenizerPtr one = create(std::move(*spec)), two = create(std::move(*again));
  std::string text = "<|im_start|>One 2 3, caf\xc3\xa9 \xf0\x9f\x90\xa6.";
  EXPECT_EQ(*one->encode(text, true, true), *two->encode(text, true, true));
}

TEST(TokenizerJson, SaysWhatIsNotSupported) {
  auto message = [](std::string_view text) { return parseTokenizerJson({text, {}, {}, {}, {}, {}}).message(); };
  EXPECT_NE(message("{\"model\":{\"type\":\"Bytes\"}}").find("'Bytes' is not supported; supported: BPE, WordPiece"),
            std::string::npos);
  EXPECT_NE(message("{\"model\":{\"type\":\"WordPiece\"}}").find("the model has no object 'vocab'"), std::string::npos);
  EXPECT_NE(message("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\"]]}}").find("token 0 of the vocabulary is not a pair"),
            std::string::npos);
  EXPECT_NE(message("{\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"A\"},\"model\":{\"type\":\"BPE\"}}")
                .find("no base64 text"),
            std::string::npos);
  EXPECT_NE(message("[]").find("not a JSON object"), std::string::npos);
  EXPECT_NE(
      message("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a b\"]}}").find("not in the vocabulary"),
      std::string::npos);
  EXPECT_NE(message("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":4000000000},\"merges\":[]}}")
                .find("has the id 4000000000"),
            std::string::npos);
  EXPECT_NE(message("{\"pre_tokenizer\":{\"type\":\"UnicodeScripts\"},\"model\":{\"type\":\"BPE\"}}")
                .find("'UnicodeScripts'"),
            std::string::npos);
}

} // namespace
} // namespace lathe::test
