// All pieces that a text starts with, one byte after another: what longest-match and unigram tokenizers ask. Relies on
// TokenizerSpec.h. Hashes are seeded anew in each process.
#pragma once

#include "runtime/tokenizer/TokenizerSpec.h"

namespace lathe {

class PieceTrie {
public:
  static constexpr uint32_t root = 0, nowhere = UINT32_MAX;

  /// Holds the tokens for which `wanted(id)`; of equal pieces the last one stays.
  template <class Wanted> PieceTrie(const TokenizerSpec &spec, Wanted wanted) {
    size_t bytes = 0;
    for (size_t id = 0; id < spec.size(); ++id)
      bytes += wanted(id) ? spec.piece(id).size() : 0;
    reserve(bytes);
    for (size_t id = 0; id < spec.size(); ++id)
      if (wanted(id))
        insert(spec.piece(id), static_cast<int32_t>(id));
  }
  /// The node after one more byte, or `nowhere`.
  uint32_t step(uint32_t node, uint8_t byte) const;
  /// The node after `text`, or `nowhere`.
  uint32_t walk(uint32_t node, std::string_view text) const;
  /// The token whose piece ends at a node, or TokenizerSpec::none.
  int32_t token(uint32_t node) const { return nodes[node].token; }

private:
  struct Node {
    uint32_t parent;
    int32_t token;
    uint8_t byte;
  };
  std::vector<Node> nodes;
  std::vector<uint32_t> slots; // children, by parent and byte; 0: free
  void reserve(size_t bytes);
  void insert(std::string_view piece, int32_t id);
  size_t slotOf(uint32_t node, uint8_t byte) const;
};

/// The steps that one encode() may take through a trie, so that a vocabulary of long pieces cannot stall it.
class StepBudget {
public:
  explicit StepBudget(size_t textSize) : left(textSize * 256 + (size_t{1} << 20)) {}
  bool take() { return left > 0 && left--; }
  bool spent() const { return left == 0; }

private:
  size_t left;
};

} // namespace lathe
