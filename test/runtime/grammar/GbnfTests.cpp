// GBNF as its description says (llama.cpp, grammars/README.md): what each notation accepts, derived by hand from that
// text; hostile grammars end in a message, and soon.
#include "runtime/grammar/Gbnf.h"
#include "test/runtime/grammar/Acceptance.h"

#include <chrono>

namespace lathe::grammar {
namespace {

struct Case {
  const char *grammar;
  std::vector<std::string_view> accepted, rejected;
};

using namespace std::literals;

TEST(Gbnf, AcceptsWhatItsNotationSays) {
  const Case cases[] = {
      {"root ::= \"a\" \"b\"", {"ab"}, {"", "a", "b", "abc", "ba"}},
      {"root ::= \"a\" | \"bc\" |", {"a", "bc", ""}, {"b", "abc", "c"}},
      {"root ::= (\"a\" | \"b\")* \"c\"", {"c", "abac", "bbc"}, {"ab", "", "cc"}},
      {"root ::= \"a\"+ [0-9]?", {"a", "aaa", "aa7"}, {"7", "", "a77"}},
      {"root ::= \"ab\"{3}", {"ababab"}, {"abab", "abababab", ""}},
      {"root ::= [xy]{2,}", {"xy", "yyyyyy"}, {"x", "", "xz"}},
      {"root ::= [xy]{0,2} \"!\"", {"!", "x!", "yx!"}, {"xyx!", "xx"}},
      {"root ::= [^\\n\"]+", {"abc", "\xC3\xA9", "]"}, {"a\n", "\"", ""}},
      {"root ::= [a\\-z\\]]+", {"a-z]", "z"}, {"b", "\\"}},
      {"root ::= \"\\x41\\u00e9\\U0001F600\\t\\\"\"", {"A\xC3\xA9\xF0\x9F\x98\x80\t\""}, {"A", "A\xE9"}},
      {"root ::= [\\u4e00-\\u9fff]+", {"\xE4\xB8\xAD\xE6\x96\x87"}, {"a", "\xE4\xB8", "\xE3\x81\x82"}},
      {"root ::= .",
       {"a", "\n", "\xC3\xA9", "\xF0\x9F\x98\x80"},
       {"", "ab", "\xC3", "\xED\xA0\x80", "\xC0\x80", "\xF5"}},
      {"# a comment\nroot ::= x # and one more\nx ::= (\n  \"a\" |\n  \"b\"\n)\n", {"a", "b"}, {"", "ab"}},
      {"root ::= \"a\" |\n  \"b\"", {"a", "b"}, {"ab"}},
      {"root ::= \"(\" root \")\" | \"\"", {"", "()", "((()))"}, {"(", "(()", "())"}},
      {"root ::= item (\",\" item)*\nitem ::= \"x\" | \"[\" root \"]\"", {"x", "x,x", "[x,[x]],x"}, {"[]", "x,", "[x"}},
      {"root ::= a* \"z\"\na ::= b | \"\"\nb ::= \"q\"", {"z", "qqz"}, {"", "q"}},
      {"root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"\"", {"", "ab", "aacb"}, {"a", "abb", "ba"}},
      {"root ::= never | \"x\"\nnever ::= \"n\" never", {"x"}, {"n", "nx", ""}},
      {"root::=[ \\t]\"\"", {" ", "\t"}, {""}},
  };
  for (const Case &one : cases) {
    auto grammar = compiled(parseGbnf(one.grammar));
    for (std::string_view text : one.accepted) {
      EXPECT_TRUE(accepts(grammar, text)) << one.grammar << "\n" << text;
      for (size_t i = 0; i < text.size(); ++i)
        EXPECT_TRUE(begins(grammar, text.substr(0, i))) << one.grammar << "\n" << text;
    }
    for (std::string_view text : one.rejected)
      EXPECT_FALSE(accepts(grammar, text)) << one.grammar << "\n" << text;
  }
}

TEST(Gbnf, GoesOnOnlyWhereAnEndCanBeReached) {
  auto grammar = compiled(parseGbnf("root ::= \"a\" (\"b\" [] | \"c\") | \"ad\" never\nnever ::= \"n\" never"));
  EXPECT_TRUE(begins(grammar, "ac"));
  EXPECT_FALSE(begins(grammar, "ab"));
  EXPECT_FALSE(begins(grammar, "ad"));
}

TEST(Gbnf, NamesWhatIsWrong) {
  const std::pair<const char *, const char *> cases[] = {
      {"", "there is no rule 'root'"},
      {"root ::= a", "line 1, column 10: rule 'a' is not defined"},
      {"root ::= \"a\nx ::= b", "the string has no closing"},
      {"root ::= [a", "no closing ']'"},
      {"root ::= (\"a\"", "')' is expected"},
      {"root ::= * \"a\"", "nothing before '*'"},
      {"root ::= \"a\"{3,2}", "ends before it begins"},
      {"root ::= \"a\"{999999999}", "more than the 100000"},
      {"root ::= \"\\q\"", "escape is not known"},
      {"root ::= \"\\ud800\"", "no Unicode character"},
      {"root ::= [z-a]", "ends before it begins"},
      {"root = \"a\"", "'::=' is expected"},
      {"root ::= \"a\"\nroot ::= \"b\"", "line 2, column 1: rule 'root' is defined twice"},
      {"root ::= \"a\" )", "end of the line"},
      {"root ::= <think>", "tokens in a grammar"},
      {"root ::= \"\xFF\"", "not valid UTF-8"},
      {"root ::= root \"a\" | \"b\"", "rule 'root' is left recursive"},
      {"root ::= a\na ::= e b\nb ::= a \"x\" | \"y\"\ne ::= \"\"", "left recursive"},
      {"root ::= \"a\" root", "matches no text"},
  };
  for (auto [text, message] : cases) {
    auto grammar = parseGbnf(text);
    ASSERT_FALSE(grammar) << text;
    EXPECT_NE(grammar.message().find(message), std::string::npos) << text << "\n" << grammar.message();
  }
}

TEST(Gbnf, HostileGrammarsEndSoon) {
  std::string deep = "root ::= " + std::string(100'000, '(') + "\"a\"", calls, wide = "root ::= [";
  for (int i = 0; i < 20'000; ++i)
    calls += "r" + std::to_string(i) + " ::= r" + std::to_string(i + 1) + " r" + std::to_string(i + 1) + "\n";
  calls = "root ::= r0\n" + calls + "r20000 ::= \"a\" | \"\"\n";
  for (int i = 0; i < 40'000; ++i)
    wide += "\\U000" + std::to_string(10000 + 2 * i);
  wide += "]{1000}";
  const std::string cases[] = {deep,
                               calls,
                               wide,
                               "root ::= ((.{1000}){1000}){1000}",
                               "root ::= (\"a\"{0,1000}){0,1000}",
                               "root ::= ((((\"a\"*)*)*)*)* ((\"a\" | \"a\")*){500} [ab]* \"a\" [ab]{30}",
                               "root ::= \"a\"" + std::string(50'000, '*'),
                               "root ::= " + std::string(300'000, '|')};
  for (const std::string &text : cases) {
    auto start = std::chrono::steady_clock::now();
    auto grammar = parseGbnf(text);
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    EXPECT_LT(seconds, 5) << text.substr(0, 60); // a second, on a machine with nothing else to do
    if (!grammar)
      EXPECT_NE(grammar.message().find("grammar"), std::string::npos);
    std::printf("%.2f s  %s  %s\n", seconds, text.substr(0, 40).c_str(), grammar.message().substr(0, 90).c_str());
  }
}

} // namespace
} // namespace lathe::grammar
