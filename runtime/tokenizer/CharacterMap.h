// SentencePiece's precompiled character map ("precompiled_charsmap"): a double array of darts-clone with the offsets of
// zero-terminated replacements. Layout: uint32 size of the array in bytes, the array, the replacements
// (google/sentencepiece, src/normalizer.cc). The bytes come from strangers: every step is checked.
#pragma once

#include "runtime/Status.h"

#include <optional>
#include <string>
#include <string_view>

namespace lathe {

class CharacterMap {
public:
  /// `bytes` must outlive the object. Fails when the sizes do not fit.
  static Result<CharacterMap> create(std::string_view bytes);

  /// Hugging Face's way: each grapheme of less than 6 bytes, otherwise each code point, is replaced by what belongs to
  /// the shortest entry it starts with.
  std::string applyByGrapheme(std::string_view text) const;
  /// SentencePiece's way: at each place the longest entry is replaced.
  std::string applyLongest(std::string_view text) const;

private:
  std::string_view array, replacements;

  struct Found {
    size_t length = 0; // of the entry; 0: none
    std::string_view replacement;
  };
  Found find(std::string_view text, bool longest) const;
  uint32_t unit(size_t index) const;
};

} // namespace lathe
