// The walk through a darts-clone double array: a unit is a label, an offset to its children and a bit that says whether
// an entry ends there (s-yata/darts-clone, src/darts.h).
#include "runtime/tokenizer/CharacterMap.h"

#include "runtime/tokenizer/Utf8.h"

#include <cstring>
#include <utf8proc.h>

namespace lathe {
namespace {

constexpr size_t longGrapheme = 6;

uint32_t labelOf(uint32_t unit) { return unit & (uint32_t{1} << 31 | 0xff); }
uint32_t offsetOf(uint32_t unit) { return unit >> 10 << ((unit & (uint32_t{1} << 9)) >> 6); }
bool hasEntry(uint32_t unit) { return unit >> 8 & 1; }
uint32_t valueOf(uint32_t unit) { return unit & ((uint32_t{1} << 31) - 1); }

} // namespace

Result<CharacterMap> CharacterMap::create(std::string_view bytes) {
  uint32_t size = 0;
  if (bytes.size() < sizeof size)
    return Status::failure("the character map has " + std::to_string(bytes.size()) + " bytes, less than its header");
  std::memcpy(&size, bytes.data(), sizeof size);
  if (size % sizeof(uint32_t) != 0 || size == 0 || size > bytes.size() - sizeof size)
    return Status::failure("the character map has an array of " + std::to_string(size) + " bytes, but " +
                           std::to_string(bytes.size() - sizeof size) + " bytes follow");
  CharacterMap map;
  map.array = bytes.substr(sizeof size, size);
  map.replacements = bytes.substr(sizeof size + size);
  return map;
}

uint32_t CharacterMap::unit(size_t index) const {
  uint32_t value = 0;
  if (index < array.size() / sizeof value)
    std::memcpy(&value, array.data() + index * sizeof value, sizeof value);
  return value; // outside: a unit that nothing leads on from
}

CharacterMap::Found CharacterMap::find(std::string_view text, bool longest) const {
  Found found;
  size_t node = offsetOf(unit(0));
  for (size_t i = 0; i < text.size(); ++i) {
    uint8_t byte = static_cast<uint8_t>(text[i]);
    if (byte == 0)
      break;
    node ^= byte;
    uint32_t here = unit(node);
    if (labelOf(here) != byte)
      break;
    node ^= offsetOf(here);
    if (!hasEntry(here))
      continue;
    size_t at = valueOf(unit(node));
    if (at >= replacements.size())
      break;
    found = {i + 1, replacements.substr(at, std::min(replacements.find('\0', at), replacements.size()) - at)};
    if (!longest)
      break;
  }
  return found;
}

std::string CharacterMap::applyLongest(std::string_view text) const {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    Found found = find(text.substr(at), true);
    size_t length = found.length ? found.length : stepUtf8(text, at).length;
    out += found.length ? found.replacement : text.substr(at, length);
    at += length;
  }
  return out;
}

std::string CharacterMap::applyByGrapheme(std::string_view text) const {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    utf8proc_int32_t state = 0;
    for (Utf8Step step = stepUtf8(text, end);;) {
      end += step.length;
      if (end >= text.size() || step.state != Utf8State::Valid)
        break;
      Utf8Step next = stepUtf8(text, end);
      if (next.state != Utf8State::Valid ||
          utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(step.codePoint),
                                           static_cast<utf8proc_int32_t>(next.codePoint), &state))
        break;
      step = next;
    }
    std::string_view grapheme = text.substr(at, end - at);
    at = end;
    Found whole = grapheme.size() < longGrapheme ? find(grapheme, false) : Found();
    if (whole.length) {
      out += whole.replacement;
      continue;
    }
    for (size_t i = 0; i < grapheme.size();) {
      size_t length = stepUtf8(grapheme, i).length;
      Found found = find(grapheme.substr(i, length), false);
      out += found.length ? found.replacement : grapheme.substr(i, length);
      i += length;
    }
  }
  return out;
}

} // namespace lathe
