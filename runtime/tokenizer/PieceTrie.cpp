// Open addressing with linear probing over (parent, byte), at most half full.
#include "runtime/tokenizer/PieceTrie.h"

#include "runtime/tokenizer/PieceTable.h"

#include <bit>

namespace lathe {

void PieceTrie::reserve(size_t bytes) {
  slots.assign(std::bit_ceil(bytes * 2 + 2), 0);
  nodes.reserve(bytes + 1);
  nodes.push_back({nowhere, TokenizerSpec::none, 0});
}

size_t PieceTrie::slotOf(uint32_t node, uint8_t byte) const {
  size_t slot = hashPair(static_cast<int32_t>(node), byte) & (slots.size() - 1);
  while (slots[slot] != 0 && (nodes[slots[slot]].parent != node || nodes[slots[slot]].byte != byte))
    slot = (slot + 1) & (slots.size() - 1);
  return slot;
}

void PieceTrie::insert(std::string_view piece, int32_t id) {
  uint32_t node = root;
  for (char c : piece) {
    uint8_t byte = static_cast<uint8_t>(c);
    size_t slot = slotOf(node, byte);
    if (slots[slot] == 0) {
      slots[slot] = static_cast<uint32_t>(nodes.size());
      nodes.push_back({node, TokenizerSpec::none, byte});
    }
    node = slots[slot];
  }
  if (node != root)
    nodes[node].token = id;
}

uint32_t PieceTrie::step(uint32_t node, uint8_t byte) const {
  uint32_t child = slots[slotOf(node, byte)];
  return child ? child : nowhere;
}

uint32_t PieceTrie::walk(uint32_t node, std::string_view text) const {
  for (size_t i = 0; i < text.size() && node != nowhere; ++i)
    node = step(node, static_cast<uint8_t>(text[i]));
  return node;
}

} // namespace lathe
