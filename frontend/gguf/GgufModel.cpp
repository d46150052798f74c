// Metadata keys as parameters of the model language and as a tokenizer; see GgufModel.h.
#include "frontend/gguf/GgufModel.h"
#include "frontend/files/Quoted.h"
#include "frontend/tokenizer/GgufTokenizer.h"

#include <type_traits>

namespace lathe {

namespace {

using Parameter = Result<std::optional<ParameterValue>>;

Parameter parameterOf(const GgufFile &file, const std::string &key) {
  const GgufValue *value = file.find(key);
  if (!value)
    return Parameter(std::nullopt);
  if (auto boolean = value->boolean())
    return Parameter(ParameterValue(*boolean));
  if (auto integer = value->integer())
    return Parameter(ParameterValue(*integer));
  if (auto number = value->number())
    return Parameter(ParameterValue(*number));
  if (auto text = value->string())
    return Parameter(ParameterValue(std::string(*text)));
  if (value->isArray() && value->size() > maximalParameterList)
    return Status::failure("metadata key " + quoted(key) + " is an array of " + std::to_string(value->size()) +
                           " values; at most " + std::to_string(maximalParameterList) + " are read");
  auto listOf = [](const auto &elements) {
    std::vector<ParameterItem> items;
    for (const auto &element : elements) // texts are views into the file
      if constexpr (std::is_same_v<std::decay_t<decltype(element)>, std::string_view>)
        items.emplace_back(std::string(element));
      else
        items.emplace_back(element);
    return Parameter(ParameterValue(std::move(items)));
  };
  if (auto booleans = value->booleans())
    return listOf(*booleans);
  if (auto integers = value->integers())
    return listOf(*integers);
  if (auto numbers = value->numbers())
    return listOf(*numbers);
  if (auto texts = value->strings())
    return listOf(*texts);
  if (value->isArray())
    return Status::failure("metadata key " + quoted(key) + " is an array of arrays");
  return Status::failure("metadata key " + quoted(key) + " is too large");
}

/// Reads keys of the tokenizer and remembers the first one whose value is of the wrong kind.
struct TokenizerKeys {
  const GgufFile &file;
  std::string wrong;

  template <class Convert> auto read(const std::string &key, Convert convert) {
    const GgufValue *value = file.find(key);
    auto result = value ? convert(*value) : std::nullopt;
    if (value && !result && wrong.empty())
      wrong = "metadata key " + quoted(key) + " has a value of the wrong kind or out of range";
    return result;
  }
  std::string text(const std::string &key) {
    return std::string(read(key, [](const GgufValue &value) { return value.string(); }).value_or(""));
  }
  std::vector<std::string_view> texts(const std::string &key) {
    return read(key,
                [](const GgufValue &value) {
                  // An empty array may have any element type.
                  return value.isArray() && value.size() == 0 ? std::optional(std::vector<std::string_view>())
                                                              : value.strings();
                })
        .value_or(std::vector<std::string_view>());
  }
  std::optional<uint32_t> id(const std::string &key) {
    return read(key, [](const GgufValue &value) -> std::optional<uint32_t> {
      // Some files say 'none' with the largest unsigned number; the reader of the tokenizer checks ids against its
      // size.
      std::optional<int64_t> integer = value.integer();
      return integer && *integer >= -1 && *integer <= UINT32_MAX ? std::optional(static_cast<uint32_t>(*integer))
                                                                 : std::nullopt;
    });
  }
  std::optional<bool> flag(const std::string &key) {
    return read(key, [](const GgufValue &value) { return value.boolean(); });
  }
};

} // namespace

ModelSource sourceOf(const GgufFile &file) {
  ModelSource source;
  source.kind = ModelSource::Kind::Gguf;
  source.path = file.path();
  source.parameter = [&file](const std::string &key) { return parameterOf(file, key); };
  source.weights = &file.weights();
  return source;
}

Result<std::optional<TokenizerSpec>> tokenizerOf(const GgufFile &file) {
  TokenizerKeys keys{file, ""};
  GgufTokenizer metadata;
  metadata.model = keys.text("tokenizer.ggml.model");
  if (!hasTokenizer(metadata))
    return std::optional<TokenizerSpec>();
  metadata.pre = keys.text("tokenizer.ggml.pre");
  metadata.tokens = keys.texts("tokenizer.ggml.tokens");
  metadata.merges = keys.texts("tokenizer.ggml.merges");
  auto scores = keys.read("tokenizer.ggml.scores", [](const GgufValue &value) { return value.numbers(); });
  if (scores)
    metadata.scores.assign(scores->begin(), scores->end());
  auto types = keys.read("tokenizer.ggml.token_type", [](const GgufValue &value) { return value.integers(); });
  if (types) {
    metadata.types.reserve(types->size());
    for (int64_t type : *types)
      metadata.types.push_back(type >= 0 && type <= INT32_MAX ? static_cast<int32_t>(type) : -1);
  }
  metadata.bosId = keys.id("tokenizer.ggml.bos_token_id");
  metadata.eosId = keys.id("tokenizer.ggml.eos_token_id");
  metadata.unknownId = keys.id("tokenizer.ggml.unknown_token_id");
  metadata.paddingId = keys.id("tokenizer.ggml.padding_token_id");
  metadata.eotId = keys.id("tokenizer.ggml.eot_token_id");
  metadata.eomId = keys.id("tokenizer.ggml.eom_token_id");
  metadata.separatorId = keys.id("tokenizer.ggml.seperator_token_id"); // spelled so in the files
  metadata.clsId = keys.id("tokenizer.ggml.cls_token_id");
  metadata.addBos = keys.flag("tokenizer.ggml.add_bos_token");
  metadata.addEos = keys.flag("tokenizer.ggml.add_eos_token");
  metadata.addSpacePrefix = keys.flag("tokenizer.ggml.add_space_prefix");
  metadata.removeExtraWhitespaces = keys.flag("tokenizer.ggml.remove_extra_whitespaces");
  auto map = keys.read("tokenizer.ggml.precompiled_charsmap", [](const GgufValue &value) { return value.integers(); });
  if (map)
    for (int64_t byte : *map)
      metadata.characterMap += static_cast<char>(byte);
  metadata.chatTemplate = keys.text("tokenizer.chat_template");
  if (!keys.wrong.empty())
    return Status::failure(file.path() + ": " + keys.wrong);
  Result<TokenizerSpec> spec = tokenizerFromGguf(metadata);
  if (!spec)
    return Status::failure(file.path() + ": " + spec.message());
  return std::optional(std::move(*spec));
}

} // namespace lathe
