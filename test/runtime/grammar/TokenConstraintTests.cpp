// Masks against brute force: a token is allowed if and only if its bytes can be fed, one by one, to a matcher of its
// own. The ways through the grammars are random; the vocabularies are real ones, and one whose tokens cut characters.
#include "runtime/grammar/Gbnf.h"
#include "runtime/grammar/JsonSchema.h"
#include "runtime/grammar/RegularExpression.h"
#include "runtime/grammar/TokenConstraint.h"
#include "test/runtime/grammar/Acceptance.h"
#include "test/runtime/grammar/GgufVocabulary.h"

#include <algorithm>
#include <chrono>
#include <random>

namespace lathe {
namespace {

using namespace grammar;

std::vector<std::shared_ptr<const Grammar>> grammars() {
  return {compiled(parseJsonSchema("{}")),
          compiled(parseGbnf("root ::= (\"(\" root \")\" | [^()\\x00-\\x1f]{1,4}) | \"(\" \")\" root")),
          compiled(
              parseGbnf("root ::= \"a\" root \"b\" | \"a\" root \"c\" | word\nword ::= [a-z ]* tail\ntail ::= \".\"?")),
          compiled(parseRegularExpression("(\\p{L}{1,12} ){1,9}[.!?\\u4e00-\\u9fff]{0,3}")),
          compiled(parseJsonSchema(R"({"type":"object","properties":{"name":{"type":"string","maxLength":30},
             "more":{"$ref":"#"},"size":{"type":"number","minimum":-3,"maximum":250.5}},"required":["name"]})"))};
}

/// Checks all masks on random ways; gives the time that masks took, in milliseconds.
std::vector<double> checkMasks(const std::vector<std::string> &texts, int ways, int steps) {
  auto trie = std::make_shared<const TokenTrie>(texts);
  std::mt19937 random(7);
  std::vector<double> times;
  for (const auto &grammar : grammars())
    for (int way = 0; way < ways; ++way) {
      TokenConstraint constraint(grammar, trie);
      Matcher matcher(grammar);
      uint32_t set = matcher.start();
      auto state = constraint.start();
      for (int step = 0; step < steps; ++step) {
        EXPECT_TRUE(state) << state.message();
        auto begin = std::chrono::steady_clock::now();
        auto mask = constraint.mask(*state);
        times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
        EXPECT_TRUE(mask) << mask.message();
        EXPECT_EQ(constraint.mayEnd(*state), matcher.accepts(set));
        std::vector<int32_t> allowed;
        size_t wrong = 0;
        for (size_t id = 0; id < texts.size(); ++id) {
          bool fits = !texts[id].empty() && matcher.walk(set, texts[id]) != Matcher::dead;
          wrong += fits != (*mask)->allows(int32_t(id));
          if (fits)
            allowed.push_back(int32_t(id));
        }
        EXPECT_EQ(wrong, 0u) << "way " << way << ", step " << step;
        EXPECT_EQ((*mask)->count(), allowed.size());
        if (allowed.empty())
          break;
        int32_t token = allowed[random() % allowed.size()];
        set = matcher.walk(set, texts[size_t(token)]);
        state = constraint.advance(*state, token);
      }
    }
  std::ranges::sort(times);
  return times;
}

TEST(TokenConstraint, MasksAreExactWhereTokensCutCharacters) {
  // All bytes; pairs and triples of the bytes of some characters, cut anywhere; brackets in runs.
  std::vector<std::string> texts;
  for (int byte = 0; byte < 256; ++byte)
    texts.emplace_back(1, char(byte));
  std::string sample = "\xC3\xA9 a\xE4\xB8\xAD.\xF0\x9F\x98\x80\"}(()){\":[1,2.5]}bcc";
  for (size_t length = 2; length <= 6; ++length)
    for (size_t at = 0; at + length <= sample.size(); ++at)
      texts.push_back(sample.substr(at, length));
  texts.push_back(""); // never allowed
  checkMasks(texts, 40, 25);
}

TEST(TokenConstraint, MasksAreExactForRealVocabularies) {
  bool any = false;
  const std::string data = LATHE_SHARED_DATA, models = LATHE_SOURCE_DIR "/.cache/models";
  for (const std::string &path :
       {data + "/tokenizers/ggml-vocab-gpt-2.gguf", data + "/stories260K/stories260K-f32.gguf",
        models + "/SmolLM2-135M-Instruct.Q4_1.gguf"}) {
    auto texts = ggufVocabulary(path);
    if (texts.empty())
      continue;
    any = true;
    bool large = texts.size() > 10'000;
    auto times = checkMasks(texts, large ? 2 : 20, large ? 8 : 30);
    std::printf("%s: %zu tokens, a mask takes %.4f ms at the median, %.3f ms at most\n", path.c_str(), texts.size(),
                times[times.size() / 2], times.back());
  }
  if (!any)
    GTEST_SKIP() << "no data folder";
}

TEST(TokenConstraint, StatesAreValues) {
  std::vector<std::string> texts{"a", "b", "ab", "x"};
  TokenConstraint constraint(compiled(parseGbnf("root ::= \"ab\" (\"a\" | \"b\") \"x\"")),
                             std::make_shared<const TokenTrie>(texts));
  auto start = *constraint.start();
  auto one = *constraint.advance(start, 0), both = *constraint.advance(start, 2);
  EXPECT_FALSE(constraint.advance(start, 3));
  EXPECT_FALSE(constraint.advance(start, 17));
  EXPECT_FALSE(constraint.mask(TokenConstraint::State()));
  auto left = *constraint.advance(both, 0), right = *constraint.advance(both, 1);
  EXPECT_EQ((*constraint.mask(one))->count(), 1u); // "b"
  EXPECT_TRUE((*constraint.mask(one))->allows(1));
  EXPECT_EQ((*constraint.mask(both))->count(), 2u); // "ab" would be "abab"
  EXPECT_TRUE((*constraint.mask(left))->allows(3));
  EXPECT_FALSE(constraint.mayEnd(right));
  EXPECT_TRUE(constraint.mayEnd(*constraint.advance(right, 3)));
  EXPECT_TRUE((*constraint.mask(*constraint.advance(right, 3)))->none());
}

TEST(TokenConstraint, MaskTakesLogitsAway) {
  TokenMask mask(130);
  mask.allow(0), mask.allow(64), mask.allow(129);
  std::vector<float> logits(140, 1.0f);
  mask.apply(logits);
  for (size_t i = 0; i < logits.size(); ++i)
    EXPECT_EQ(logits[i] == 1.0f, i == 0 || i == 64 || i == 129) << i;
}

TEST(TokenConstraint, LongAndDeepTextsStaySmall) {
  std::vector<std::string> texts{"[", "]", "1", ","};
  TokenConstraint constraint(compiled(parseGbnf("root ::= \"[\" (root (\",\" root)*)? \"]\" | \"1\"")),
                             std::make_shared<const TokenTrie>(texts));
  auto state = constraint.start();
  int depth = 0;
  while (depth < 5000) {
    auto mask = constraint.mask(*state);
    ASSERT_TRUE(mask) << mask.message() << " at depth " << depth;
    if (!(*mask)->allows(0))
      break;
    state = constraint.advance(*state, 0);
    ASSERT_TRUE(state) << state.message();
    ++depth;
  }
  EXPECT_GE(depth, 1000);
  EXPECT_LE(depth, 1010); // the limit on nesting, and not the memory, ends it
  for (; depth > 0; --depth) {
    state = constraint.advance(*state, 1);
    ASSERT_TRUE(state) << state.message();
  }
  EXPECT_TRUE(constraint.mayEnd(*state));
  EXPECT_TRUE((*constraint.mask(*state))->none());
}

TEST(TokenConstraint, AmbiguityEndsInAMessage) {
  std::vector<std::string> texts{"a", "b", "c"};
  // Every "a" may be of any of many rules: the stacks multiply.
  std::string text =
      "root ::= x y | y x | x\nx ::= \"a\" (x \"b\" | y \"c\") | \"a\"\ny ::= \"a\" (y \"b\" | x \"c\") | \"a\" z\n"
      "z ::= (x | y)? \"c\"";
  TokenConstraint constraint(compiled(parseGbnf(text)), std::make_shared<const TokenTrie>(texts));
  auto state = constraint.start();
  auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 40 && state; ++i) {
    auto mask = constraint.mask(*state);
    if (!mask)
      break;
    state = constraint.advance(*state, 0);
  }
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), 5);
  if (!state)
    EXPECT_NE(state.message().find("too many ways"), std::string::npos) << state.message();
}

} // namespace
} // namespace lathe
