// Lookups of a vocabulary: bytes of a piece -> token, and pair of tokens -> what joins them. Relies on TokenizerSpec.h.
// Hashes are seeded anew in each process, so that a vocabulary cannot be made to collide.
#pragma once

#include "runtime/tokenizer/TokenizerSpec.h"

#include <memory>

namespace lathe {

/// A hash of two ids, seeded anew in each process.
uint64_t hashPair(int32_t left, int32_t right);

/// Piece -> token id. Refers to the spec it was made of.
class PieceTable {
public:
  /// Holds the tokens for which `wanted(id)`; of equal pieces the last one stays.
  template <class Wanted> PieceTable(const TokenizerSpec &spec, Wanted wanted) : spec(spec) {
    reserve(spec.size());
    for (size_t id = 0; id < spec.size(); ++id)
      if (wanted(id))
        insert(static_cast<int32_t>(id));
  }
  /// The token, or TokenizerSpec::none.
  int32_t find(std::string_view piece) const;
  size_t longest() const { return longestPiece; }

private:
  const TokenizerSpec &spec;
  std::vector<int32_t> slots;
  size_t longestPiece = 0;
  void reserve(size_t count);
  void insert(int32_t id);
  size_t slotOf(std::string_view piece) const;
};

/// (left, right) -> index in TokenizerSpec::merges; of equal pairs the first stays.
class MergeTable {
public:
  explicit MergeTable(const std::vector<BpeMerge> &merges);
  /// The index, or -1.
  int32_t find(int32_t left, int32_t right) const;

private:
  const std::vector<BpeMerge> &merges;
  std::vector<int32_t> slots;
  size_t slotOf(int32_t left, int32_t right) const;
};

} // namespace lathe
