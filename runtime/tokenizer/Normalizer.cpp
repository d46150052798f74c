// The steps of a normalizer, each over the whole text. utf8proc sees valid UTF-8 only.
#include "runtime/tokenizer/Normalizer.h"

#include "runtime/tokenizer/Unicode8.h"
#include "runtime/tokenizer/Utf8.h"

#include <cstdlib>
#include <utf8proc.h>

namespace lathe {
namespace {

/// What a text may grow to.
size_t limitFor(size_t size) { return size * 16 + (size_t{16} << 20); }

/// `change` of each stretch of valid UTF-8; what is broken stays.
template <class Change> std::string changeValid(std::string_view text, Change change) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    Utf8Step step{};
    size_t end = at;
    while (end < text.size() && (step = stepUtf8(text, end)).state == Utf8State::Valid)
      end += step.length;
    if (end > at)
      out += change(text.substr(at, end - at));
    size_t next = end < text.size() ? end + step.length : end;
    out.append(text, end, next - end);
    at = next;
  }
  return out;
}

std::string normalForm(std::string_view text, int options) {
  utf8proc_uint8_t *mapped = nullptr;
  utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t *>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped, static_cast<utf8proc_option_t>(options));
  if (length < 0)
    return std::string(text);
  std::string out(reinterpret_cast<const char *>(mapped), static_cast<size_t>(length));
  std::free(mapped);
  return out;
}

std::string lowercase(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    Utf8Step step = stepUtf8(text, at);
    if (step.codePoint == 0x130) // the one letter whose small form is two code points
      out += "i\xcc\x87";
    else
      appendUtf8(out, static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(step.codePoint))));
    at += step.length;
  }
  return out;
}

/// Appends for each code point what `change` says: `change(codePoint, bytes, out)`. The text is valid.
template <class Change> std::string eachCodePoint(std::string_view text, Change change) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    Utf8Step step = stepUtf8(text, at);
    change(step.codePoint, text.substr(at, step.length), out);
    at += step.length;
  }
  return out;
}

std::string dropMarks(std::string_view text, bool nonspacingOnly) {
  return eachCodePoint(text, [&](uint32_t codePoint, std::string_view bytes, std::string &out) {
    utf8proc_category_t category =
        nonspacingOnly ? unicode8Category(codePoint) : utf8proc_category(static_cast<utf8proc_int32_t>(codePoint));
    bool others = category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
    if (category != UTF8PROC_CATEGORY_MN && (nonspacingOnly || !others))
      out += bytes;
  });
}

/// BERT's clean-up (google-research/bert, tokenization.py).
std::string cleanControls(std::string_view text) {
  return eachCodePoint(text, [](uint32_t codePoint, std::string_view bytes, std::string &out) {
    if (codePoint == '\t' || codePoint == '\n' || codePoint == '\r') {
      out += ' ';
      return;
    }
    utf8proc_category_t category = unicode8Category(codePoint);
    bool control = category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
                   category == UTF8PROC_CATEGORY_CS || category == UTF8PROC_CATEGORY_CO; // unassigned ones stay
    if (codePoint != 0xfffd && !control)
      out += isUnicodeSpace(codePoint) ? std::string_view(" ") : bytes;
  });
}

bool isIdeograph(uint32_t c) {
  constexpr std::pair<uint32_t, uint32_t> blocks[] = {{0x4e00, 0x9fff},   {0x3400, 0x4dbf},   {0x20000, 0x2a6df},
                                                      {0x2a700, 0x2b73f}, {0x2b740, 0x2b81f}, {0x2b920, 0x2ceaf},
                                                      {0xf900, 0xfaff},   {0x2f800, 0x2fa1f}};
  for (auto [first, last] : blocks)
    if (c >= first && c <= last)
      return true;
  return false;
}

std::string spaceIdeographs(std::string_view text) {
  return eachCodePoint(text, [](uint32_t codePoint, std::string_view bytes, std::string &out) {
    bool ideograph = isIdeograph(codePoint);
    out += ideograph ? " " : "";
    out += bytes;
    out += ideograph ? " " : "";
  });
}

std::string nmt(std::string_view text) {
  return eachCodePoint(text, [](uint32_t c, std::string_view bytes, std::string &out) {
    bool dropped = (c >= 1 && c <= 8) || c == 11 || (c >= 0xe && c <= 0x1f) || c == 0x7f || c == 0x8f || c == 0x9f;
    bool space = c == 9 || c == 10 || c == 12 || c == 13 || c == 0x1680 || (c >= 0x200b && c <= 0x200f) ||
                 c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xfeff || c == 0xfffd;
    if (!dropped)
      out += space ? std::string_view(" ") : bytes;
  });
}

std::string replaceAll(std::string_view text, std::string_view pattern, std::string_view content, size_t limit) {
  std::string out;
  for (size_t at = 0; out.size() <= limit;) {
    size_t found = pattern.empty() ? std::string_view::npos : text.find(pattern, at);
    out.append(text, at, found - at);
    if (found == std::string_view::npos)
      break;
    out += content;
    at = found + pattern.size();
  }
  return out;
}

std::string_view strip(std::string_view text, uint32_t sides) {
  auto space = [](Utf8Step step) { return step.state == Utf8State::Valid && isUnicodeSpace(step.codePoint); };
  for (Utf8Step step; (sides & 1) && !text.empty() && space(step = stepUtf8(text, 0));)
    text.remove_prefix(step.length);
  while ((sides & 2) && !text.empty()) {
    size_t at = text.size() - 1;
    while (at > 0 && text.size() - at < 4 && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80)
      --at;
    Utf8Step step = stepUtf8(text, at);
    if (!space(step) || at + step.length != text.size())
      break;
    text.remove_suffix(step.length);
  }
  return text;
}

} // namespace

Result<Normalizer> Normalizer::create(const std::vector<NormalizerStep> &steps) {
  Normalizer normalizer;
  normalizer.steps = &steps;
  for (const NormalizerStep &step : steps) {
    normalizer.regexes.emplace_back();
    normalizer.maps.emplace_back();
    if (step.kind == NormalizerKind::CharacterMap) {
      Result<CharacterMap> map = CharacterMap::create(step.pattern);
      if (!map)
        return Status::failure("tokenizer: normalizer: " + map.message());
      normalizer.maps.back() = *map;
    }
    if (step.kind != NormalizerKind::ReplaceRegex)
      continue;
    Result<Regex> regex = Regex::compile(step.pattern);
    if (!regex)
      return Status::failure("tokenizer: normalizer: " + regex.message());
    normalizer.regexes.back() = std::move(*regex);
  }
  return normalizer;
}

std::string Normalizer::mapped(const CharacterMap &map, bool byGrapheme, std::string_view text) const {
  auto change = [&](std::string_view part) { return byGrapheme ? map.applyByGrapheme(part) : map.applyLongest(part); };
  if (!kept)
    return change(text);
  std::string out;
  for (const AddedTokens::Piece &piece : kept->cut(text, false)) {
    std::string_view part = text.substr(piece.begin, piece.end - piece.begin);
    out += piece.id == TokenizerSpec::none ? change(part) : std::string(part);
  }
  return out;
}

Result<std::string> Normalizer::apply(std::string_view text, RegexBudget &budget) const {
  std::string current(text);
  size_t maxText = limitFor(text.size());
  for (size_t i = 0; i < steps->size(); ++i) {
    const NormalizerStep &step = (*steps)[i];
    auto form = [&](int options) {
      current = changeValid(current, [&](std::string_view part) { return normalForm(part, options); });
    };
    switch (step.kind) {
    case NormalizerKind::Prepend:
      if (!current.empty())
        current.insert(0, step.content);
      break;
    case NormalizerKind::Replace:
      current = replaceAll(current, step.pattern, step.content, maxText);
      break;
    case NormalizerKind::ReplaceRegex: {
      std::vector<Regex::Match> matches;
      if (Status status = regexes[i]->findAll(current, budget, matches); !status)
        return Status::failure("tokenizer: normalizer: " + status.message());
      std::string out;
      size_t at = 0;
      for (Regex::Match match : matches) {
        out.append(current, at, match.begin - at).append(step.content);
        at = match.end;
        if (out.size() > maxText)
          break;
      }
      current = out.append(current, at);
      break;
    }
    case NormalizerKind::Nfc:
      form(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
      break;
    case NormalizerKind::Nfd:
      form(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
      break;
    case NormalizerKind::Nfkc:
      form(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
      break;
    case NormalizerKind::Nfkd:
      form(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
      break;
    case NormalizerKind::Lowercase:
      current = changeValid(current, lowercase);
      break;
    case NormalizerKind::DropMarks:
      current = changeValid(current, [&](std::string_view part) { return dropMarks(part, step.flags & 1); });
      break;
    case NormalizerKind::CleanControls:
      current = changeValid(current, cleanControls);
      break;
    case NormalizerKind::SpaceIdeographs:
      current = changeValid(current, spaceIdeographs);
      break;
    case NormalizerKind::Nmt:
      current = changeValid(current, nmt);
      break;
    case NormalizerKind::CharacterMap:
      current = mapped(*maps[i], step.flags & 1, current);
      break;
    case NormalizerKind::Strip:
      current = std::string(strip(current, step.flags));
      break;
    }
    if (current.size() > maxText)
      return Status::failure("tokenizer: normalizer: a text of " + std::to_string(text.size()) +
                             " bytes grows beyond " + std::to_string(maxText));
  }
  return current;
}

} // namespace lathe
