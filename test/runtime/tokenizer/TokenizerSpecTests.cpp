// The artifact form of a tokenizer: whole it comes back as it was, damaged it is refused or still valid.
#include "runtime/tokenizer/Tokenizer.h"

#include <gtest/gtest.h>
#include <random>

namespace lathe {
namespace {

TokenizerSpec sample() {
  TokenizerSpec spec;
  for (const char *piece : {"a", "b", "ab", "<s>", "</s>"})
    spec.addPiece(piece, piece[0] == '<' ? TokenType::Control : TokenType::Normal);
  spec.merges = {{0, 1, 2}};
  spec.addedTokens = {{3, AddedSpecial}, {4, AddedSpecial | AddedStripLeft}};
  spec.normalizers = {{NormalizerKind::Replace, 0, "x", "y"}};
  spec.preTokenizers = {{PreTokenizerKind::Split, SplitBehavior::Removed, true, false, "b+", ""}};
  spec.bos = 3;
  spec.eos = 4;
  spec.endIds = {4};
  spec.prefix = {3};
  spec.chatTemplate = "{{ messages }}";
  return spec;
}

TEST(TokenizerSpec, ComesBackWhole) {
  TokenizerSpec spec = sample();
  Result<TokenizerSpec> again = TokenizerSpec::deserialize(spec.serialize());
  ASSERT_TRUE(again) << again.message();
  EXPECT_EQ(again->serialize(), spec.serialize());
  EXPECT_EQ(again->piece(2), "ab");
  EXPECT_EQ(again->preTokenizers[0].pattern, "b+");
  EXPECT_TRUE(again->preTokenizers[0].invert);
  EXPECT_EQ(again->chatTemplate, "{{ messages }}");
  EXPECT_TRUE(again->addsBos());
}

TEST(TokenizerSpec, EveryCutIsRefused) {
  std::string bytes = sample().serialize();
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(TokenizerSpec::deserialize(std::string_view(bytes).substr(0, length))) << length;
  EXPECT_FALSE(TokenizerSpec::deserialize(bytes + "x"));
}

TEST(TokenizerSpec, DamagedBytesGiveAMessageOrAValidTokenizer) {
  std::string bytes = sample().serialize();
  std::mt19937 random(5);
  int refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string damaged = bytes;
    for (int flips = 0; flips < 3; ++flips)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    Result<TokenizerSpec> spec = TokenizerSpec::deserialize(damaged);
    refused += !spec;
    if (!spec)
      continue;
    if (auto tokenizer = Tokenizer::create(std::move(*spec)); tokenizer)
      (void)(*tokenizer)->encode("aab <s>b", true, true);
  }
  EXPECT_GT(refused, 2500);
}

TEST(TokenizerSpec, RefusesWhatDoesNotFit) {
  auto message = [](auto change) {
    TokenizerSpec spec = sample();
    change(spec);
    return spec.validate().message();
  };
  EXPECT_NE(message([](auto &spec) { spec.merges[0].result = 5; }).find("leaves the vocabulary of 5 tokens"),
            std::string::npos);
  EXPECT_NE(message([](auto &spec) { spec.eos = 9; }).find("eos is token 9, but the vocabulary has 5"),
            std::string::npos);
  EXPECT_NE(message([](auto &spec) { spec.types[0] = TokenType::Byte; }).find("not written <0xNN>"), std::string::npos);
  EXPECT_NE(message([](auto &spec) { spec.scores = {1}; }).find("1 scores for 5 tokens"), std::string::npos);
  EXPECT_EQ(message([](auto &) {}), "");
}

} // namespace
} // namespace lathe
