// The byte alphabet of byte-level BPE: every byte is written as one printable code point, itself where it is printable
// Latin-1, otherwise U+0100 and up in byte order. Vocabulary files spell their pieces in it.
#pragma once

#include "runtime/tokenizer/Utf8.h"

#include <array>
#include <optional>

namespace lathe {

/// Byte -> code point.
inline constexpr std::array<uint16_t, 256> byteAlphabet = [] {
  std::array<uint16_t, 256> table{};
  uint16_t next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte != 0xad);
    table[byte] = printable ? static_cast<uint16_t>(byte) : next++;
  }
  return table;
}();

/// Code point -> byte, or -1; the alphabet ends below 256 + 68.
inline constexpr std::array<int16_t, 324> byteOfAlphabet = [] {
  std::array<int16_t, 324> table{};
  for (int16_t &entry : table)
    entry = -1;
  for (int byte = 0; byte < 256; ++byte)
    table[byteAlphabet[byte]] = static_cast<int16_t>(byte);
  return table;
}();

/// The bytes that `piece` spells, or nothing if a character of it is not of the alphabet.
inline std::optional<std::string> bytesOfAlphabet(std::string_view piece) {
  std::string bytes;
  for (size_t at = 0; at < piece.size();) {
    Utf8Step step = stepUtf8(piece, at);
    if (step.state != Utf8State::Valid || step.codePoint >= byteOfAlphabet.size() || byteOfAlphabet[step.codePoint] < 0)
      return std::nullopt;
    bytes += static_cast<char>(byteOfAlphabet[step.codePoint]);
    at += step.length;
  }
  return bytes;
}

} // namespace lathe
