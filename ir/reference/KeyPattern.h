// How often a key counts for a query by the pattern of llm.attention or llm.cached_attention. Private to ir/reference.
#pragma once

#include "llvm/ADT/ArrayRef.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

namespace lathe::reference {

struct KeyPattern {
  ::llvm::ArrayRef<int64_t> segments, dilations, pairs;
  int64_t size = 0, window = 0, first = 0, last = 0, dense = 0;

  /// Of an op with the attributes that both kinds of attention have.
  template <class Op>
  explicit KeyPattern(Op op)
      : segments(op.getSegments().value_or(::llvm::ArrayRef<int64_t>())),
        dilations(op.getDilations().value_or(::llvm::ArrayRef<int64_t>())),
        pairs(op.getBlockPairs().value_or(::llvm::ArrayRef<int64_t>())), size(op.getBlockSize()),
        window(op.getBlockWindow()), first(op.getFirstBlocks()) {}

  /// For a query at a position of a sequence of `length` keys.
  int64_t count(int64_t head, int64_t position, int64_t key, int64_t length) const {
    if (position < 0)
      return 0;
    int64_t times = 0;
    for (size_t i = 0; i < segments.size(); ++i)
      times += (segments[i] == 0 || position / segments[i] == key / segments[i]) &&
               position % dilations[i] == head % dilations[i] && key % dilations[i] == head % dilations[i];
    if (!segments.empty())
      return times;
    if (size == 0 || length <= dense)
      return 1;
    int64_t row = position / size, column = key / size, end = (length - 1) / size + 1 - last;
    auto isOuter = [&](int64_t block) { return block < first || block >= end; };
    times = isOuter(row) || isOuter(column) || std::abs(row - column) <= window;
    for (size_t i = 0; i < pairs.size(); i += 3)
      times += (pairs[i] == -1 || pairs[i] == head) && pairs[i + 2] == column &&
               (pairs[i + 1] == -1 ? !isOuter(row) : pairs[i + 1] == row);
    return times;
  }

  /// What is added to the score: minus infinity hides.
  double bias(int64_t head, int64_t position, int64_t key, int64_t length) const {
    int64_t times = count(head, position, key, length);
    return times == 0 ? -std::numeric_limits<double>::infinity() : std::log(static_cast<double>(times));
  }
};

} // namespace lathe::reference
