// See Layers.h.
#include "passes/explain/Layers.h"
#include "passes/fusion/FusePatterns.h"

#include <llvm/ADT/StringSwitch.h>

#include <algorithm>

using namespace mlir;

namespace lathe {

bool isFused(Operation *op) {
  return ::llvm::StringSwitch<bool>(op->getName().getStringRef())
      .Cases("llm.attention", "llm.rope", "llm.rms_norm", "llm.layer_norm", "llm.glu", "llm.gelu", "llm.silu",
             "llm.moe", true)
      .Default(false);
}

namespace {

struct Token {
  std::string name;
  size_t place;
};
using Tokens = std::vector<Token>;

/// Lists of names, and how often each occurs: the most frequent one.
std::vector<std::string> mostFrequent(const std::vector<Tokens> &lists) {
  std::map<std::vector<std::string>, size_t> counts;
  std::vector<std::string> best;
  for (const Tokens &list : lists) {
    std::vector<std::string> names;
    for (const Token &token : list)
      names.push_back(token.name);
    if (size_t count = ++counts[names]; best.empty() || count > counts[best])
      best = names;
  }
  return best;
}

/// How many names at the end (or, from the front, at the begin) of the list are those of the other.
size_t common(const Tokens &list, const std::vector<std::string> &other, bool fromFront) {
  size_t most = std::min(list.size(), other.size()), count = 0;
  while (count < most && (fromFront ? list[count].name == other[count]
                                    : list[list.size() - 1 - count].name == other[other.size() - 1 - count]))
    ++count;
  return count;
}

} // namespace

Layers::Layers(func::FuncOp function) {
  // Between two attentions: the rest of one layer, and the beginning of the next.
  std::vector<Tokens> gaps(1);
  Tokens anchors;
  size_t place = 0;
  for (Operation &op : function.getBody().front()) {
    places_[&op] = place;
    auto softmax = dyn_cast<llm::SoftmaxOp>(op);
    if (isa<llm::AttentionOp>(op) || (softmax && looksLikeAttention(softmax))) {
      anchors.push_back({softmax ? "softmax" : "attention", place});
      gaps.emplace_back();
    } else if (isFused(&op) || isa<llm::LinearOp>(op)) {
      gaps.back().push_back({op.getName().stripDialect().str(), place});
    }
    ++place;
  }
  if (anchors.size() < 2)
    return;
  // What most gaps hold begins with the rest of a layer and ends with the beginning of one: as much of the first gap as
  // ends like it belongs to the first layer.
  std::vector<std::string> usual = mostFrequent({gaps.begin() + 1, gaps.end() - 1});
  size_t before = common(gaps.front(), usual, false), after = usual.size() - before;
  for (size_t layer = 0; layer < anchors.size(); ++layer) {
    const Tokens &gap = gaps[layer];
    size_t mine = std::min(before, gap.size()); // of the gap before the anchor
    if (layer > 0 && gap.size() < usual.size()) // something is missing: what ends as usual is the layer's own
      mine = std::min(common(gap, usual, false), before);
    if (layer > 0 && gap.size() != usual.size() && common(gap, usual, true) >= after)
      mine = gap.size() - after;
    // What was not fused at the beginning of a layer comes after the last op of the layer before.
    begins_.push_back(gap.size() > mine ? gap[gap.size() - mine - 1].place + 1
                      : layer           ? anchors[layer - 1].place + 1
                                        : 0);
    contents_.emplace_back();
    for (size_t i = gap.size() - mine; i < gap.size(); ++i)
      ++contents_.back()[gap[i].name];
    ++contents_.back()[anchors[layer].name];
    if (layer > 0)
      for (size_t i = 0; i + mine < gap.size(); ++i)
        ++contents_[layer - 1][gap[i].name];
  }
  const Tokens &last = gaps.back();
  size_t mine = std::min(after, last.size());
  for (size_t i = 0; i < mine; ++i)
    ++contents_.back()[last[i].name];
  end_ = mine < last.size() ? last[mine].place : place;
  std::map<std::map<std::string, int>, size_t> counts;
  for (const auto &content : contents_)
    if (size_t count = ++counts[content]; usual_.empty() || count > counts[usual_])
      usual_ = content;
}

int Layers::of(Operation *op) const {
  auto found = places_.find(op);
  if (found == places_.end() || begins_.empty() || found->second < begins_.front() || found->second >= end_)
    return -1;
  return static_cast<int>(std::upper_bound(begins_.begin(), begins_.end(), found->second) - begins_.begin()) - 1;
}

} // namespace lathe
