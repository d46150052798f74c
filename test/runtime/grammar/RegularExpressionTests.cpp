// Regular expressions: accepted and refused texts, worked out by hand from ECMA-262 ("Patterns").
#include "runtime/grammar/RegularExpression.h"
#include "test/runtime/grammar/Acceptance.h"

#include <chrono>

namespace lathe::grammar {
namespace {

TEST(RegularExpression, MatchesTheWholeText) {
  struct Case {
    const char *pattern;
    std::vector<std::string_view> accepted, rejected;
  };
  const Case cases[] = {
      {"abc", {"abc"}, {"", "ab", "abcd", "xabc"}},
      {"a|bc|", {"a", "bc", ""}, {"b", "abc"}},
      {"^(?:a|b)+$", {"a", "abba"}, {"", "c"}},
      {"(?<year>\\d{4})-\\d\\d?", {"2024-1", "1999-12"}, {"999-1", "2024-"}},
      {"[^a-c\\d]*?x", {"x", "zzx", "\xC3\xA9x"}, {"ax", "1x"}},
      {"a{2,3}b{0}c{1,}", {"aac", "aaaccc"}, {"ac", "aab", "aaaac"}},
      {"a{,2}", {"a{,2}"}, {"", "aa"}},
      {".\\.", {"a.", "\xF0\x9F\x98\x80."}, {"\n.", "ab"}},
      {"\\w+\\s\\S", {"a_9 x", "b\t\xC3\xA9"}, {"a x y", "- x"}},
      {"\\x41\\u0042\\u{1F600}\\ud83d\\ude00", {"AB\xF0\x9F\x98\x80\xF0\x9F\x98\x80"}, {"AB"}},
      {"\\p{Lu}\\p{Ll}*", {"A", "\xC3\x89t\xC3\xA9"}, {"a", "AB"}},
      {"[\\]\\-^]+", {"]-^"}, {"\\", "a"}},
      {"(^a|b)c($|d)", {"ac", "bc", "acd", "bcd"}, {"c", "ace"}},
      {"(a|b)*a(a|b){3}", {"abbb", "bbaaab"}, {"bbbb", "abb"}},
  };
  for (const Case &one : cases) {
    auto grammar = compiled(parseRegularExpression(one.pattern));
    for (std::string_view text : one.accepted)
      EXPECT_TRUE(accepts(grammar, text)) << one.pattern << "\n" << text;
    for (std::string_view text : one.rejected)
      EXPECT_FALSE(accepts(grammar, text)) << one.pattern << "\n" << text;
  }
}

TEST(RegularExpression, RefusesByName) {
  const std::pair<const char *, const char *> cases[] = {{"a(?=b)", "lookaround"},
                                                         {"(?<!a)b", "lookaround"},
                                                         {"(a)\\1", "backward references"},
                                                         {"\\bword", "word boundaries"},
                                                         {"(?i)a", "flags"},
                                                         {"a**", "nothing to repeat"},
                                                         {"(a", "no closing ')'"},
                                                         {"a)", "has no '('"},
                                                         {"[a", "no closing ']'"},
                                                         {"[b-a]", "range"},
                                                         {"a^b", "'^' is supported"},
                                                         {"a$b", "'$' is supported"},
                                                         {"\\q", "escape \\q"},
                                                         {"\\p{Script=Greek}", "property 'Script=Greek'"},
                                                         {"a{3,1}", "ends before"},
                                                         {"a{1000000}", "more than"}};
  for (auto [pattern, message] : cases) {
    auto grammar = parseRegularExpression(pattern);
    ASSERT_FALSE(grammar) << pattern;
    EXPECT_NE(grammar.message().find(message), std::string::npos) << grammar.message();
  }
}

TEST(RegularExpression, HostilePatternsEndSoon) {
  std::string nested(50'000, '(');
  for (const std::string &pattern :
       {std::string("(a+)+(a*)*(a|a)*b"), std::string("(.*a){500}"), std::string("(a|b)*a(a|b){40}"), nested,
        std::string("((a{0,300}){0,300}){0,300}"), std::string("(\\p{L}|\\p{N}){90000}")}) {
    auto start = std::chrono::steady_clock::now();
    auto grammar = parseRegularExpression(pattern);
    EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 5) << pattern;
    EXPECT_EQ(grammar.ok(), pattern[1] == 'a' && pattern[2] == '+') << pattern << grammar.message();
  }
}

} // namespace
} // namespace lathe::grammar
