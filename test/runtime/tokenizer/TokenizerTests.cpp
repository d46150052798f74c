// Properties every tokenizer has: any bytes survive the way there and back, streamed text is whole UTF-8, a hostile
// word or pattern ends soon. The vocabularies are made here.
#include "runtime/tokenizer/StreamingDecoder.h"
#include "runtime/tokenizer/Utf8.h"

#include <chrono>
#include <gtest/gtest.h>
#include <random>

namespace lathe {
namespace {

using TokenizerPtr = std::shared_ptr<const Tokenizer>;
using Ids = std::vector<int32_t>;

TokenizerPtr create(TokenizerSpec spec) {
  Result<TokenizerPtr> made = Tokenizer::create(std::move(spec));
  EXPECT_TRUE(made) << made.message();
  return made ? *made : nullptr;
}

/// All bytes, then "aa", "aaaa", ... by merges.
TokenizerSpec byteSpec(int doublings) {
  TokenizerSpec spec;
  for (int byte = 0; byte < 256; ++byte)
    spec.addPiece(std::string(1, static_cast<char>(byte)), TokenType::Normal);
  std::string piece = "a";
  for (int32_t i = 0, last = 'a'; i < doublings; ++i) {
    piece += piece;
    spec.addPiece(piece, TokenType::Normal);
    spec.merges.push_back({last, last, 256 + i});
    last = 256 + i;
  }
  return spec;
}

/// SentencePiece: <0xNN>, '▁', letters, some words.
TokenizerSpec scoredSpec() {
  TokenizerSpec spec;
  spec.model = TokenizerModel::ScoredBpe;
  spec.flags = TokenizerByteFallback | TokenizerDecodeSpaces | TokenizerStripLeadingSpace;
  spec.normalizers = {{NormalizerKind::Prepend, 0, "", " "}, {NormalizerKind::Replace, 0, " ", "\xe2\x96\x81"}};
  spec.addPiece("<unk>", TokenType::Unknown);
  char name[8];
  for (int byte = 0; byte < 256; ++byte) {
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    spec.addPiece(name, TokenType::Byte);
  }
  for (const char *piece : {"\xe2\x96\x81", "a", "b", "c", "ab", "bc",
                            "\xe2\x96\x81"
                            "a",
                            "\xc3\xa9"})
    spec.addPiece(piece, TokenType::Normal);
  spec.scores.assign(spec.size(), 0);
  for (size_t id = 257; id < spec.size(); ++id)
    spec.scores[id] = -static_cast<float>(id);
  spec.unknownSymbol = spec.unknown = 0;
  return spec;
}

std::string randomBytes(std::mt19937 &random, size_t most) {
  static const char *parts[] = {
      "a", "b", "ab", " ", "  ", "\n", "\xc3\xa9", "\xf0\x9f\xa6\x99", "\xe2\x96\x81x", "\xff", "\xc3", "\xe2\x82"};
  std::string text;
  for (size_t n = random() % most; n; --n)
    text += random() % 3 ? parts[random() % 12] : std::string(1, static_cast<char>(random()));
  return text;
}

TEST(Tokenizer, AnyBytesSurvive) {
  TokenizerSpec split = byteSpec(3);
  split.preTokenizers = {{PreTokenizerKind::Split, SplitBehavior::Isolated, false, false, " ?\\p{L}+|\\s+(?!\\S)", ""}};
  std::mt19937 random(3);
  for (const TokenizerPtr &tokenizer : {create(byteSpec(3)), create(split), create(scoredSpec())}) {
    for (int round = 0; round < 3000; ++round) {
      std::string text = randomBytes(random, 12);
      if (text.find("\xe2\x96\x81") != std::string::npos && tokenizer->spec().model == TokenizerModel::ScoredBpe)
        continue; // '▁' is a space there
      Result<Ids> ids = tokenizer->encode(text, false, false);
      ASSERT_TRUE(ids) << ids.message();
      ASSERT_EQ(tokenizer->decode(*ids, false), text);
      StreamingDecoder decoder(tokenizer, false, true);
      std::string streamed;
      for (int32_t id : *ids) {
        std::string part = decoder.push(id);
        ASSERT_EQ(repairUtf8(part), part);
        ASSERT_LT(decoder.pending(), 4u);
        streamed += part;
      }
      ASSERT_EQ(streamed + decoder.finish(), repairUtf8(text));
    }
  }
}

TEST(Tokenizer, JoinsTheBestScoreFirst) {
  TokenizerPtr tokenizer = create(scoredSpec());
  ASSERT_TRUE(tokenizer);
  auto id = [&](const char *piece) { return tokenizer->find(piece); };
  EXPECT_EQ(*tokenizer->encode("abc", false, false), (Ids{id("\xe2\x96\x81"), id("ab"), id("c")}));
  EXPECT_EQ(*tokenizer->encode("xa", false, false), (Ids{id("\xe2\x96\x81"), id("<0x78>"), id("a")}));
  EXPECT_TRUE(tokenizer->encode("", false, false)->empty());
}

TEST(Tokenizer, LeadingSpaceIsDroppedOnlyAtTheStartOfAText) {
  TokenizerPtr tokenizer = create(scoredSpec());
  ASSERT_TRUE(tokenizer);
  int32_t word = tokenizer->find("\xe2\x96\x81"
                                 "a");
  StreamingDecoder start(tokenizer, true, true), continued(tokenizer, true, false);
  EXPECT_EQ(start.push(word) + start.push(word), "a a");
  EXPECT_EQ(continued.push(word), " a");
  EXPECT_EQ(continued.push(-1) + continued.push(1 << 30), "");
}

TEST(Tokenizer, BrokenCharactersBecomeReplacementOnce) {
  TokenizerPtr tokenizer = create(byteSpec(0));
  ASSERT_TRUE(tokenizer);
  StreamingDecoder decoder(tokenizer, false, true);
  EXPECT_EQ(decoder.push(0xe2), "");
  EXPECT_EQ(decoder.push(0x82), "");
  EXPECT_EQ(decoder.push('a'), "\xef\xbf\xbd"
                               "a");
  EXPECT_EQ(decoder.push(0xe2) + decoder.push(0x82) + decoder.push(0xac), "\xe2\x82\xac");
  EXPECT_EQ(decoder.push(0xf0) + decoder.finish(), "\xef\xbf\xbd");
}

TEST(Tokenizer, AMegabyteOfOneWordEndsSoon) {
  auto begin = std::chrono::steady_clock::now();
  std::string text(size_t{1} << 20, 'a');
  EXPECT_EQ(create(byteSpec(16))->encode(text, false, false)->size(), 16u);
  TokenizerPtr scored = create(scoredSpec());
  EXPECT_EQ(scored->decode(*scored->encode(text, false, false), false), text);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(Tokenizer, HostilePatternsAreGivenUp) {
  TokenizerSpec spec = byteSpec(0);
  spec.preTokenizers = {{PreTokenizerKind::Split, SplitBehavior::Isolated, false, false, "(a+)+$", ""}};
  TokenizerPtr tokenizer = create(spec);
  ASSERT_TRUE(tokenizer);
  auto begin = std::chrono::steady_clock::now();
  Result<Ids> ids = tokenizer->encode(std::string(5000, 'a') + "b", false, false);
  EXPECT_FALSE(ids);
  EXPECT_NE(ids.message().find("pre-tokenizer: a regular expression gives up"), std::string::npos) << ids.message();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  spec.preTokenizers[0].pattern = "(";
  EXPECT_FALSE(Tokenizer::create(spec));
}

TEST(Tokenizer, LongestAddedTokenIsFoundFirst) {
  TokenizerSpec spec = byteSpec(0);
  for (const char *text : {"<a>", "<a><b>", "<a><b><c"}) {
    spec.addedTokens.push_back({static_cast<int32_t>(spec.size()), AddedSpecial});
    spec.addPiece(text, TokenType::Control);
  }
  TokenizerPtr tokenizer = create(spec);
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(*tokenizer->encode("<a><b><c><a>x", false, true), (Ids{258, '>', 256, 'x'}));
  EXPECT_EQ(*tokenizer->encode("<a><b><", false, true), (Ids{257, '<'}));
  EXPECT_EQ(tokenizer->encode("<a>", false, false)->size(), 3u);
  EXPECT_EQ(tokenizer->decode(Ids{256, 'x'}, true), "x");
}

} // namespace
} // namespace lathe
