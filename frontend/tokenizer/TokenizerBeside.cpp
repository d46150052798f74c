// See TokenizerBeside.h.
#include "frontend/tokenizer/TokenizerBeside.h"

#include "frontend/tokenizer/TokenizerSteps.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace lathe {

using nlohmann::json;

Status parseObject(std::string_view text, const char *name, json &into) {
  if (text.empty())
    return Status::success();
  into = json::parse(text.begin(), text.end(), nullptr, false);
  return into.is_object() ? Status::success() : Status::failure(std::string(name) + ": not a JSON object");
}

std::string chatTemplateOf(std::string_view file, const json &tokenizerConfig) {
  if (!file.empty())
    return std::string(file);
  const json &value = valueOf(tokenizerConfig, "chat_template");
  if (value.is_string())
    return value.get<std::string>();
  std::string text;
  if (value.is_array())
    for (const json &entry : value)
      if (text.empty() || textOf(entry, "name") == "default")
        text = textOf(entry, "template");
  return text;
}

Result<TokenizerBeside> readTokenizerBeside(const TokenizerFiles &files) {
  json tokenizerConfig, generationConfig, config;
  Status status = parseObject(files.tokenizerConfig, "tokenizer_config.json", tokenizerConfig);
  if (status)
    status = parseObject(files.generationConfig, "generation_config.json", generationConfig);
  if (status)
    status = parseObject(files.config, "config.json", config);
  if (!status)
    return status;
  TokenizerBeside beside;
  beside.tokenizerClass = textOf(tokenizerConfig, "tokenizer_class");
  if (beside.tokenizerClass.ends_with("Fast"))
    beside.tokenizerClass.resize(beside.tokenizerClass.size() - 4);
  beside.modelType = textOf(config, "model_type");
  for (auto [key, into] : {std::pair{"add_bos_token", &beside.addBos}, std::pair{"add_eos_token", &beside.addEos}})
    if (const json &value = valueOf(tokenizerConfig, key); value.is_boolean())
      *into = value.get<bool>();
  if (const json &added = valueOf(tokenizerConfig, "added_tokens_decoder"); added.is_object())
    for (const auto &[key, token] : added.items()) {
      size_t id = 0;
      if (std::from_chars(key.data(), key.data() + key.size(), id).ec == std::errc())
        beside.added.emplace_back(textOf(token, "content"), id);
    }
  std::sort(beside.added.begin(), beside.added.end(), [](const auto &a, const auto &b) { return a.second < b.second; });
  for (const json *file : {&generationConfig, &config}) {
    const json &ends = valueOf(*file, "eos_token_id");
    if (!beside.endIds.empty())
      break;
    if (ends.is_number_integer())
      beside.endIds.push_back(ends.get<int64_t>());
    else if (ends.is_array() && ends.size() <= 256)
      for (const json &end : ends)
        if (end.is_number_integer())
          beside.endIds.push_back(end.get<int64_t>());
  }
  beside.chatTemplate = chatTemplateOf(files.chatTemplate, tokenizerConfig);
  return beside;
}

} // namespace lathe
