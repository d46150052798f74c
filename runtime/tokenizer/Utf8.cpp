// The byte ranges of well-formed UTF-8 (Unicode, table 3-7). Relies on nothing.
#include "runtime/tokenizer/Utf8.h"

namespace lathe {

Utf8Step stepUtf8(std::string_view text, size_t at) {
  auto byteAt = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t lead = byteAt(at);
  if (lead < 0x80)
    return {Utf8State::Valid, 1, lead};
  if (lead < 0xc2 || lead > 0xf4)
    return {Utf8State::Invalid, 1, 0};
  uint32_t need = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  uint32_t value = lead & (0x7fu >> need);
  for (uint32_t i = 1; i < need; ++i) {
    if (at + i >= text.size())
      return {Utf8State::Incomplete, i, 0};
    uint8_t next = byteAt(at + i);
    if (next < low || next > high)
      return {Utf8State::Invalid, i, 0};
    value = value << 6 | (next & 0x3fu);
    low = 0x80;
    high = 0xbf;
  }
  return {Utf8State::Valid, need, value};
}

void appendUtf8(std::string &out, uint32_t codePoint) {
  if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint < 0xe000))
    codePoint = 0xfffd;
  if (codePoint < 0x80) {
    out += static_cast<char>(codePoint);
    return;
  }
  if (codePoint < 0x800) {
    out += static_cast<char>(0xc0 | codePoint >> 6);
  } else {
    if (codePoint < 0x10000) {
      out += static_cast<char>(0xe0 | codePoint >> 12);
    } else {
      out += static_cast<char>(0xf0 | codePoint >> 18);
      out += static_cast<char>(0x80 | (codePoint >> 12 & 0x3f));
    }
    out += static_cast<char>(0x80 | (codePoint >> 6 & 0x3f));
  }
  out += static_cast<char>(0x80 | (codePoint & 0x3f));
}

std::string repairUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    Utf8Step step = stepUtf8(text, at);
    if (step.state == Utf8State::Valid)
      out.append(text, at, step.length);
    else
      appendUtf8(out, 0xfffd);
    at += step.length;
  }
  return out;
}

bool isUnicodeSpace(uint32_t c) {
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

} // namespace lathe
