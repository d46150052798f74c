// Tokenizers of the tiny models: stories260K against llama2.c's vocabulary file and a plain version of its algorithm,
// the exports against what tokenizers 0.22.1 gives.
#include "SharedTokenizers.h"

#include <algorithm>
#include <cstring>

namespace lathe::test {
namespace {

/// karpathy/llama2.c, tokenizer.bin: longest piece, then score, length and bytes of each piece.
struct PlainTokenizer {
  std::vector<std::string> pieces;
  std::vector<float> scores;

  explicit PlainTokenizer(const std::string &bytes) {
    for (size_t at = 4; at + 8 <= bytes.size();) {
      float score;
      int32_t length;
      std::memcpy(&score, bytes.data() + at, 4);
      std::memcpy(&length, bytes.data() + at + 4, 4);
      scores.push_back(score);
      pieces.push_back(bytes.substr(at + 8, static_cast<size_t>(length)));
      at += 8 + static_cast<size_t>(length);
    }
  }
  int32_t find(const std::string &piece) const {
    auto found = std::find(pieces.begin(), pieces.end(), piece);
    return found == pieces.end() ? -1 : static_cast<int32_t>(found - pieces.begin());
  }
  /// For ASCII text whose characters are pieces.
  Ids encode(const std::string &text) const {
    Ids ids{find(" ")};
    for (char c : text)
      ids.push_back(find(std::string(1, c)));
    for (;;) {
      float bestScore = -1e10f;
      int32_t bestId = -1;
      size_t bestAt = 0;
      for (size_t i = 0; i + 1 < ids.size(); ++i) {
        int32_t id = find(pieces[static_cast<size_t>(ids[i])] + pieces[static_cast<size_t>(ids[i + 1])]);
        if (id >= 0 && scores[static_cast<size_t>(id)] > bestScore) {
          bestScore = scores[static_cast<size_t>(id)];
          bestId = id;
          bestAt = i;
        }
      }
      if (bestId < 0)
        return ids;
      ids[bestAt] = bestId;
      ids.erase(ids.begin() + static_cast<int64_t>(bestAt) + 1);
    }
  }
};

TEST(TinyTokenizer, Stories260KGivesTheIdsOfLlama2C) {
  if (!sharedExists("stories260K/tok512.bin"))
    GTEST_SKIP() << "no shared data";
  PlainTokenizer plain(readShared("stories260K/tok512.bin"));
  ASSERT_EQ(plain.pieces.size(), 512u);
  TokenizerPtr tokenizer = tokenizerOfGgufFile("stories260K/stories260K-f32.gguf");
  ASSERT_TRUE(tokenizer);
  std::string text =
      "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw "
      "a big, red ball. She wanted to play with it, but it was too high.";
  Ids expected = plain.encode(text);
  EXPECT_EQ(*tokenizer->encode(text, false, false), expected);
  EXPECT_EQ(tokenizer->decode(expected, false), text);
  expected.insert(expected.begin(), 1);
  EXPECT_EQ(*tokenizer->encode(text, true, false), expected);
}

TEST(TinyTokenizer, ExportsGiveTheSameIdsFromBothForms) {
  if (!sharedExists("exports/llama-hf/tokenizer.json"))
    GTEST_SKIP() << "no shared data";
  TokenizerPtr json = create(readFolderTokenizer(sharedPath("exports/llama-hf")));
  TokenizerPtr gguf = tokenizerOfGgufFile("exports/llama-gguf/model-f32.gguf");
  ASSERT_TRUE(json && gguf);
  const std::pair<const char *, Ids> expected[] = {
      {"The unknown the  in <|endoftext|>.", {54, 101, 99, 106, 80, 194, 80, 105, 99, 123, 99, 0, 16}},
      {"caf\xc3\xa9 \xf0\x9f\xa6\x99 ok", {69, 67, 72, 99, 115, 77}}, // bytes without a token are dropped
      {"hello\n\nworld 123", {101, 78, 78, 81, 98, 98, 89, 121, 78, 70, 146, 20, 21}}};
  for (auto &[text, ids] : expected) {
    EXPECT_EQ(*json->encode(text, true, true), ids) << text;
    EXPECT_EQ(*gguf->encode(text, true, true), ids) << text;
  }
  EXPECT_EQ(json->spec().bos, 0);
  EXPECT_EQ(json->spec().endIds, Ids{0});
}

} // namespace
} // namespace lathe::test
