// The texts of all tokens of a vocabulary as a tree of bytes, in the order of a walk through it, so that one pass
// decides all tokens. Relies on Tokenizer.h.
#pragma once

#include "runtime/tokenizer/Tokenizer.h"

#include <memory>
#include <span>
#include <vector>

namespace lathe::grammar {

class TokenTrie {
public:
  struct Node {
    uint32_t end;      ///< the first node behind those below this one
    uint32_t tokenEnd; ///< tokens of this node are in tokens(): from the tokenEnd of the node before to this
    uint16_t depth;    ///< bytes from the root; the root has 0
    uint8_t byte;
  };

  /// Of the texts of tokens 0, 1, ...; a token with an empty text, or one longer than 65535 bytes, is left out.
  explicit TokenTrie(const std::vector<std::string> &texts);
  /// Fails for tokenizers that change texts where tokens meet. Control tokens are left out.
  static Result<std::shared_ptr<const TokenTrie>> create(const Tokenizer &tokenizer);

  /// Every node before the nodes below it; the first is the root.
  std::span<const Node> nodes() const { return nodes_; }
  /// The tokens whose text ends at a node.
  std::span<const int32_t> tokens(uint32_t node) const {
    uint32_t begin = node ? nodes_[node - 1].tokenEnd : 0;
    return {tokens_.data() + begin, tokens_.data() + nodes_[node].tokenEnd};
  }
  uint32_t depth() const { return depth_; } ///< of the deepest node
  size_t vocabulary() const { return vocabulary_; }
  /// The text of a token; empty for one that is left out.
  std::string_view text(int32_t token) const;

private:
  std::vector<Node> nodes_;
  std::vector<int32_t> tokens_;
  std::string texts_;
  std::vector<uint32_t> textEnds_;
  uint32_t depth_ = 0;
  size_t vocabulary_;
};

} // namespace lathe::grammar
