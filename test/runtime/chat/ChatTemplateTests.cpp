// Chat templates of published models and small template texts. The expected texts were made by jinja2, set up as
// transformers does (make_cases.py, cases.json).
#include "runtime/chat/ChatTemplate.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

namespace lathe {
namespace {

using nlohmann::ordered_json;

Result<std::string> render(std::string_view text, ordered_json messages = ordered_json::array(),
                           ChatOptions options = {}) {
  return renderChat(text, messages, options);
}

TEST(ChatTemplate, GivesWhatJinjaGives) {
  setenv("TZ", "UTC", 1);
  std::ifstream file(std::string(LATHE_SOURCE_DIR) + "/test/runtime/chat/cases.json");
  ordered_json cases = ordered_json::parse(file, nullptr, false);
  ASSERT_TRUE(cases.is_array());
  ASSERT_GT(cases.size(), 90u);
  for (const ordered_json &one : cases) {
    ChatOptions options;
    options.bosToken = "<s>";
    options.eosToken = "</s>";
    options.now = 86400 * 365;
    options.variables = one["options"];
    options.addGenerationPrompt = one["options"].value("add_generation_prompt", false);
    if (one["options"].contains("tools"))
      options.tools = one["options"]["tools"];
    Result<std::string> text = renderChat(one["template"].get<std::string>(), one["messages"], options);
    if (one.contains("fails")) {
      EXPECT_FALSE(text) << one["name"] << " gives " << *text << "\ninstead of: " << one["jinja2"];
    } else {
      ASSERT_TRUE(text) << one["name"] << ": " << text.message();
      EXPECT_EQ(*text, one["expected"].get<std::string>()) << one["name"];
    }
  }
}

TEST(ChatTemplate, SmolLm2PromptsAreThoseOfTransformers) {
  std::string folder = std::string(LATHE_SHARED_DATA) + "/exports/smollm2-135m/";
  std::ifstream templateFile(folder + "chat_template.jinja"), greedyFile(folder + "greedy.json");
  if (!templateFile || !greedyFile)
    GTEST_SKIP() << "no shared data";
  std::string text(std::istreambuf_iterator<char>(templateFile), {});
  ordered_json greedy = ordered_json::parse(greedyFile);
  ASSERT_EQ(greedy["prompts"].size(), 3u);
  ChatOptions options;
  options.addGenerationPrompt = true;
  for (const ordered_json &prompt : greedy["prompts"]) {
    Result<std::string> rendered = render(text, {{{"role", "user"}, {"content", prompt["message"]}}}, options);
    ASSERT_TRUE(rendered) << rendered.message();
    EXPECT_EQ(*rendered, prompt["prompt_text"].get<std::string>());
  }
}

TEST(ChatTemplate, SaysWhereAndWhy) {
  EXPECT_EQ(render("a\n{{ raise_exception('roles must alternate') }}").message(),
            "chat template, line 2: the template refuses the messages: roles must alternate");
  EXPECT_EQ(render("\n\n{{ missing.x }}").message(), "chat template, line 3: 'missing' is undefined");
  EXPECT_EQ(render("{% if x %}\n{% for y in z %}\n").message(),
            "chat template, line 2: the block that begins here has no 'endfor'");
  EXPECT_NE(render("{{ 1 | nosuch }}").message().find("line 1: the filter 'nosuch' is not supported; supported: abs"),
            std::string::npos);
}

TEST(ChatTemplate, StopsWhatWouldNotEnd) {
  const char *hostile[] = {
      "{% for a in range(1000000000) %}{% endfor %}",
      "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
      "{{ 'a' * 100000000000 }}",
      "{% set ns = namespace(s='aaaaaaaaaaaaaaaa') %}{% for a in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% set ns = namespace(l=[]) %}{% for a in range(1000) %}{% set ns.l = [ns.l] %}{% endfor %}",
      "{% set ns = namespace(l=[1]) %}{% for a in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
      "{% set ns = namespace(s='a') %}{% for a in range(30) %}{% set ns.s = ns.s.replace('a', 'aa') %}{% endfor %}",
      "{{ 9223372036854775807 + 1 }}",
      "{{ 99999999999999999999 }}",
  };
  for (const char *text : hostile)
    EXPECT_FALSE(render(text)) << text;
  std::string deep(100000, '(');
  EXPECT_FALSE(render("{{ " + deep + " }}"));
  std::string sum = "1";
  for (int i = 0; i < 100000; ++i)
    sum += "+1";
  EXPECT_FALSE(render("{{ " + sum + " }}"));
  std::string blocks;
  for (int i = 0; i < 100000; ++i)
    blocks += "{% if 1 %}";
  EXPECT_FALSE(render(blocks));
  EXPECT_TRUE(render("{% set ns = namespace() %}{% set ns.self = ns %}{{ ns.self is defined }}"));
}

TEST(ChatTemplate, KeepsTheOrderOfKeys) {
  ChatOptions options;
  options.tools = ordered_json::parse(R"([{"z": 1, "a": 2}])");
  Result<std::string> text = render("{{ tools | tojson }}", ordered_json::array(), options);
  ASSERT_TRUE(text) << text.message();
  EXPECT_EQ(*text, R"([{"z": 1, "a": 2}])");
}

} // namespace
} // namespace lathe
