// Vocabularies of GGUF files. The expected ids are llama.cpp's own test vectors (tokenizers/*.inp, *.out) and, for
// SmolLM2, the ids that transformers gave (exports/smollm2-135m/greedy.json).
#include "SharedTokenizers.h"

namespace lathe::test {
namespace {

std::vector<std::string> splitAt(const std::string &text, const std::string &separator) {
  std::vector<std::string> parts;
  for (size_t at = 0;;) {
    size_t found = text.find(separator, at);
    parts.push_back(text.substr(at, found - at));
    if (found == std::string::npos)
      return parts;
    at = found + separator.size();
  }
}

Ids numbers(const std::string &line) {
  Ids ids;
  std::istringstream in(line);
  for (int32_t id; in >> id;)
    ids.push_back(id);
  return ids;
}

void checkVectors(const std::string &name) {
  TokenizerPtr tokenizer = tokenizerOfGgufFile(name);
  ASSERT_TRUE(tokenizer);
  std::vector<std::string> texts = splitAt(readShared(name + ".inp"), "\n__ggml_vocab_test__\n");
  std::vector<std::string> lines = splitAt(readShared(name + ".out"), "\n");
  if (texts.back().empty())
    texts.pop_back();
  ASSERT_EQ(texts.size(), 46u);
  ASSERT_GE(lines.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    Result<Ids> ids = tokenizer->encode(texts[i], false, false);
    ASSERT_TRUE(ids) << ids.message();
    EXPECT_EQ(*ids, numbers(lines[i])) << "text " << i << ": " << texts[i];
    EXPECT_EQ(tokenizer->decode(*ids, false), texts[i]);
  }
}

TEST(GgufTokenizer, Gpt2VocabularyGivesTheIdsOfLlamaCpp) {
  if (!sharedExists("tokenizers/ggml-vocab-gpt-2.gguf"))
    GTEST_SKIP() << "no shared data";
  checkVectors("tokenizers/ggml-vocab-gpt-2.gguf");
}

TEST(GgufTokenizer, Llama2VocabularyGivesTheIdsOfLlamaCpp) {
  if (!sharedExists("tokenizers/ggml-vocab-llama-spm.gguf"))
    GTEST_SKIP() << "no shared data";
  checkVectors("tokenizers/ggml-vocab-llama-spm.gguf");
}

TEST(GgufTokenizer, ScoredVocabularyAddsBosAndKnowsItsSpecialTokens) {
  if (!sharedExists("tokenizers/ggml-vocab-llama-spm.gguf"))
    GTEST_SKIP() << "no shared data";
  TokenizerPtr tokenizer = tokenizerOfGgufFile("tokenizers/ggml-vocab-llama-spm.gguf");
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(*tokenizer->encode("Hello world", true, true), (Ids{1, 15043, 3186}));
  EXPECT_EQ(*tokenizer->encode("<s>Hello</s>", false, true), (Ids{1, 15043, 2}));
  EXPECT_GT(tokenizer->encode("<s>", false, false)->size(), 1u);
  EXPECT_TRUE(tokenizer->isEnd(2));
  EXPECT_EQ(tokenizer->decode(Ids{1, 15043, 2}, true), "Hello");
  EXPECT_EQ(tokenizer->decode(Ids{1, 15043, 2}, false), "<s> Hello</s>");
}

TEST(GgufTokenizer, SmolLmPreTokenizerSplitsDigits) {
  if (!sharedExists("exports/smollm2-135m/tokenizer.json"))
    GTEST_SKIP() << "no shared data";
  nlohmann::json file = nlohmann::json::parse(readShared("exports/smollm2-135m/tokenizer.json"));
  nlohmann::json greedy = nlohmann::json::parse(readShared("exports/smollm2-135m/greedy.json"));
  GgufTokenizer from;
  from.model = "gpt2";
  from.pre = "smollm";
  from.tokens.resize(file["model"]["vocab"].size());
  from.types.assign(from.tokens.size(), 1);
  for (auto item = file["model"]["vocab"].begin(); item != file["model"]["vocab"].end(); ++item)
    from.tokens.at(item->get<size_t>()) = item.key();
  for (const auto &token : file["added_tokens"])
    from.types.at(token["id"].get<size_t>()) = 3;
  std::vector<std::string> merges;
  for (const auto &merge : file["model"]["merges"])
    merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  from.merges.assign(merges.begin(), merges.end());
  TokenizerPtr tokenizer = create(tokenizerFromGguf(from));
  ASSERT_TRUE(tokenizer);
  for (const auto &prompt : greedy["prompts"])
    EXPECT_EQ(*tokenizer->encode(prompt["prompt_text"].get<std::string>(), true, true), prompt["prompt"].get<Ids>());
}

TEST(GgufTokenizer, RefusesWhatItDoesNotKnow) {
  GgufTokenizer from;
  EXPECT_FALSE(hasTokenizer(from));
  from.model = "test";
  EXPECT_FALSE(hasTokenizer(from));
  from.model = "rwkv";
  EXPECT_NE(tokenizerFromGguf(from).message().find("'rwkv' is not supported; supported: gpt2"), std::string::npos);
  from.model = "gpt2";
  from.pre = "no-such";
  from.tokens = {"a"};
  Result<TokenizerSpec> unknown = tokenizerFromGguf(from);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.message().find("'no-such' is not known; known: default, gpt-2"), std::string::npos)
      << unknown.message();
  from.pre = "gpt-2";
  from.merges = {"a b"};
  EXPECT_NE(tokenizerFromGguf(from).message().find("merge 0 'a b' uses a piece"), std::string::npos);
  from.model = "llama";
  EXPECT_NE(tokenizerFromGguf(from).message().find("0 scores for 1 tokens"), std::string::npos);
}

} // namespace
} // namespace lathe::test
