// A tokenizer from the files of a Hugging Face folder. Relies on runtime/tokenizer and frontend/files.
#pragma once

#include "runtime/tokenizer/TokenizerSpec.h"

namespace lathe {

/// Reads tokenizer.json and, where they are there, tokenizer_config.json, special_tokens_map.json, chat_template.jinja,
/// generation_config.json and config.json of `folder`. Fails for what is damaged and, naming it, for every part of a
/// tokenizer.json that is not supported. The result is valid.
Result<TokenizerSpec> readTokenizerJson(const std::string &folder);

/// True if `folder` has a tokenizer.json.
bool hasTokenizerJson(const std::string &folder);

/// The texts of these files; empty: not there.
struct TokenizerFiles {
  std::string_view tokenizer, tokenizerConfig, specialTokensMap, chatTemplate, generationConfig, config;
};
/// As readTokenizerJson(), from memory.
Result<TokenizerSpec> parseTokenizerJson(const TokenizerFiles &files);

} // namespace lathe
