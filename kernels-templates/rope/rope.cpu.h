// Rotary position embedding of (rows, heads, headDim), where rows are batch * tokens: pair i of a head is turned by
// positions[row] * frequency[i] and multiplied by `factor`.
//
// Buffers: x of Input, rows inputStride elements apart, the first at inputOffset; positions (rows) of Index; with
// rotation 2 frequencies (dims / 2) of Table, with rotation 3 cosines and sines (tableRows, dims / 2) of Table; output
// (rows, heads, headDim) of Output. params: 0 rows. Grid: rows.
//
// Parameters: heads, headDim, dims, inputStride, inputOffset; rotation: 1 by frequencyBits[] (f32 bits of dims / 2
// frequencies), 2, 3; tableRows; interleaved; factor; types Input, Index, Table, Output.
#include "common/cpu/rotation.h"

namespace lathe {

namespace rope_parts {
using namespace parameters;

using Turn = Rotation<dims>;

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

LATHE_INLINE void turnTo(const LatheKernelContext &context, int64_t position, Turn &turn) {
  if constexpr (rotation == 1)
    turn.compute(float(position), [](int64_t i) { return load<16>(frequencies.at + i); }, factor);
  const Table *table = static_cast<const Table *>(context.buffers[2]);
  if constexpr (rotation == 2)
    turn.compute(float(position), [&](int64_t i) { return loadPart<16>(table + i, Turn::pairs - i); }, factor);
  if constexpr (rotation == 3) {
    int64_t row = least<int64_t>(greatest<int64_t>(position, 0), tableRows - 1) * Turn::pairs;
    turn.read(table + row, static_cast<const Table *>(context.buffers[3]) + row, factor);
  }
}

} // namespace rope_parts

void rope(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace rope_parts;
  const Index *positions = static_cast<const Index *>(context.buffers[1]);
  Output *output = static_cast<Output *>(context.buffers[rotation == 3 ? 4 : rotation == 2 ? 3 : 2]);
  for (int64_t row = begin; row < end; ++row) {
    Turn turn;
    turnTo(context, positions[row], turn);
    const Input *from = static_cast<const Input *>(context.buffers[0]) + inputOffset + row * inputStride;
    Output *to = output + row * heads * headDim;
    for (int64_t head = 0; head < heads; ++head) {
      alignas(64) float turned[headDim];
      turn.template apply<headDim, interleaved>(from + head * headDim, turned);
      int64_t d = 0;
      for (; d + 16 <= headDim; d += 16)
        store<16>(to + head * headDim + d, load<16>(turned + d));
      for (; d < headDim; ++d)
        storeFloat(to + head * headDim + d, turned[d]);
    }
  }
}

} // namespace lathe
