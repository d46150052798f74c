// The layout LATHE_LAYOUT_LANES of a packed weight: rows in groups of 16, a lane per row. Written by Pack.cpp, read by
// the CPU templates through kernels-templates/common/cpu/weights.h, which says the same for freestanding code.
#pragma once

#include "runtime/ElementType.h"

#include <cstdint>

namespace lathe {

// A group is contiguous; groups follow each other. Rows that are missing in the last group are zero. With `interleave`
// 2 the rows are two halves (gate | up), each padded to whole groups, and group g of the result is group g / 2 of half
// g % 2.
//
// F32, F16, BF16: group = (columns, 16 lanes).
//
// Block types: group = blocks, each of a head (what is one for a row and block) and a body (quants). Heads of 32 bytes
// come in pairs before two bodies, so that everything a vector loads is aligned to 64 bytes; a last single block has a
// pair's head too.
//   type   head, of 16 lanes each                              body
//   Q4_0   f16 scale                                           nibbles(32)
//   Q4_1   f16 scale; f16 minimum                              nibbles(32)
//   Q5_0   f16 scale                                           fifths(32), nibbles(32)
//   Q5_1   f16 scale; f16 minimum                              fifths(32), nibbles(32)
//   Q8_0   f16 scale                                           bytes(32)
//   INT4   f32 scale; f32 minimum                              nibbles(32)
//   Q4_K   f16 d; f16 dmin; 3 words of scales as in the file   8 x nibbles(32)
//   Q5_K   f16 d; f16 dmin; 3 words of scales as in the file   8 x (fifths(32), nibbles(32))
//   Q6_K   f16 d, 32 bytes 0; 4 words of int8 scales           8 x (2 x pairs(16), nibbles(32))
// nibbles(32): 4 vectors of 16 words; word j of a lane holds elements 8j .. 8j+3 in the low nibbles of its bytes 0..3
// and
//   8j+4 .. 8j+7 in the high ones.
// bytes(32): 8 vectors of 16 words; word j holds elements 4j .. 4j+3.
// fifths(32): a vector of 16 words; bit v of byte i belongs to element 4v + i.
// pairs(16): a vector of 16 words; bits 2v, 2v+1 of byte i belong to element 4v + i.
inline constexpr uint32_t lanesOfGroup = 16;

/// Bytes of a block's head and body for 16 rows; zero for other types.
struct LaneBlock {
  uint32_t head = 0, body = 0;
};
constexpr LaneBlock laneBlock(LatheType type) {
  switch (type) {
  case LATHE_Q4_0:
    return {32, 256};
  case LATHE_Q4_1:
    return {64, 256};
  case LATHE_Q5_0:
    return {32, 320};
  case LATHE_Q5_1:
    return {64, 320};
  case LATHE_Q8_0:
    return {32, 512};
  case LATHE_INT4:
    return {128, 256};
  case LATHE_Q4_K:
    return {256, 2048};
  case LATHE_Q5_K:
    return {256, 2560};
  case LATHE_Q6_K:
    return {320, 3072};
  default:
    return {};
  }
}

/// Where head and body of block `index` lie in its group.
constexpr uint64_t headOffset(LaneBlock block, uint64_t index) {
  if (block.head % 64 == 0)
    return index * (block.head + block.body);
  return index / 2 * 2 * (block.head + block.body) + index % 2 * block.head;
}
constexpr uint64_t bodyOffset(LaneBlock block, uint64_t index) {
  if (block.head % 64 == 0)
    return index * (block.head + block.body) + block.head;
  return index / 2 * 2 * (block.head + block.body) + 2 * block.head + index % 2 * block.body;
}
/// Bytes of a group of `blocks` blocks.
constexpr uint64_t groupBytes(LaneBlock block, uint64_t blocks) {
  return blocks == 0 ? 0 : bodyOffset(block, blocks - 1) + block.body;
}

/// Groups of a weight; rows are even with interleave.
constexpr uint64_t groupCount(uint64_t rows, uint32_t interleave) {
  return interleave == 2 ? 2 * (rows / 2 / lanesOfGroup + (rows / 2 % lanesOfGroup != 0))
                         : rows / lanesOfGroup + (rows % lanesOfGroup != 0);
}
/// The row in lane 0 of a group; lanes count up to `groupEnd`.
constexpr uint64_t groupBegin(uint64_t group, uint64_t rows, uint32_t interleave) {
  return interleave == 2 ? group % 2 * (rows / 2) + group / 2 * lanesOfGroup : group * lanesOfGroup;
}
/// One past the last row that exists in the group.
constexpr uint64_t groupEnd(uint64_t group, uint64_t rows, uint32_t interleave) {
  uint64_t end = groupBegin(group, rows, interleave) + lanesOfGroup;
  uint64_t limit = interleave == 2 && group % 2 == 0 ? rows / 2 : rows;
  return end < limit ? end : limit;
}

} // namespace lathe
