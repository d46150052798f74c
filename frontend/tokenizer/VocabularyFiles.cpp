// What transformers' slow tokenizers of these files do, said as a tokenizer.json.
#include "frontend/tokenizer/VocabularyFiles.h"

#include "frontend/tokenizer/TokenizerSteps.h"

#include <nlohmann/json.hpp>

namespace lathe {
namespace {

using nlohmann::json;

json objectOf(std::string_view text) {
  json value = json::parse(text.begin(), text.end(), nullptr, false);
  return value.is_object() ? value : json::object();
}

std::vector<std::string_view> linesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r')
      line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// The text of a special token in tokenizer_config.json or special_tokens_map.json.
std::string specialText(const json &config, const json &map, const char *key, const char *otherwise) {
  for (const json *file : {&config, &map}) {
    const json &value = valueOf(*file, key);
    std::string text = value.is_string() ? value.get<std::string>() : textOf(value, "content");
    if (!text.empty())
      return text;
  }
  return otherwise;
}

class Sketch {
public:
  explicit Sketch(const TokenizerFiles &beside)
      : beside(beside), config(objectOf(beside.tokenizerConfig)), map(objectOf(beside.specialTokensMap)) {
    root["added_tokens"] = json::array();
  }
  const TokenizerFiles &beside;
  json config, map, root;

  /// Adds a special token that the vocabulary has; its id, or nothing.
  std::optional<uint64_t> special(const char *key, const char *otherwise, bool stripLeft = false) {
    std::string text = specialText(config, map, key, otherwise);
    const json &vocabulary = root["model"]["vocab"];
    auto found = vocabulary.find(text);
    if (text.empty() || found == vocabulary.end() || !found->is_number_unsigned())
      return std::nullopt;
    root["added_tokens"].push_back({{"id", *found}, {"content", text}, {"special", true}, {"lstrip", stripLeft}});
    return found->get<uint64_t>();
  }
  void surround(const char *kind, std::optional<uint64_t> first, std::optional<uint64_t> last) {
    if (first && last)
      root["post_processor"] = {{"type", kind}, {"cls", {"", *first}}, {"sep", {"", *last}}};
  }
  Result<TokenizerSpec> parse() {
    std::string text = root.dump(-1, ' ', false, json::error_handler_t::replace);
    TokenizerFiles files = beside;
    files.tokenizer = text;
    return parseTokenizerJson(files);
  }
};

} // namespace

Result<TokenizerSpec> parseVocabTxt(std::string_view vocabulary, const TokenizerFiles &beside) {
  Sketch sketch(beside);
  json tokens = json::object();
  uint64_t id = 0;
  for (std::string_view line : linesOf(vocabulary))
    tokens[std::string(line)] = id++;
  std::string unknown = specialText(sketch.config, sketch.map, "unk_token", "[UNK]");
  if (!tokens.contains(unknown))
    return Status::failure("vocab.txt: the unknown token '" + unknown + "' is not in the vocabulary of " +
                           std::to_string(id) + " tokens");
  sketch.root["model"] = {{"type", "WordPiece"},
                          {"unk_token", unknown},
                          {"continuing_subword_prefix", "##"},
                          {"max_input_chars_per_word", 100},
                          {"vocab", std::move(tokens)}};
  json normalizer = {{"type", "BertNormalizer"},
                     {"lowercase", boolOf(sketch.config, "do_lower_case", true)},
                     {"handle_chinese_chars", boolOf(sketch.config, "tokenize_chinese_chars", true)}};
  if (const json &strip = valueOf(sketch.config, "strip_accents"); strip.is_boolean())
    normalizer["strip_accents"] = strip;
  sketch.root["normalizer"] = std::move(normalizer);
  sketch.root["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  sketch.root["decoder"] = {{"type", "WordPiece"}};
  for (auto [key, text] : {std::pair{"unk_token", "[UNK]"}, {"pad_token", "[PAD]"}, {"mask_token", "[MASK]"}})
    sketch.special(key, text);
  auto first = sketch.special("cls_token", "[CLS]"), last = sketch.special("sep_token", "[SEP]");
  sketch.surround("BertProcessing", first, last);
  return sketch.parse();
}

Result<TokenizerSpec> parseVocabJson(std::string_view vocabulary, std::string_view merges,
                                     const TokenizerFiles &beside) {
  Sketch sketch(beside);
  json tokens = json::parse(vocabulary.begin(), vocabulary.end(), nullptr, false);
  if (!tokens.is_object())
    return Status::failure("vocab.json: not a JSON object");
  json list = json::array();
  bool suffixed = false;
  for (std::string_view line : linesOf(merges)) {
    if (line.empty() || line.starts_with("#version"))
      continue;
    suffixed |= line.ends_with("</w>");
    list.push_back(std::string(line));
  }
  if (list.empty())
    return Status::failure("vocab.json: there is no merges.txt beside it, or an empty one");
  std::string kind = textOf(sketch.config, "tokenizer_class");
  bool roberta = kind.starts_with("Roberta") || kind.starts_with("Longformer") || kind.starts_with("Bart");
  json model = {{"type", "BPE"}, {"merges", std::move(list)}, {"vocab", std::move(tokens)}};
  if (suffixed)
    model["end_of_word_suffix"] = "</w>";
  sketch.root["model"] = std::move(model);
  json byteLevel = {{"type", "ByteLevel"}, {"add_prefix_space", boolOf(sketch.config, "add_prefix_space", false)}};
  sketch.root["decoder"] = {{"type", "ByteLevel"}};
  if (suffixed) {
    sketch.root["normalizer"] = {{"type", "Sequence"},
                                 {"normalizers",
                                  {{{"type", "NFC"}},
                                   {{"type", "Replace"}, {"pattern", {{"Regex", "\\s+"}}}, {"content", " "}},
                                   {{"type", "Lowercase"}}}}};
    json split = {{"type", "Split"},
                  {"pattern",
                   {{"Regex", "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|"
                              "[^\\s\\p{L}\\p{N}]+"}}},
                  {"behavior", "Removed"},
                  {"invert", true}};
    byteLevel["use_regex"] = false;
    sketch.root["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {split, byteLevel}}};
  } else {
    sketch.root["pre_tokenizer"] = byteLevel;
  }
  const char *end = "<|endoftext|>";
  sketch.special("unk_token", end);
  sketch.special("pad_token", "");
  sketch.special("mask_token", "", true);
  auto first = sketch.special("bos_token", suffixed ? "<|startoftext|>" : end), last = sketch.special("eos_token", end);
  if (roberta || suffixed)
    sketch.surround("RobertaProcessing", first, last);
  else if (first && boolOf(sketch.config, "add_bos_token", false))
    sketch.root["post_processor"] = {{"type", "TemplateProcessing"},
                                     {"single", {{{"SpecialToken", {{"id", "bos"}}}}, {{"Sequence", json::object()}}}},
                                     {"special_tokens", {{"bos", {{"ids", {*first}}}}}}};
  return sketch.parse();
}

} // namespace lathe
