// Reads the vocabulary, merges and added tokens of a tokenizer.json and what the files beside it say about special
// tokens.
#include "frontend/tokenizer/TokenizerJson.h"

#include "frontend/files/MappedFile.h"
#include "frontend/files/Quoted.h"
#include "frontend/tokenizer/EndTokens.h"
#include "frontend/tokenizer/TokenizerSteps.h"
#include "runtime/tokenizer/ByteAlphabet.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_map>

namespace lathe {
namespace {

using nlohmann::json;

constexpr size_t maxFile = size_t{64} << 20;
constexpr size_t maxSparseness = 4; // ids per token that is named

Status fail(std::string message) { return Status::failure("tokenizer.json: " + std::move(message)); }

class Builder {
public:
  Result<TokenizerSpec> build(const TokenizerFiles &files) {
    Status status = parse(files.tokenizer, "tokenizer.json", root);
    if (status)
      status = parse(files.tokenizerConfig, "tokenizer_config.json", tokenizerConfig);
    if (status)
      status = parse(files.specialTokensMap, "special_tokens_map.json", specialTokensMap);
    if (status)
      status = parse(files.generationConfig, "generation_config.json", generationConfig);
    if (status)
      status = parse(files.config, "config.json", config);
    for (auto step : {&Builder::readSteps, &Builder::readVocabulary, &Builder::addPieces, &Builder::readMerges,
                      &Builder::readSpecials})
      if (status)
        status = (this->*step)();
    if (!status)
      return status;
    readChatTemplate(files.chatTemplate);
    if (status = spec.validate(); !status)
      return status;
    return std::move(spec);
  }

private:
  json root, tokenizerConfig, specialTokensMap, generationConfig, config;
  TokenizerSpec spec;
  bool byteLevel = false;
  std::unordered_map<std::string_view, int32_t> ids; // by the file's spelling; refers to root
  std::vector<std::string_view> texts;               // per id
  std::vector<uint8_t> named;                        // per id: 1 of the vocabulary, 2 added, 4 special

  static Status parse(std::string_view text, const char *name, json &into) {
    if (text.empty())
      return Status::success();
    into = json::parse(text.begin(), text.end(), nullptr, false);
    return into.is_object() ? Status::success() : Status::failure(std::string(name) + ": not a JSON object");
  }

  const json &model() const { return valueOf(root, "model"); }

  Status readSteps() {
    const json &merges = valueOf(model(), "merges");
    if (const json &type = valueOf(model(), "type"); !type.is_null() && !type.is_string())
      return fail("the type of the model is no text");
    std::string kind = textOf(model(), "type", merges.is_array() ? "BPE" : "");
    if (kind != "BPE")
      return fail("the model " + lathe::quoted(kind) + " is not supported; supported: BPE");
    for (const char *key : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (!textOf(model(), key).empty())
        return fail(std::string("a model with a ") + key + " is not supported");
    Status status = readNormalizer(valueOf(root, "normalizer"), spec, byteLevel);
    if (status)
      status = readPreTokenizer(valueOf(root, "pre_tokenizer"), spec, byteLevel);
    if (status)
      status = readDecoder(valueOf(root, "decoder"), spec, byteLevel);
    if (!status)
      return status;
    spec.model = byteLevel ? TokenizerModel::ByteLevelBpe : TokenizerModel::RankedBpe;
    if (byteLevel) {
      spec.flags = 0;
      bool last = !spec.preTokenizers.empty() && spec.preTokenizers.back().kind == PreTokenizerKind::ByteAlphabet;
      if (last) // words are bytes anyway
        spec.preTokenizers.pop_back();
    }
    if (boolOf(model(), "byte_fallback", false) && !byteLevel)
      spec.flags |= TokenizerByteFallback;
    if (boolOf(model(), "fuse_unk", false))
      spec.flags |= TokenizerFuseUnknown;
    if (boolOf(model(), "ignore_merges", false))
      spec.flags |= TokenizerIgnoreMerges;
    return Status::success();
  }

  Status name(std::string_view text, uint64_t id, size_t limit, uint8_t how) {
    if (id >= limit)
      return fail("the token " + lathe::quoted(text) + " has the id " + std::to_string(id) + ", beyond " +
                  std::to_string(limit) + " for a vocabulary of this size");
    if (id >= texts.size()) {
      texts.resize(id + 1);
      named.resize(id + 1);
    }
    if (named[id] && texts[id] != text)
      return fail("the tokens " + lathe::quoted(texts[id]) + " and " + lathe::quoted(text) + " both have the id " +
                  std::to_string(id));
    texts[id] = text;
    named[id] |= how;
    ids[text] = static_cast<int32_t>(id);
    return Status::success();
  }

  Status readVocabulary() {
    const json &vocabulary = valueOf(model(), "vocab"), &added = valueOf(root, "added_tokens");
    if (!vocabulary.is_object())
      return fail("the model has no object 'vocab'");
    size_t count = vocabulary.size() + (added.is_array() ? added.size() : 0);
    size_t limit = count * maxSparseness + 4096;
    ids.reserve(count);
    for (auto item = vocabulary.begin(); item != vocabulary.end(); ++item) {
      if (!item->is_number_unsigned())
        return fail("the token " + lathe::quoted(item.key()) + " has no id");
      if (Status status = name(item.key(), item->get<uint64_t>(), limit, 1); !status)
        return status;
    }
    if (!added.is_array())
      return Status::success();
    for (const json &token : added) {
      const json &content = valueOf(token, "content"), &id = valueOf(token, "id");
      if (!content.is_string() || !id.is_number_unsigned())
        return fail("an added token has no content or no id");
      std::string_view text = content.get_ref<const std::string &>();
      bool special = boolOf(token, "special", false);
      auto known = ids.find(text);
      uint64_t number = known != ids.end() ? static_cast<uint64_t>(known->second) : id.get<uint64_t>();
      if (Status status = name(text, number, limit, special ? 6 : 2); !status)
        return status;
      uint32_t flags = special ? AddedSpecial : 0;
      for (auto [key, flag] : {std::pair{"single_word", AddedSingleWord}, std::pair{"lstrip", AddedStripLeft},
                               std::pair{"rstrip", AddedStripRight}, std::pair{"normalized", AddedNormalized}})
        if (boolOf(token, key, flag == AddedNormalized && !special))
          flags |= flag;
      if (!text.empty())
        spec.addedTokens.push_back({static_cast<int32_t>(number), flags});
    }
    return Status::success();
  }

  Status addPieces() {
    bool fallback = spec.flags & TokenizerByteFallback;
    for (size_t id = 0; id < texts.size(); ++id) {
      std::string_view text = texts[id];
      if (!named[id])
        spec.addPiece("", TokenType::Unused);
      else if (named[id] & 2)
        spec.addPiece(text, named[id] & 4 ? TokenType::Control : TokenType::UserDefined);
      else if (!byteLevel)
        spec.addPiece(text, fallback && TokenizerSpec::byteOfPiece(text) >= 0 ? TokenType::Byte : TokenType::Normal);
      else if (std::optional<std::string> bytes = bytesOfAlphabet(text))
        spec.addPiece(*bytes, TokenType::Normal);
      else
        spec.addPiece(text, TokenType::Unused);
    }
    return Status::success();
  }

  Status readMerges() {
    const json &merges = valueOf(model(), "merges");
    if (!merges.is_array())
      return fail("the model has no list 'merges'");
    spec.merges.reserve(merges.size());
    std::string joined;
    for (const json &merge : merges) {
      std::string_view left, right;
      if (merge.is_string()) {
        std::string_view both = merge.get_ref<const std::string &>();
        if (both.starts_with("#version"))
          continue;
        size_t space = both.find(' ');
        if (space == std::string_view::npos || both.find(' ', space + 1) != std::string_view::npos)
          return fail("the merge " + lathe::quoted(both) + " is not two pieces with a space between them");
        left = both.substr(0, space);
        right = both.substr(space + 1);
      } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
        left = merge[0].get_ref<const std::string &>();
        right = merge[1].get_ref<const std::string &>();
      } else {
        return fail("merge " + std::to_string(spec.merges.size()) + " is neither a text nor a pair of texts");
      }
      joined.assign(left).append(right);
      auto leftId = ids.find(left), rightId = ids.find(right), result = ids.find(joined);
      if (leftId == ids.end() || rightId == ids.end() || result == ids.end())
        return fail("the merge of " + lathe::quoted(left) + " and " + lathe::quoted(right) +
                    " uses a piece that is not in the vocabulary");
      spec.merges.push_back({leftId->second, rightId->second, result->second});
    }
    return Status::success();
  }

  /// The id of a special token that the files beside name: as a text, or as an object with its content.
  int32_t specialToken(const char *key) const {
    for (const json *file : {&tokenizerConfig, &specialTokensMap}) {
      const json &value = valueOf(*file, key);
      std::string text = value.is_string() ? value.get<std::string>() : textOf(value, "content");
      if (auto found = ids.find(text); !text.empty() && found != ids.end())
        return found->second;
    }
    return TokenizerSpec::none;
  }

  bool addEnds(const json &value) {
    auto add = [&](const json &id) {
      if (id.is_number_unsigned() && id.get<uint64_t>() < spec.size())
        addEndToken(spec, static_cast<int32_t>(id.get<uint64_t>()));
    };
    size_t before = spec.endIds.size();
    if (value.is_array() && value.size() <= 256)
      for (const json &id : value)
        add(id);
    else
      add(value);
    return spec.endIds.size() > before;
  }

  int32_t idOf(const json &value) const {
    return value.is_number_unsigned() && value.get<uint64_t>() < spec.size()
               ? static_cast<int32_t>(value.get<uint64_t>())
               : TokenizerSpec::none;
  }

  Status readSpecials() {
    if (auto unknown = ids.find(textOf(model(), "unk_token")); unknown != ids.end())
      spec.unknownSymbol = spec.unknown = unknown->second;
    spec.bos = specialToken("bos_token");
    spec.eos = specialToken("eos_token");
    spec.padding = specialToken("pad_token");
    if (int32_t unknown = specialToken("unk_token"); unknown != TokenizerSpec::none)
      spec.unknown = unknown;
    bool described = tokenizerConfig.is_object() || specialTokensMap.is_object();
    const json &ends = valueOf(generationConfig, "eos_token_id");
    if (!described && spec.bos == TokenizerSpec::none)
      spec.bos = idOf(valueOf(config, "bos_token_id"));
    addEndToken(spec, spec.eos);
    bool found = addEnds(ends);
    if (!found)
      found = addEnds(valueOf(config, "eos_token_id"));
    if (!found)
      addEnds(valueOf(valueOf(config, "text_config"), "eos_token_id"));
    if (spec.eos == TokenizerSpec::none && !spec.endIds.empty())
      spec.eos = spec.endIds.front();
    if (spec.endIds.empty())
      addKnownEndTokens(spec);
    if (Status status = readPostProcessor(valueOf(root, "post_processor"), spec); !status)
      return status;
    return applyBosAndEos();
  }

  /// Classes of transformers that put these settings above the post-processor.
  Status applyBosAndEos() {
    std::string kind = textOf(tokenizerConfig, "tokenizer_class");
    if (kind.ends_with("Fast"))
      kind.resize(kind.size() - 4);
    if (kind != "LlamaTokenizer" && kind != "GemmaTokenizer" && kind != "CodeLlamaTokenizer")
      return Status::success();
    for (auto [key, token, list] :
         {std::tuple{"add_bos_token", spec.bos, &spec.prefix}, std::tuple{"add_eos_token", spec.eos, &spec.suffix}}) {
      const json &value = valueOf(tokenizerConfig, key);
      if (!value.is_boolean())
        continue;
      list->clear();
      if (!value.get<bool>())
        continue;
      if (token == TokenizerSpec::none)
        return Status::failure(std::string("tokenizer_config.json: ") + key + " is true, but there is no such token");
      list->push_back(token);
    }
    return Status::success();
  }

  void readChatTemplate(std::string_view file) {
    const json &value = valueOf(tokenizerConfig, "chat_template");
    if (!file.empty())
      spec.chatTemplate = file;
    else if (value.is_string())
      spec.chatTemplate = value.get<std::string>();
    else if (value.is_array())
      for (const json &entry : value)
        if (spec.chatTemplate.empty() || textOf(entry, "name") == "default")
          spec.chatTemplate = textOf(entry, "template");
  }
};

/// The file's mapping, or nothing if there is no such file.
Status openIn(const std::string &folder, const char *name, std::shared_ptr<const MappedFile> &file) {
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::path(folder) / name, error))
    return Status::success();
  Result<std::string> path = confinedPath(folder, name);
  if (!path)
    return path.status();
  Result<std::shared_ptr<const MappedFile>> opened = MappedFile::open(*path);
  if (!opened)
    return opened.status();
  if ((*opened)->size() > maxFile)
    return Status::failure(*path + ": has " + std::to_string((*opened)->size()) + " bytes, more than " +
                           std::to_string(maxFile));
  file = *opened;
  return Status::success();
}

} // namespace

bool hasTokenizerJson(const std::string &folder) {
  std::error_code error;
  return std::filesystem::is_regular_file(std::filesystem::path(folder) / "tokenizer.json", error);
}

Result<TokenizerSpec> parseTokenizerJson(const TokenizerFiles &files) { return Builder().build(files); }

Result<TokenizerSpec> readTokenizerJson(const std::string &folder) {
  static constexpr const char *names[] = {"tokenizer.json",      "tokenizer_config.json",  "special_tokens_map.json",
                                          "chat_template.jinja", "generation_config.json", "config.json"};
  std::shared_ptr<const MappedFile> opened[6];
  std::string_view texts[6];
  for (size_t i = 0; i < 6; ++i) {
    if (Status status = openIn(folder, names[i], opened[i]); !status)
      return status;
    if (opened[i])
      texts[i] = {reinterpret_cast<const char *>(opened[i]->bytes().data()), opened[i]->bytes().size()};
  }
  if (texts[0].empty())
    return Status::failure(folder +
                           ": has no tokenizer.json, or an empty one; a tokenizer.model or vocab.json alone is not "
                           "supported");
  Result<TokenizerSpec> spec = parseTokenizerJson({texts[0], texts[1], texts[2], texts[3], texts[4], texts[5]});
  if (!spec)
    return Status::failure(folder + ": " + spec.message());
  return spec;
}

} // namespace lathe
