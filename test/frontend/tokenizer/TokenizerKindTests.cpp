// Every kind of normalizer, pre-tokenizer, added token and decoder of a tokenizer.json. The expected ids and texts were
// made by Hugging Face's tokenizers library 0.22.1 (make_kinds.py, kinds.json).
#include "SharedTokenizers.h"
#include "runtime/tokenizer/StreamingDecoder.h"
#include "runtime/tokenizer/Utf8.h"

namespace lathe::test {
namespace {

using nlohmann::json;

/// The number of U+FFFD for broken bytes differs between programs; what is not broken does not.
std::string withoutBroken(std::string text) {
  for (size_t at; (at = text.find("\xef\xbf\xbd")) != std::string::npos;)
    text.erase(at, 3);
  return text;
}

TEST(TokenizerKind, GivesWhatTokenizersGives) {
  std::ifstream file(std::string(LATHE_SOURCE_DIR) + "/test/frontend/tokenizer/kinds.json");
  json kinds = json::parse(file, nullptr, false);
  ASSERT_TRUE(kinds.is_object());
  ASSERT_GT(kinds["cases"].size(), 30u);
  for (const json &one : kinds["cases"]) {
    json whole = one["parts"];
    whole["model"] = kinds["models"][one["base"].get<std::string>()];
    whole["model"].update(one["model"]);
    SCOPED_TRACE(one["name"].get<std::string>());
    std::string text = whole.dump();
    TokenizerPtr tokenizer = create(parseTokenizerJson({text, {}, {}, {}, {}, {}}));
    ASSERT_TRUE(tokenizer);
    for (const json &expected : one["texts"]) {
      std::string input = expected[0];
      Result<Ids> ids = tokenizer->encode(input, true, true);
      ASSERT_TRUE(ids) << ids.message();
      EXPECT_EQ(*ids, expected[1].get<Ids>()) << json(input).dump();
      EXPECT_EQ(*tokenizer->encode(input, false, true), expected[2].get<Ids>()) << json(input).dump();
      Ids given = expected[1].get<Ids>();
      EXPECT_EQ(withoutBroken(repairUtf8(tokenizer->decode(given, false))), withoutBroken(expected[3]))
          << json(input).dump();
      EXPECT_EQ(withoutBroken(repairUtf8(tokenizer->decode(given, true))), withoutBroken(expected[4]))
          << json(input).dump();
      StreamingDecoder decoder(tokenizer, true, true);
      std::string streamed;
      for (int32_t id : given)
        streamed += decoder.push(id);
      EXPECT_EQ(streamed + decoder.finish(), repairUtf8(tokenizer->decode(given, true)));
    }
  }
}

} // namespace
} // namespace lathe::test
