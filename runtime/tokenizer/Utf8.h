// UTF-8 as tokenizers need it: where a valid sequence ends, what is broken and what is merely not complete yet.
// Relies on the standard library alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lathe {

enum class Utf8State {
  Valid,     ///< a whole code point
  Invalid,   ///< bytes no continuation can repair
  Incomplete ///< the text ends inside a sequence that could still become valid
};

struct Utf8Step {
  Utf8State state;
  uint32_t length;    ///< bytes this step covers, at least 1; for Invalid the longest broken prefix of a sequence
  uint32_t codePoint; ///< only for Valid
};

/// Looks at the sequence that starts at `text[at]`; `at` must be below text.size(). Overlong forms, surrogates and
/// values above U+10FFFF are invalid.
Utf8Step stepUtf8(std::string_view text, size_t at);

/// Appends the UTF-8 form of `codePoint`, U+FFFD if it is none.
void appendUtf8(std::string &out, uint32_t codePoint);

/// `text` with every broken or incomplete sequence replaced by U+FFFD.
std::string repairUtf8(std::string_view text);

/// White space as Unicode and Python's str.strip see it.
bool isUnicodeSpace(uint32_t codePoint);

} // namespace lathe
