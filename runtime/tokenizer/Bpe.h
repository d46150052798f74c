// The kinds of BPE: a word to tokens in O(n log n), by a heap of possible joins over a linked list of symbols.
// Relies on PieceTable.h.
#pragma once

#include "runtime/tokenizer/PieceTable.h"

#include <array>

namespace lathe {

class Bpe {
public:
  /// `spec` must be valid and outlive the object.
  explicit Bpe(const TokenizerSpec &spec);

  /// Memory that is used again for the next word; one per thread.
  struct Scratch {
    struct Symbol {
      int32_t id, previous, next;
      uint32_t begin, length; // bytes of the word; length 0: joined into its left neighbour
    };
    struct Join {
      double score; // by score; ranked: 0
      int32_t rank; // ranked: index of the merge; by score: the token it gives
      int32_t left;
      uint32_t length; // by score: bytes of both symbols when the join was found
    };
    std::vector<Symbol> symbols;
    std::vector<Join> heap;
  };

  /// Appends the tokens of `word`, below 2 GiB. Any bytes are a word.
  void encodeWord(std::string_view word, Scratch &scratch, std::vector<int32_t> &ids) const;
  /// The token of a piece that is not a control token, or none.
  int32_t find(std::string_view piece) const { return pieces.find(piece); }

private:
  const TokenizerSpec &spec;
  PieceTable pieces;
  MergeTable merges;
  std::array<int32_t, 256> byteTokens; // over bytes: the piece of one byte; otherwise <0xNN>; or none

  bool overBytes() const {
    return spec.model == TokenizerModel::ByteLevelBpe || spec.model == TokenizerModel::ScoredBytes;
  }
  bool byScore() const { return spec.model == TokenizerModel::ScoredBpe || spec.model == TokenizerModel::ScoredBytes; }
  /// The piece of bytes [begin, end) of a word with the prefix and suffix that belong there.
  int32_t findSymbol(std::string_view word, size_t begin, size_t end) const;
  void addUnknown(Scratch &scratch, size_t begin, size_t length, bool afterUnknown) const;
  void cutBytes(std::string_view word, Scratch &scratch) const;
  void cutCodePoints(std::string_view word, Scratch &scratch) const;
  /// Tokens of bytes that no piece has: a token a byte, or the unknown one (false).
  bool writeBytes(std::string_view bytes, bool afterUnknown, std::vector<int32_t> &ids) const;
  void joinByRank(Scratch &scratch) const;
  void joinByScore(std::string_view word, Scratch &scratch) const;
};

} // namespace lathe
