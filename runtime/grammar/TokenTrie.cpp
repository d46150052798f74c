// See TokenTrie.h.
#include "runtime/grammar/TokenTrie.h"

#include <algorithm>

namespace lathe::grammar {

TokenTrie::TokenTrie(const std::vector<std::string> &texts) : vocabulary_(texts.size()) {
  std::vector<int32_t> order;
  for (size_t id = 0; id < texts.size(); ++id) {
    bool kept = !texts[id].empty() && texts[id].size() <= UINT16_MAX;
    if (kept) {
      order.push_back(int32_t(id));
      texts_ += texts[id];
    }
    textEnds_.push_back(uint32_t(texts_.size()));
  }
  // string compares bytes as unsigned.
  std::ranges::sort(order, [&](int32_t a, int32_t b) {
    int less = texts[size_t(a)].compare(texts[size_t(b)]);
    return less != 0 ? less < 0 : a < b;
  });
  nodes_.push_back({0, 0, 0, 0});
  std::vector<uint32_t> path{0};
  std::string_view before;
  for (int32_t id : order) {
    std::string_view text = texts[size_t(id)];
    size_t common = size_t(std::ranges::mismatch(before, text).in1 - before.begin());
    for (; path.size() > common + 1; path.pop_back())
      nodes_[path.back()].end = uint32_t(nodes_.size());
    for (size_t i = common; i < text.size(); ++i) {
      path.push_back(uint32_t(nodes_.size()));
      nodes_.push_back({0, uint32_t(tokens_.size()), uint16_t(i + 1), uint8_t(text[i])});
    }
    tokens_.push_back(id);
    // The token's node is the last one: equal texts follow each other, and a longer text opens new nodes.
    nodes_.back().tokenEnd = uint32_t(tokens_.size());
    depth_ = std::max(depth_, uint32_t(text.size()));
    before = text;
  }
  for (uint32_t node : path)
    nodes_[node].end = uint32_t(nodes_.size());
}

Result<std::shared_ptr<const TokenTrie>> TokenTrie::create(const Tokenizer &tokenizer) {
  const TokenizerSpec &spec = tokenizer.spec();
  if (spec.flags & (TokenizerJoinWithSpaces | TokenizerDecodeWords | TokenizerDecodeSuffix | TokenizerCleanUp))
    return Status::failure("constraints need a tokenizer whose texts are the texts of their tokens, one after another; "
                           "this one puts spaces between words itself");
  std::vector<std::string> texts(spec.size());
  for (size_t id = 0; id < texts.size(); ++id)
    if (!tokenizer.isSpecial(int32_t(id)) && !tokenizer.isEnd(int32_t(id)))
      tokenizer.appendPiece(int32_t(id), texts[id]);
  return std::make_shared<const TokenTrie>(texts);
}

std::string_view TokenTrie::text(int32_t token) const {
  if (token < 0 || size_t(token) >= textEnds_.size())
    return {};
  uint32_t begin = token ? textEnds_[size_t(token) - 1] : 0;
  return std::string_view(texts_).substr(begin, textEnds_[size_t(token)] - begin);
}

} // namespace lathe::grammar
