// y[o, i, :] = x[o, indices[i], :]; a negative index counts from the end; one that is out of range gives zeros.
//
// Buffers: x (outer, size, inner); indices (count) of Index; y (outer, count, inner); all dense, x and y of elements of
// the size of Element. params: outer, size, count, inner. Grid: ceil(elements of y / 4096).
//
// Parameters: types Index, Element (an unsigned integer of the element's size).
//
// Bound by memory.
#include "common/cpu/indexing.h"

namespace lathe {

inline void gather(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  auto [outer, size, count, inner] = *reinterpret_cast<const int64_t(*)[4]>(context.params);
  auto *from = static_cast<const Element *>(context.buffers[0]);
  auto *indices = static_cast<const Index *>(context.buffers[1]);
  auto *to = static_cast<Element *>(context.buffers[2]);
  int64_t total = outer * count * inner;
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t at = tile * tileElements, last = least(at + tileElements, total);
    while (at < last) {
      int64_t row = at / inner, column = at % inner, part = least(inner - column, last - at);
      int64_t index = int64_t(indices[row % count]);
      index += index < 0 ? size : 0;
      if (index >= 0 && index < size)
        copyElements(to + at, from + (row / count * size + index) * inner + column, part);
      else
        for (int64_t i = 0; i < part; ++i)
          to[at + i] = Element(0);
      at += part;
    }
  }
}

} // namespace lathe
