// What the JSON files beside a vocabulary say of its tokenizer. Relies on nlohmann json.
#pragma once

#include "runtime/Status.h"

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// The texts of these files; empty: not there.
struct TokenizerFiles {
  std::string_view tokenizer, tokenizerConfig, specialTokensMap, chatTemplate, generationConfig, config;
};
/// What the files beside a vocabulary say, for readers of other vocabularies.
struct TokenizerBeside {
  std::string tokenizerClass; ///< tokenizer_config.json, without "Fast"
  std::string modelType;      ///< config.json
  std::optional<bool> addBos, addEos;
  std::vector<std::pair<std::string, size_t>> added; ///< added_tokens_decoder: content and id, by id
  std::vector<int64_t> endIds;                       ///< eos_token_id of generation_config.json, else of config.json
  std::string chatTemplate;
};
/// `files.tokenizer` is not looked at.
Result<TokenizerBeside> readTokenizerBeside(const TokenizerFiles &files);

/// The object of a file's text (empty: null); `name` is the file's, for the message.
Status parseObject(std::string_view text, const char *name, nlohmann::json &into);
/// The text of chat_template.jinja, else the (default) chat_template of tokenizer_config.json.
std::string chatTemplateOf(std::string_view file, const nlohmann::json &tokenizerConfig);

} // namespace lathe
