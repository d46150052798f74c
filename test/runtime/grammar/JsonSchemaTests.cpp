// JSON schemas: what PyPI's jsonschema says of many texts (schema_cases.json, made by make_schema_cases.py), texts that
// must be written although they are rare, and schemas that are refused by name or are hostile.
#include "runtime/grammar/JsonSchema.h"
#include "test/runtime/grammar/Acceptance.h"

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

namespace lathe::grammar {
namespace {

using Json = nlohmann::ordered_json;

TEST(JsonSchema, AgreesWithJsonschema) {
  std::ifstream file(LATHE_SOURCE_DIR "/test/runtime/grammar/schema_cases.json");
  Json document = Json::parse(file, nullptr, false);
  ASSERT_FALSE(document.is_discarded());
  size_t accepted = 0, valid = 0, invalid = 0;
  for (const Json &one : document["cases"]) {
    auto grammar = compiled(parseJsonSchema(one["schema"].dump()));
    for (const Json &text : one["invalid"]) {
      EXPECT_FALSE(accepts(grammar, text.get<std::string>())) << one["schema"] << "\n" << text.get<std::string>();
      ++invalid;
    }
    // Every valid text, unless the grammar writes its value in another form: a whole number as 3.0 or another order of
    // keys.
    for (const Json &text : one["valid"]) {
      bool taken = accepts(grammar, text.get<std::string>());
      EXPECT_TRUE(taken) << one["schema"] << "\n" << text.get<std::string>();
      accepted += taken;
      ++valid;
    }
  }
  EXPECT_GT(valid, 600u);
  EXPECT_GT(invalid, 600u);
  std::printf("%zu of %zu valid texts accepted, %zu invalid ones refused\n", accepted, valid, invalid);
}

TEST(JsonSchema, BoundsAreExact) {
  // Whole numbers by counting; fractions by comparing as doubles.
  for (auto [least, most] : {std::pair{-105, 7}, {0, 0}, {9, 1001}, {-1000, -99}, {-9, -9}}) {
    auto grammar = compiled(parseJsonSchema("{\"type\":\"integer\",\"minimum\":" + std::to_string(least) +
                                            ",\"maximum\":" + std::to_string(most) + "}"));
    for (int value = -1200; value <= 1200; ++value)
      EXPECT_EQ(accepts(grammar, std::to_string(value)), value >= least && value <= most) << value;
  }
  for (auto [least, most] : {std::pair{-1.25, 0.5}, {0.07, 0.7}, {-30.0, -2.5}, {9.99, 10.01}})
    for (bool exclusive : {false, true}) {
      Json schema{{"type", "number"},
                  {exclusive ? "exclusiveMinimum" : "minimum", least},
                  {exclusive ? "exclusiveMaximum" : "maximum", most}};
      auto grammar = compiled(parseJsonSchema(schema.dump()));
      for (int scaled = -3100; scaled <= 1100; ++scaled) {
        char text[32];
        std::snprintf(text, sizeof text, "%.2f", scaled / 100.0);
        double value = std::strtod(text, nullptr);
        if (scaled == 0 && text[0] == '-')
          continue;
        bool inside = exclusive ? value > least && value < most : value >= least && value <= most;
        EXPECT_EQ(accepts(grammar, text), inside) << schema << " " << text;
      }
    }
}

TEST(JsonSchema, RefusesByName) {
  const std::pair<const char *, const char *> cases[] = {
      {R"({"not":{"type":"string"}})", "#: 'not' is not supported"},
      {R"({"properties":{"a":{"if":true}}})", "#/properties/a: 'if' is not supported"},
      {R"({"type":"array","uniqueItems":true})", "'uniqueItems'"},
      {R"({"type":"array","contains":{}})", "'contains'"},
      {R"({"$ref":"http://example.com/x"})", "leaves the document"},
      {R"({"$ref":"#/$defs/x"})", "points to nothing"},
      {R"({"type":"text"})", "the type \"text\" is not known"},
      {R"({"oneOf":[{"type":"integer"},{"type":"number"}]})", "branches 0 and 1 may hold"},
      {R"({"oneOf":[{"type":"string","pattern":"^a"},{"type":"string","pattern":"b$"}]})", "may hold"},
      {R"({"type":"number","multipleOf":0.1})", "'multipleOf' 0.1"},
      {R"x({"type":"string","pattern":"(?=a)"})x", "lookaround"},
      {R"({"type":"string","format":"json-pointer"})", "format 'json-pointer'"},
      {R"({"type":"string","minLength":5,"maxLength":3})", "matches no text"},
      {R"({"type":"integer","minimum":5,"maximum":3})", "matches no text"},
      {R"({"allOf":[{"type":"string"},{"type":"null"}]})", "matches no text"},
      {R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})", "matches no text"},
      {"false", "matches no text"},
      {"{", "this is not JSON"},
      {"[1]", "a schema is an object"},
      {R"({"type":"array","items":{"allOf":3}})", "#/items: 'allOf' is no array"},
  };
  for (auto [schema, message] : cases) {
    auto grammar = parseJsonSchema(schema);
    ASSERT_FALSE(grammar) << schema;
    EXPECT_NE(grammar.message().find(message), std::string::npos) << schema << "\n" << grammar.message();
  }
  EXPECT_TRUE(parseJsonSchema(R"({"oneOf":[{"type":"string","pattern":"^a"},{"type":"string","pattern":"^b"}]})"));
  EXPECT_TRUE(parseJsonSchema(R"({"oneOf":[{"type":"integer","maximum":3},{"type":"number","exclusiveMinimum":3}]})"));
}

TEST(JsonSchema, HostileSchemasEndSoon) {
  std::string deep, combined = "{\"allOf\":[",
                    loop = R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})";
  for (int i = 0; i < 20'000; ++i)
    deep += "{\"items\":";
  std::string nested = "{}";
  for (int i = 0; i < 600; ++i)
    nested = "{\"type\":\"array\",\"items\":" + nested + "}";
  for (int i = 0; i < 24; ++i)
    combined += std::string(i ? "," : "") + "{\"anyOf\":[{\"minimum\":" + std::to_string(i) +
                "},{\"maxLength\":" + std::to_string(i) + "}]}";
  combined += "]}";
  std::string wide = "{\"type\":\"object\",\"properties\":{";
  for (int i = 0; i < 3000; ++i)
    wide += (i ? ",\"p" : "\"p") + std::to_string(i) + "\":{\"type\":\"integer\"}";
  wide += "},\"maxProperties\":900}";
  for (const std::string &schema :
       {deep, combined, loop, nested, wide, std::string(R"({"type":"string","pattern":"^(([a-z]{1,300}){1,300})*$"})"),
        std::string(R"({"type":"string","minLength":90000,"pattern":"(a|b)*a(a|b){30}"})"),
        std::string(R"({"type":"array","minItems":4000000000})"),
        std::string(R"({"type":"integer","minimum":1e300})")}) {
    auto start = std::chrono::steady_clock::now();
    auto grammar = parseJsonSchema(schema);
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    EXPECT_LT(seconds, 5) << schema.substr(0, 60); // a second, on a machine with nothing else to do
    std::printf("%.2f s  %s  %s\n", seconds, schema.substr(0, 50).c_str(), grammar.message().substr(0, 90).c_str());
    if (schema != loop)
      EXPECT_FALSE(grammar) << schema.substr(0, 60);
  }
}

} // namespace
} // namespace lathe::grammar
