// y[t, :] = table[ids[t], :], dequantised. An id that is no row takes the nearest row: the runtime refuses such tokens,
// and whatever comes here reads nothing else.
//
// Buffers: table (rows, columns) of Weight, packed in lanes where `packed`, else row major (plain types only); ids
// (count) of Index; y (count, columns) of Output. params: 0 count. Grid: count. Parameters: rows, columns; packed;
// types Weight, Index, Output.
#include "common/cpu/weights.h"

namespace lathe {

namespace embedding_parts {
using namespace parameters;

template <class W> LATHE_INLINE void decodeRow(const uint8_t *table, int64_t row, Output *y) {
  if constexpr (!packed) {
    const W *from = reinterpret_cast<const W *>(table) + row * columns;
    int64_t i = 0;
    for (; i + 16 <= columns; i += 16)
      store<16>(y + i, load<16>(from + i));
    for (; i < columns; ++i)
      storeFloat(y + i, loadFloat(from + i));
    return;
  } else {
    const uint8_t *group = table + row / lanesOfGroup * groupBytes<W>(columns);
    int lane = int(row % lanesOfGroup);
    if constexpr (isPlain<W>) {
      for (int64_t k = 0; k < columns; ++k)
        storeFloat(y + k, loadFloat(reinterpret_cast<const W *>(group) + k * lanesOfGroup + lane));
    } else {
      using F = Format<W>;
      for (int64_t block = 0; block < columns / F::elements; ++block)
        for (int sub = 0; sub < F::elements / 32; ++sub) {
          Output *to = y + block * F::elements + sub * 32;
          dequantizeBlock<W, 1>(group + F::headOffset(block), group + F::bodyOffset(block), sub, lane,
                                [&](int k, Floats<1> value) { storeFloat(to + k, value[0]); });
        }
    }
  }
}

} // namespace embedding_parts

void embedding(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace embedding_parts;
  for (int64_t i = begin; i < end; ++i) {
    int64_t id = static_cast<const Index *>(context.buffers[1])[i];
    id = least(greatest<int64_t>(id, 0), rows - 1);
    decodeRow<Weight>(static_cast<const uint8_t *>(context.buffers[0]), id,
                      static_cast<Output *>(context.buffers[2]) + i * columns);
  }
}

} // namespace lathe
