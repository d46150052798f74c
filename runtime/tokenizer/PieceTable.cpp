// Open addressing with linear probing, at most half full. Relies on xxhash.
#include "runtime/tokenizer/PieceTable.h"

#define XXH_INLINE_ALL
#include <bit>
#include <random>
#include <xxhash.h>

namespace lathe {
namespace {

uint64_t processSeed() {
  static const uint64_t seed = [] {
    std::random_device source;
    return static_cast<uint64_t>(source()) << 32 | source();
  }();
  return seed;
}

} // namespace

uint64_t hashPair(int32_t left, int32_t right) {
  uint64_t value =
      (static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right)) + processSeed();
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

void PieceTable::reserve(size_t count) { slots.assign(std::bit_ceil(count * 2 + 2), TokenizerSpec::none); }

size_t PieceTable::slotOf(std::string_view piece) const {
  size_t slot = XXH3_64bits_withSeed(piece.data(), piece.size(), processSeed()) & (slots.size() - 1);
  while (slots[slot] >= 0 && spec.piece(slots[slot]) != piece)
    slot = (slot + 1) & (slots.size() - 1);
  return slot;
}

void PieceTable::insert(int32_t id) {
  std::string_view piece = spec.piece(id);
  longestPiece = std::max(longestPiece, piece.size());
  slots[slotOf(piece)] = id;
}

int32_t PieceTable::find(std::string_view piece) const {
  return piece.size() > longestPiece ? TokenizerSpec::none : slots[slotOf(piece)];
}

MergeTable::MergeTable(const std::vector<BpeMerge> &merges) : merges(merges) {
  slots.assign(std::bit_ceil(merges.size() * 2 + 2), -1);
  for (size_t i = 0; i < merges.size(); ++i)
    if (int32_t &entry = slots[slotOf(merges[i].left, merges[i].right)]; entry < 0)
      entry = static_cast<int32_t>(i);
}

size_t MergeTable::slotOf(int32_t left, int32_t right) const {
  size_t slot = hashPair(left, right) & (slots.size() - 1);
  while (slots[slot] >= 0 && (merges[slots[slot]].left != left || merges[slots[slot]].right != right))
    slot = (slot + 1) & (slots.size() - 1);
  return slot;
}

int32_t MergeTable::find(int32_t left, int32_t right) const { return slots[slotOf(left, right)]; }

} // namespace lathe
