// How often a key counts for a query of attention: the patterns of llm.attention (segments with dilations, blocks).
// Relies on the parameter that setPattern of kernels-templates/KeyPattern.h sets.
//
// Parameter `pattern`: {0}: every key counts once; else the number of segments, length and dilation of each, and where
// there are blocks their size, window, first and last ones, the dense length, and triples (block of the query, head,
// block of the key) in ascending order.
#pragma once

#include "common/cpu/abi.h"
#include "common/cpu/math.h"

namespace lathe {

namespace key_pattern {
constexpr int64_t numbers = sizeof(parameters::pattern) / sizeof(int64_t);
constexpr bool hasPattern = numbers > 1;
constexpr int64_t patternAt(int64_t i) { return i < numbers ? parameters::pattern[i] : 0; }

constexpr int64_t segmentCount = patternAt(0), blocksAt = 1 + 2 * segmentCount, pairsAt = blocksAt + 5;
constexpr int64_t blockSize = patternAt(blocksAt), blockWindow = patternAt(blocksAt + 1),
                  firstBlocks = patternAt(blocksAt + 2), lastBlocks = patternAt(blocksAt + 3),
                  denseLength = patternAt(blocksAt + 4);
constexpr int64_t pairCount = numbers > pairsAt ? (numbers - pairsAt) / 3 : 0;

struct Segment {
  int64_t length, dilation; // length 0: all positions
};
LATHE_INLINE Segment segmentOf(int64_t i) { return {patternAt(1 + 2 * i), patternAt(2 + 2 * i)}; }

struct Pair {
  int64_t queryBlock, head, keyBlock;
};
LATHE_INLINE Pair pairOf(int64_t i) {
  return {patternAt(pairsAt + 3 * i), patternAt(pairsAt + 3 * i + 1), patternAt(pairsAt + 3 * i + 2)};
}

// A query and what of the pattern is its alone.
struct PatternRow {
  int64_t head, position, block;
  int64_t endBlock; // blocks from here on are the last ones
  bool dense, outer;
  int64_t firstPair, endPair; // of the query's own block
};

LATHE_INLINE int64_t pairFrom(int64_t block) {
  int64_t low = 0, high = pairCount;
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (pairOf(middle).queryBlock < block)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

// length: the sequence's keys.
LATHE_INLINE PatternRow patternRow(int64_t head, int64_t position, int64_t length) {
  PatternRow row = {head, position, 0, 0, false, false, 0, 0};
  if constexpr (blockSize > 0) {
    row.block = position / blockSize;
    row.endBlock = (length - 1) / blockSize + 1 - lastBlocks;
    row.dense = length <= denseLength;
    row.outer = row.block < firstBlocks || row.block >= row.endBlock;
    row.firstPair = pairFrom(row.block);
    row.endPair = pairFrom(row.block + 1);
  }
  return row;
}

LATHE_INLINE int64_t countPairs(const PatternRow &row, int64_t first, int64_t end, int64_t block) {
  int64_t times = 0;
  for (int64_t i = first; i < end; ++i) {
    Pair pair = pairOf(i);
    times += (pair.head == -1 || pair.head == row.head) && pair.keyBlock == block;
  }
  return times;
}

LATHE_INLINE int64_t timesOfBlock(const PatternRow &row, int64_t block) {
  if (row.dense)
    return 1;
  int64_t apart = block < row.block ? row.block - block : block - row.block;
  int64_t times = row.outer || block < firstBlocks || block >= row.endBlock || apart <= blockWindow;
  if constexpr (pairCount > 0) {
    times += countPairs(row, row.firstPair, row.endPair, block);
    if (!row.outer)
      times += countPairs(row, 0, pairFrom(0), block);
  }
  return times;
}

// Whether one of the keys [from, to) may count; the row's position is not negative.
LATHE_INLINE bool mayCount(const PatternRow &row, int64_t from, int64_t to) {
  if (row.position < 0)
    return false;
  if constexpr (blockSize > 0) {
    for (int64_t block = from / blockSize; block * blockSize < to; ++block)
      if (timesOfBlock(row, block) > 0)
        return true;
    return false;
  }
  for (int64_t i = 0; i < segmentCount; ++i) {
    auto [length, dilation] = segmentOf(i);
    int64_t rest = row.head % dilation, first = from, end = to;
    if (row.position % dilation != rest)
      continue;
    if (length > 0) {
      first = greatest(first, row.position / length * length);
      end = least(end, greatest(first, row.position / length * length + length));
    }
    first += (rest - first % dilation + dilation) % dilation;
    if (first < end)
      return true;
  }
  return false;
}

LATHE_INLINE int64_t timesOf(const PatternRow &row, int64_t key) {
  if (row.position < 0)
    return 0;
  if constexpr (blockSize > 0)
    return timesOfBlock(row, key / blockSize);
  int64_t times = 0;
  for (int64_t i = 0; i < segmentCount; ++i) {
    auto [length, dilation] = segmentOf(i);
    int64_t rest = row.head % dilation;
    times += row.position % dilation == rest && key % dilation == rest &&
             (length == 0 || row.position / length == key / length);
  }
  return times;
}

// What is added to a key's score: minus infinity hides.
LATHE_INLINE float biasOfTimes(int64_t times) {
  return times == 1 ? 0.0f : times == 0 ? -__builtin_inff() : log(Floats<16>(float(times)))[0];
}

} // namespace key_pattern

} // namespace lathe
