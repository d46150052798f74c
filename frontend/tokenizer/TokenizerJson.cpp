// Reads the vocabulary, merges and added tokens of a tokenizer.json and what the files beside it say about special
// tokens.
#include "frontend/tokenizer/TokenizerJson.h"

#include "frontend/files/Quoted.h"
#include "frontend/tokenizer/EndTokens.h"
#include "frontend/tokenizer/TokenizerSteps.h"
#include "runtime/tokenizer/ByteAlphabet.h"

#include <nlohmann/json.hpp>
#include <unordered_map>

namespace lathe {
namespace {

using nlohmann::json;

constexpr size_t maxSparseness = 4; // ids per token that is named

Status fail(std::string message) { return Status::failure("tokenizer.json: " + std::move(message)); }

class Builder {
public:
  Result<TokenizerSpec> build(const TokenizerFiles &files) {
    Status status = parseObject(files.tokenizer, "tokenizer.json", root);
    if (status)
      status = parseObject(files.tokenizerConfig, "tokenizer_config.json", tokenizerConfig);
    if (status)
      status = parseObject(files.specialTokensMap, "special_tokens_map.json", specialTokensMap);
    if (status)
      status = parseObject(files.generationConfig, "generation_config.json", generationConfig);
    if (status)
      status = parseObject(files.config, "config.json", config);
    for (auto step : {&Builder::readSteps, &Builder::readVocabulary, &Builder::addPieces, &Builder::readMerges,
                      &Builder::readSpecials})
      if (status)
        status = (this->*step)();
    if (!status)
      return status;
    spec.chatTemplate = chatTemplateOf(files.chatTemplate, tokenizerConfig);
    if (status = spec.validate(); !status)
      return status;
    return std::move(spec);
  }

private:
  json root, tokenizerConfig, specialTokensMap, generationConfig, config;
  TokenizerSpec spec;
  std::string kind; // of the model
  bool byteLevel = false;
  std::unordered_map<std::string_view, int32_t> ids; // by the file's spelling; refers to root
  std::vector<std::string_view> texts;               // per id
  std::vector<uint8_t> named;                        // per id: 1 of the vocabulary, 2 added, 4 special

  const json &model() const { return valueOf(root, "model"); }

  Status readSteps() {
    if (Status status = readModelKind(); !status)
      return status;
    spec.continuingPrefix = textOf(model(), "continuing_subword_prefix", kind == "WordPiece" ? "##" : "");
    spec.wordSuffix = textOf(model(), "end_of_word_suffix");
    Status status = readNormalizer(valueOf(root, "normalizer"), spec, byteLevel);
    if (status)
      status = readPreTokenizer(valueOf(root, "pre_tokenizer"), spec, byteLevel);
    if (status)
      status = readDecoder(valueOf(root, "decoder"), spec, byteLevel);
    if (!status)
      return status;
    if (kind != "BPE" && byteLevel)
      return fail("a " + kind + " model over the byte alphabet is not supported");
    if (kind == "BPE")
      spec.model = byteLevel ? TokenizerModel::ByteLevelBpe : TokenizerModel::RankedBpe;
    if (byteLevel) {
      spec.flags = spec.wordSuffix.empty() ? 0 : TokenizerDecodeSuffix;
      bool last = !spec.preTokenizers.empty() && spec.preTokenizers.back().kind == PreTokenizerKind::ByteAlphabet;
      if (last) // words are bytes anyway
        spec.preTokenizers.pop_back();
    }
    if (boolOf(model(), "byte_fallback", false) && !byteLevel)
      spec.flags |= TokenizerByteFallback;
    if (boolOf(model(), "fuse_unk", kind == "Unigram"))
      spec.flags |= TokenizerFuseUnknown;
    if (boolOf(model(), "ignore_merges", false))
      spec.flags |= TokenizerIgnoreMerges;
    return Status::success();
  }

  Status readModelKind() {
    if (const json &type = valueOf(model(), "type"); !type.is_null() && !type.is_string())
      return fail("the type of the model is no text");
    const char *guess = valueOf(model(), "merges").is_array()                     ? "BPE"
                        : valueOf(model(), "vocab").is_array()                    ? "Unigram"
                        : !valueOf(model(), "max_input_chars_per_word").is_null() ? "WordPiece"
                                                                                  : "";
    kind = textOf(model(), "type", guess);
    if (kind == "WordPiece")
      spec.model = TokenizerModel::WordPiece;
    else if (kind == "Unigram")
      spec.model = TokenizerModel::Unigram;
    else if (kind == "WordLevel")
      spec.model = TokenizerModel::WordLevel;
    else if (kind != "BPE")
      return fail("the model " + lathe::quoted(kind) +
                  " is not supported; supported: BPE, WordPiece, Unigram, WordLevel");
    if (const json &most = valueOf(model(), "max_input_chars_per_word"); most.is_number_unsigned())
      spec.maxWordCharacters = static_cast<uint32_t>(std::min<uint64_t>(most.get<uint64_t>(), UINT32_MAX));
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
    bool listed = kind == "Unigram";
    if (listed ? !vocabulary.is_array() : !vocabulary.is_object())
      return fail(std::string("the model has no ") + (listed ? "list" : "object") + " 'vocab'");
    size_t count = vocabulary.size() + (added.is_array() ? added.size() : 0);
    size_t limit = count * maxSparseness + 4096;
    ids.reserve(count);
    for (size_t id = 0; listed && id < vocabulary.size(); ++id) {
      const json &entry = vocabulary[id];
      if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number())
        return fail("the token " + std::to_string(id) + " of the vocabulary is not a pair of a text and a score");
      if (Status status = name(entry[0].get_ref<const std::string &>(), id, limit, 1); !status)
        return status;
      spec.scores.push_back(entry[1].get<double>());
    }
    for (auto item = vocabulary.begin(); !listed && item != vocabulary.end(); ++item) {
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
    if (kind == "Unigram")
      spec.scores.resize(spec.size()); // added tokens have none
    return Status::success();
  }

  Status readMerges() {
    const json &merges = valueOf(model(), "merges");
    if (kind != "BPE")
      return Status::success();
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
      bool prefixed = !spec.continuingPrefix.empty() && right.starts_with(spec.continuingPrefix);
      joined.assign(left).append(right, prefixed ? spec.continuingPrefix.size() : 0);
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
    std::string text = textOf(model(), "unk_token", kind == "WordPiece" || kind == "WordLevel" ? "[UNK]" : "");
    if (auto unknown = ids.find(text); unknown != ids.end())
      spec.unknownSymbol = spec.unknown = unknown->second;
    if (int32_t unknown = idOf(valueOf(model(), "unk_id")); kind == "Unigram" && unknown != TokenizerSpec::none)
      spec.unknownSymbol = spec.unknown = unknown;
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
};

} // namespace

Result<TokenizerSpec> parseTokenizerJson(const TokenizerFiles &files) { return Builder().build(files); }

} // namespace lathe
