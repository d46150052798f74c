// y[o, s, :] = update[o, s - starts[o / heads], :] where that is in [0, count), else x[o, s, :]; with `circular` places
// are modulo size.
//
// Buffers: x (outer, size, inner); update (outer, count, inner); starts (outer / heads) of Index, where `hasStarts`; y,
// like x; all dense, of elements of the size of Element. params: outer, heads, size, count, inner. Grid: ceil(elements
// of y / 4096).
//
// Parameters: hasStarts; circular; types Index, Element (an unsigned integer of the element's size).
//
// Bound by memory.
#include "common/cpu/indexing.h"

namespace lathe {

inline void tensor_scatter(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  auto [outer, heads, size, count, inner] = *reinterpret_cast<const int64_t(*)[5]>(context.params);
  auto *from = static_cast<const Element *>(context.buffers[0]);
  auto *update = static_cast<const Element *>(context.buffers[1]);
  auto *starts = static_cast<const Index *>(context.buffers[2]);
  auto *to = static_cast<Element *>(context.buffers[hasStarts ? 3 : 2]);
  int64_t total = outer * size * inner;
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t at = tile * tileElements, last = least(at + tileElements, total);
    while (at < last) {
      int64_t row = at / inner, column = at % inner, part = least(inner - column, last - at), place = row % size;
      int64_t start = hasStarts ? int64_t(starts[row / size / heads]) : 0, back;
      if (circular) {
        back = (place - start % size) % size;
        back += back < 0 ? size : 0;
      } else {
        back = start < 0 || start > size ? -1 : place - start;
      }
      copyElements(to + at,
                   back >= 0 && back < count ? update + (row / size * count + back) * inner + column : from + at, part);
      at += part;
    }
  }
}

} // namespace lathe
