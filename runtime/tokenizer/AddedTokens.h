// Finds added and special tokens in a text: leftmost, of several at one place the longest. Relies on TokenizerSpec.h.
#pragma once

#include "runtime/tokenizer/TokenizerSpec.h"

#include <array>

namespace lathe {

class AddedTokens {
public:
  struct Entry {
    std::string text;
    AddedToken token;
  };
  /// Entries with empty text are left out.
  explicit AddedTokens(std::vector<Entry> entries);

  struct Piece {
    size_t begin, end;
    int32_t id; ///< TokenizerSpec::none: text between tokens
  };
  /// Pieces of `text` in order, without empty ones. Special tokens count only if `special`.
  std::vector<Piece> cut(std::string_view text, bool special) const;

private:
  std::vector<Entry> sorted;             // by text
  std::array<uint32_t, 257> firstByte{}; // entries that begin with byte b: [firstByte[b], firstByte[b + 1])
  const Entry *longestAt(std::string_view text, size_t at, bool special) const;
};

} // namespace lathe
