// y[i_0, ...] = x[i_0 or 0, ...]: 0 along the axes where x has the size 1.
//
// Buffers: x, dense; y, dense; elements of the size of Element. params: the sizes of y (rank), then those of x (rank),
// each 1 or that of y. Grid: ceil(elements of y / 4096).
//
// Parameters: rank; type Element (an unsigned integer of the element's size).
//
// Bound by memory.
#include "common/cpu/indexing.h"

namespace lathe {

inline void broadcast_to(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  const int64_t *sizes = context.params, *sizesOfX = sizes + rank;
  auto *from = static_cast<const Element *>(context.buffers[0]);
  auto *to = static_cast<Element *>(context.buffers[1]);
  int64_t strides[rank];
  denseStrides<rank>(sizesOfX, strides);
  int64_t total = elementsIn<rank>(sizes), inner = strides[rank - 1];
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t at = tile * tileElements, last = least(at + tileElements, total);
    Position<rank> position(sizes, at);
    while (at < last) {
      int64_t count = least(position.rest(), last - at);
      const Element *row = from + position.offset(strides);
      if (inner == 1)
        copyElements(to + at, row, count);
      else
        for (int64_t i = 0; i < count; ++i)
          to[at + i] = *row;
      at += count;
      position.advance(count);
    }
  }
}

} // namespace lathe
