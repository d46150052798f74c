// Chat templates: messages to the text a model was trained on, by the Jinja subset that model files use. Templates are
// data from strangers: work, nesting and output are limited, and there is no way out of the sandbox. Relies on
// Status.h.
#pragma once

#include "runtime/Status.h"

#include <ctime>
#include <nlohmann/json.hpp>

namespace lathe {

struct ChatOptions {
  bool addGenerationPrompt = false;
  std::string bosToken, eosToken;   ///< the texts of these tokens; empty: none
  nlohmann::ordered_json tools;     ///< null: the template sees none
  nlohmann::ordered_json documents; ///< null: the template sees none
  nlohmann::ordered_json variables; ///< an object: further variables, such as enable_thinking; null: none
  std::optional<std::time_t> now;   ///< for strftime_now; nothing: the clock, local time
};

/// The text for `messages`, an array of {"role": ..., "content": ...} as the template expects them. Fails, with the
/// line in the template, for what the template refuses (raise_exception) and for what it does that is not supported or
/// too much. Settings are those of transformers: trim_blocks, lstrip_blocks, break and continue, no autoescape.
Result<std::string> renderChat(std::string_view templateText, const nlohmann::ordered_json &messages,
                               const ChatOptions &options);

} // namespace lathe
