// What Hugging Face's tokenizers library means by each kind of step. Steps that would have no effect here are left out.
#include "frontend/tokenizer/TokenizerSteps.h"

#include "frontend/files/Quoted.h"
#include "runtime/tokenizer/Regex.h"
#include "runtime/tokenizer/Unicode8.h"

#include <cstdio>

#include <nlohmann/json.hpp>

namespace lathe {
namespace {

using nlohmann::json;

constexpr int maxDepth = 16;
constexpr const char *gpt2Pattern =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
constexpr const char *spaceSymbol = "\xe2\x96\x81";

Status fail(std::string message) { return Status::failure("tokenizer.json: " + std::move(message)); }

Status unsupported(const char *part, const std::string &kind, const char *supported) {
  return fail(std::string("the ") + part + " " + lathe::quoted(kind) + " is not supported; supported: " + supported);
}

/// A pattern {"String": text} or {"Regex": text}.
Status readPattern(const json &object, bool &isRegex, std::string &text) {
  const json &pattern = valueOf(object, "pattern");
  for (const char *kind : {"String", "Regex"})
    if (valueOf(pattern, kind).is_string()) {
      isRegex = kind[0] == 'R';
      text = textOf(pattern, kind);
      return Status::success();
    }
  return fail("a pattern is neither a String nor a Regex");
}

/// Calls `read` for the value itself, or for each entry of a Sequence.
template <class Read> Status forEachStep(const json &value, const char *list, int depth, Read read) {
  if (value.is_null())
    return Status::success();
  if (!value.is_object() || depth > maxDepth)
    return fail("a step of the tokenizer is not an object, or nested too deep");
  if (textOf(value, "type") != "Sequence")
    return read(value, textOf(value, "type"));
  const json &steps = valueOf(value, list);
  if (!steps.is_array())
    return fail(std::string("a Sequence has no list '") + list + "'");
  for (const json &step : steps)
    if (Status status = forEachStep(step, list, depth + 1, read); !status)
      return status;
  return Status::success();
}

/// Punctuation as BERT's steps see it: that of ASCII and of Unicode 8.
const std::string &punctuationPattern() {
  static const std::string pattern = [] {
    auto point = [](uint32_t value) {
      char text[16];
      std::snprintf(text, sizeof text, "\\x{%x}", value);
      return std::string(text);
    };
    std::string later, former;
    for (auto [first, last] : afterUnicode8)
      later += point(first) + "-" + point(last);
    for (uint32_t value : formerPunctuation)
      former += point(value);
    return "(?![" + later + "])[\\p{P}!-/:-@\\[-`{-~]|[" + former + "]";
  }();
  return pattern;
}

Status readBehavior(const json &step, SplitBehavior &behavior) {
  static constexpr std::pair<const char *, SplitBehavior> names[] = {
      {"Removed", SplitBehavior::Removed},
      {"Isolated", SplitBehavior::Isolated},
      {"MergedWithPrevious", SplitBehavior::MergedWithPrevious},
      {"MergedWithNext", SplitBehavior::MergedWithNext},
      {"Contiguous", SplitBehavior::Contiguous}};
  std::string given = textOf(step, "behavior", "Isolated");
  for (auto [name, value] : names)
    if (given == name) {
      behavior = value;
      return Status::success();
    }
  return fail("the split behavior " + lathe::quoted(given) + " is not known");
}

} // namespace

std::optional<std::string> bytesOfBase64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  while (!text.empty() && text.back() == '=')
    text.remove_suffix(1);
  for (char c : text) {
    int digit = c >= 'A' && c <= 'Z'   ? c - 'A'
                : c >= 'a' && c <= 'z' ? c - 'a' + 26
                : c >= '0' && c <= '9' ? c - '0' + 52
                : c == '+'             ? 62
                : c == '/'             ? 63
                                       : -1;
    if (digit < 0)
      return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if ((count += 6) >= 8)
      bytes += static_cast<char>(bits >> (count -= 8));
  }
  if (count >= 6)
    return std::nullopt;
  return bytes;
}

bool boolOf(const json &object, const char *key, bool otherwise) {
  const json &value = valueOf(object, key);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

std::string textOf(const json &object, const char *key, std::string otherwise) {
  const json &value = valueOf(object, key);
  return value.is_string() ? value.get<std::string>() : otherwise;
}

const json &valueOf(const json &object, const char *key) {
  static const json null;
  if (!object.is_object())
    return null;
  auto found = object.find(key);
  return found == object.end() ? null : *found;
}

Status readNormalizer(const json &value, TokenizerSpec &spec, bool &byteLevel) {
  return forEachStep(value, "normalizers", 0, [&](const json &step, const std::string &kind) {
    static constexpr std::pair<const char *, NormalizerKind> plain[] = {{"NFC", NormalizerKind::Nfc},
                                                                        {"NFD", NormalizerKind::Nfd},
                                                                        {"NFKC", NormalizerKind::Nfkc},
                                                                        {"NFKD", NormalizerKind::Nfkd},
                                                                        {"Lowercase", NormalizerKind::Lowercase},
                                                                        {"StripAccents", NormalizerKind::DropMarks},
                                                                        {"Nmt", NormalizerKind::Nmt}};
    auto add = [&](NormalizerKind added, uint32_t flags = 0) { spec.normalizers.push_back({added, flags, "", ""}); };
    if (byteLevel)
      return fail("a normalizer after ByteLevel is not supported");
    for (auto [name, simple] : plain)
      if (kind == name) {
        spec.normalizers.push_back({simple, 0, "", ""});
        return Status::success();
      }
    if (kind == "Prepend") {
      spec.normalizers.push_back({NormalizerKind::Prepend, 0, "", textOf(step, "prepend")});
    } else if (kind == "Replace") {
      bool isRegex = false;
      std::string pattern;
      if (Status status = readPattern(step, isRegex, pattern); !status)
        return status;
      spec.normalizers.push_back({isRegex ? NormalizerKind::ReplaceRegex : NormalizerKind::Replace, 0,
                                  std::move(pattern), textOf(step, "content")});
    } else if (kind == "Strip") {
      uint32_t sides = (boolOf(step, "strip_left", true) ? 1 : 0) | (boolOf(step, "strip_right", true) ? 2 : 0);
      spec.normalizers.push_back({NormalizerKind::Strip, sides, "", ""});
    } else if (kind == "BertNormalizer") {
      bool lowercase = boolOf(step, "lowercase", true);
      if (boolOf(step, "clean_text", true))
        add(NormalizerKind::CleanControls);
      if (boolOf(step, "handle_chinese_chars", true))
        add(NormalizerKind::SpaceIdeographs);
      if (boolOf(step, "strip_accents", lowercase))
        add(NormalizerKind::Nfd), add(NormalizerKind::DropMarks, 1);
      if (lowercase)
        add(NormalizerKind::Lowercase);
    } else if (kind == "Precompiled") {
      std::optional<std::string> map = bytesOfBase64(textOf(step, "precompiled_charsmap"));
      if (!map)
        return fail("the precompiled_charsmap of the normalizer is no base64 text");
      if (!map->empty())
        spec.normalizers.push_back({NormalizerKind::CharacterMap, 1, std::move(*map), ""});
    } else if (kind == "ByteLevel") {
      byteLevel = true;
      spec.preTokenizers.push_back({PreTokenizerKind::ByteAlphabet, SplitBehavior::Isolated, false, false, "", ""});
    } else {
      return unsupported("normalizer", kind,
                         "Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, BertNormalizer, Nmt, "
                         "Precompiled, Prepend, Replace, ByteLevel");
    }
    return Status::success();
  });
}

Status readPreTokenizer(const json &value, TokenizerSpec &spec, bool &byteLevel) {
  auto split = [&](std::string pattern, SplitBehavior behavior, bool invert = false) {
    spec.preTokenizers.push_back({PreTokenizerKind::Split, behavior, invert, false, std::move(pattern), ""});
  };
  return forEachStep(value, "pretokenizers", 0, [&](const json &step, const std::string &kind) {
    if (kind == "ByteLevel") {
      if (boolOf(step, "add_prefix_space", true))
        spec.preTokenizers.push_back({PreTokenizerKind::Prepend, SplitBehavior::Isolated, false, false, "", " "});
      if (boolOf(step, "use_regex", true))
        split(gpt2Pattern, SplitBehavior::Isolated);
      byteLevel = true;
      spec.preTokenizers.push_back({PreTokenizerKind::ByteAlphabet, SplitBehavior::Isolated, false, false, "", ""});
    } else if (kind == "Split") {
      bool isRegex = false;
      std::string pattern;
      SplitBehavior behavior = SplitBehavior::Isolated;
      if (Status status = readPattern(step, isRegex, pattern); !status)
        return status;
      if (Status status = readBehavior(step, behavior); !status)
        return status;
      if (pattern.empty())
        return fail("a Split has an empty pattern");
      split(isRegex ? std::move(pattern) : escapeForRegex(pattern), behavior, boolOf(step, "invert", false));
    } else if (kind == "Digits") {
      split("\\p{N}", boolOf(step, "individual_digits", false) ? SplitBehavior::Isolated : SplitBehavior::Contiguous);
    } else if (kind == "Whitespace") {
      split("\\w+|[^\\w\\s]+", SplitBehavior::Removed, true);
    } else if (kind == "WhitespaceSplit") {
      split("\\s", SplitBehavior::Removed);
    } else if (kind == "Punctuation") {
      SplitBehavior behavior = SplitBehavior::Isolated;
      if (Status status = readBehavior(step, behavior); !status)
        return status;
      split(punctuationPattern(), behavior);
    } else if (kind == "BertPreTokenizer") {
      split("\\s", SplitBehavior::Removed);
      split(punctuationPattern(), SplitBehavior::Isolated);
    } else if (kind == "CharDelimiterSplit") {
      split(escapeForRegex(textOf(step, "delimiter", " ")), SplitBehavior::Removed);
    } else if (kind == "Metaspace") {
      std::string symbol = textOf(step, "replacement", spaceSymbol);
      std::string scheme = textOf(step, "prepend_scheme", boolOf(step, "add_prefix_space", true) ? "always" : "never");
      if (symbol.empty())
        return fail("a Metaspace has an empty replacement");
      spec.preTokenizers.push_back({PreTokenizerKind::Replace, SplitBehavior::Isolated, false, false, " ", symbol});
      if (scheme == "always" || scheme == "first")
        spec.preTokenizers.push_back(
            {PreTokenizerKind::Prepend, SplitBehavior::Isolated, false, scheme == "first", "", symbol});
      else if (scheme != "never")
        return fail("the prepend_scheme " + lathe::quoted(scheme) + " is not known");
      if (boolOf(step, "split", true))
        split(escapeForRegex(symbol), SplitBehavior::MergedWithNext);
    } else {
      return unsupported("pre-tokenizer", kind,
                         "Sequence, ByteLevel, Split, Digits, Whitespace, WhitespaceSplit, Punctuation, "
                         "BertPreTokenizer, CharDelimiterSplit, Metaspace");
    }
    return Status::success();
  });
}

Status readDecoder(const json &value, TokenizerSpec &spec, bool &byteLevel) {
  if (value.is_null()) {
    spec.flags |= TokenizerJoinWithSpaces;
    return Status::success();
  }
  bool fused = false;
  return forEachStep(value, "decoders", 0, [&](const json &step, const std::string &kind) {
    if (kind == "ByteLevel") {
      byteLevel = true;
    } else if (kind == "ByteFallback") {
      // bytes are always decoded
    } else if (kind == "WordPiece") {
      // Only the prefix of the model is a prefix here; both are "##" wherever there is one.
      if (std::string prefix = textOf(step, "prefix", "##"); prefix != spec.continuingPrefix)
        return fail("a WordPiece decoder with the prefix " + lathe::quoted(prefix) + " for a model with the prefix " +
                    lathe::quoted(spec.continuingPrefix) + " is not supported");
      spec.flags |= TokenizerDecodeWords | (boolOf(step, "cleanup", true) ? TokenizerCleanUp : 0);
    } else if (kind == "BPEDecoder") {
      if (std::string suffix = textOf(step, "suffix", "</w>"); suffix != spec.wordSuffix)
        return fail("a BPEDecoder with the suffix " + lathe::quoted(suffix) + " for a model with the suffix " +
                    lathe::quoted(spec.wordSuffix) + " is not supported");
      spec.flags |= TokenizerDecodeSuffix;
    } else if (kind == "Fuse") {
      fused = true;
    } else if (kind == "Metaspace") {
      if (textOf(step, "replacement", spaceSymbol) != spaceSymbol)
        return fail("a Metaspace decoder with the replacement " + lathe::quoted(textOf(step, "replacement")) +
                    " is not supported");
      spec.flags |= TokenizerDecodeSpaces;
      if (textOf(step, "prepend_scheme", boolOf(step, "add_prefix_space", true) ? "always" : "never") != "never")
        spec.flags |= TokenizerStripLeadingSpace;
    } else if (kind == "Replace") {
      bool isRegex = false;
      std::string pattern, content = textOf(step, "content");
      if (Status status = readPattern(step, isRegex, pattern); !status)
        return status;
      if (isRegex || pattern != spaceSymbol || content != " ")
        return fail("a Replace decoder of " + lathe::quoted(pattern) + " by " + lathe::quoted(content) +
                    " is not supported");
      spec.flags |= TokenizerDecodeSpaces;
    } else if (kind == "Strip") {
      const json &start = valueOf(step, "start"), &stop = valueOf(step, "stop");
      if (!fused || textOf(step, "content") != " " || start != 1 || stop != 0)
        return fail("a Strip decoder that does something else than drop one space at the start is not supported");
      spec.flags |= TokenizerStripLeadingSpace;
    } else {
      return unsupported("decoder", kind,
                         "Sequence, ByteLevel, ByteFallback, WordPiece, BPEDecoder, Fuse, Metaspace, Replace, Strip");
    }
    return Status::success();
  });
}

Status readPostProcessor(const json &value, TokenizerSpec &spec) {
  return forEachStep(value, "processors", 0, [&](const json &step, const std::string &kind) {
    auto add = [&](std::vector<int32_t> &list, const json &id) {
      if (!id.is_number_unsigned() || id.get<uint64_t>() >= spec.size())
        return fail("the post-processor adds a token that is not in the vocabulary");
      if (list.size() >= spec.size())
        return fail("the post-processor adds more tokens than the vocabulary has");
      list.push_back(static_cast<int32_t>(id.get<uint64_t>()));
      return Status::success();
    };
    if (kind == "ByteLevel")
      return Status::success();
    if (kind == "BertProcessing" || kind == "RobertaProcessing") {
      for (auto [key, list] : {std::pair{"cls", &spec.prefix}, std::pair{"sep", &spec.suffix}}) {
        const json &pair = valueOf(step, key);
        if (!pair.is_array() || pair.size() != 2)
          return fail(std::string("the post-processor has no pair '") + key + "'");
        if (Status status = add(*list, pair[1]); !status)
          return status;
      }
      return Status::success();
    }
    if (kind != "TemplateProcessing")
      return unsupported("post-processor", kind,
                         "Sequence, ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing");
    const json &single = valueOf(step, "single");
    if (!single.is_array())
      return fail("a TemplateProcessing has no list 'single'");
    bool after = false;
    for (const json &item : single) {
      if (valueOf(item, "Sequence").is_object()) {
        if (after)
          return fail("a TemplateProcessing that repeats the text is not supported");
        after = true;
        continue;
      }
      std::string name = textOf(valueOf(item, "SpecialToken"), "id");
      const json &ids = valueOf(valueOf(valueOf(step, "special_tokens"), name.c_str()), "ids");
      if (!ids.is_array())
        return fail("the special token " + lathe::quoted(name) + " of a TemplateProcessing has no ids");
      for (const json &id : ids)
        if (Status status = add(after ? spec.suffix : spec.prefix, id); !status)
          return status;
    }
    return Status::success();
  });
}

} // namespace lathe
