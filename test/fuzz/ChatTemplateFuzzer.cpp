// Any bytes as a chat template: a message or a text, soon.
#include "runtime/chat/ChatTemplate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using nlohmann::ordered_json;
  static const ordered_json messages = ordered_json::parse(
      R"([{"role":"system","content":"Be brief."},{"role":"user","content":"Hi é"},{"role":"assistant","content":"<think>a</think>b",
          "tool_calls":[{"function":{"name":"f","arguments":{"a":1,"b":[1.5,null,true]}}}]},{"role":"user","content":"x"}])");
  lathe::ChatOptions options;
  options.addGenerationPrompt = true;
  options.bosToken = "<s>";
  options.eosToken = "</s>";
  options.now = 0;
  options.tools = ordered_json::array({{{"name", "f"}}});
  (void)lathe::renderChat(std::string_view(reinterpret_cast<const char *>(data), size), messages, options);
  return 0;
}
