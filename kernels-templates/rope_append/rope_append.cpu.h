// Rotates the queries and keys of a step's tokens and writes keys and values into the paged cache.
//
// Buffers: query (tokens, heads, headDim) where `query`; key, value (tokens, kvHeads, headDim); any of them may be
// parts of one fused buffer: tokens are *Stride elements apart, the first starts at *Offset; cache pages
// (common/cpu/cache.h) of Cache; positions, sequences (tokens) i32; block table (sequences, blocks) i32; with rotation
// 2 frequencies (dims / 2) of Table, with rotation 3 cosines and sines (tableRows, dims / 2) of Table; output: rotated
// query (tokens, heads, headDim) of Output where `query`. params: 0 tokens, 1 blocks. Grid: tokens.
//
// Parameters: heads, kvHeads, headDim, dims, queryStride, keyStride, valueStride, queryOffset, keyOffset, valueOffset;
// rotation: 0 none, 1 by frequencyBits[] (f32 bits of dims / 2 frequencies), 2, 3; tableRows; interleaved, query;
// factor; types Input, Cache, Table, Output. Positions beyond the block table are not written.
#include "common/cpu/cache.h"
#include "common/cpu/rotation.h"

namespace lathe {

namespace rope_append_parts {
using namespace parameters;

using Page = CachePage<Cache, kvHeads, headDim>;
using Turn = Rotation<dims>;
constexpr int cacheBuffer = query ? 3 : 2, positionBuffer = cacheBuffer + 1, tableBuffer = positionBuffer + 3,
              outputBuffer = tableBuffer + (rotation == 3   ? 2
                                            : rotation == 2 ? 1
                                                            : 0);

struct Frequencies {
  alignas(64) float at[Turn::padded] = {};
};
constexpr Frequencies frequencies = [] {
  Frequencies table;
  if constexpr (rotation == 1)
    for (int64_t i = 0; i < Turn::pairs; ++i)
      table.at[i] = __builtin_bit_cast(float, uint32_t(frequencyBits[i]));
  return table;
}();

LATHE_INLINE void turnTo(const LatheKernelContext &context, int32_t position, Turn &turn) {
  if constexpr (rotation == 1)
    turn.compute(float(position), [](int64_t i) { return load<16>(frequencies.at + i); }, factor);
  const Table *table = static_cast<const Table *>(context.buffers[rotation >= 2 ? tableBuffer : 0]);
  if constexpr (rotation == 2)
    turn.compute(float(position), [&](int64_t i) { return loadPart<16>(table + i, Turn::pairs - i); }, factor);
  if constexpr (rotation == 3) {
    int64_t row = least<int64_t>(greatest(position, 0), tableRows - 1) * Turn::pairs;
    turn.read(table + row, static_cast<const Table *>(context.buffers[tableBuffer + 1]) + row, factor);
  }
}

template <class T> LATHE_INLINE void rotated(const T *from, float *to, const Turn &turn) {
  if constexpr (rotation != 0)
    turn.template apply<headDim, interleaved>(from, to);
  else
    for (int64_t d = 0; d < headDim; ++d)
      to[d] = loadFloat(from + d);
}

template <class T> LATHE_INLINE void storeRow(T *to, const float *from) {
  int64_t d = 0;
  for (; d + 16 <= headDim; d += 16)
    store<16>(to + d, load<16>(from + d));
  for (; d < headDim; ++d)
    storeFloat(to + d, from[d]);
}

} // namespace rope_append_parts

void rope_append(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace rope_append_parts;
  const int32_t *positions = static_cast<const int32_t *>(context.buffers[positionBuffer]);
  const int32_t *sequences = static_cast<const int32_t *>(context.buffers[positionBuffer + 1]);
  const int32_t *table = static_cast<const int32_t *>(context.buffers[positionBuffer + 2]);
  int64_t blocks = context.params[1];
  for (int64_t token = begin; token < end; ++token) {
    int32_t position = positions[token];
    Turn turn;
    turnTo(context, position, turn);
    alignas(64) float row[headDim];
    if constexpr (query) {
      const Input *from = static_cast<const Input *>(context.buffers[0]) + queryOffset + token * queryStride;
      Output *to = static_cast<Output *>(context.buffers[outputBuffer]) + token * heads * headDim;
      for (int64_t head = 0; head < heads; ++head) {
        rotated(from + head * headDim, row, turn);
        storeRow(to + head * headDim, row);
      }
    }
    if (position < 0 || position / Page::positions >= blocks)
      continue;
    int64_t page = table[sequences[token] * blocks + position / Page::positions], slot = position % Page::positions;
    const Input *key = static_cast<const Input *>(context.buffers[query]) + keyOffset + token * keyStride;
    const Input *value = static_cast<const Input *>(context.buffers[query + 1]) + valueOffset + token * valueStride;
    for (int64_t head = 0; head < kvHeads; ++head) {
      alignas(64) Cache converted[headDim];
      rotated(key + head * headDim, row, turn);
      storeRow(converted, row);
      Cache *keys = Page::keys(context.buffers[cacheBuffer], page, head) + Page::keyIndex(slot);
      for (int64_t d = 0; d < headDim; ++d)
        keys[16 * d] = converted[d];
      Cache *values = Page::values(context.buffers[cacheBuffer], page, head) + slot * headDim;
      int64_t d = 0;
      for (; d + 16 <= headDim; d += 16)
        store<16>(values + d, load<16>(value + head * headDim + d));
      for (; d < headDim; ++d)
        storeFloat(values + d, loadFloat(value + head * headDim + d));
    }
  }
}

} // namespace lathe
