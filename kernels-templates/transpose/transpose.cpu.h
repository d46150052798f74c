// y[i_0, ..., i_r-1] = x[...], where axis a of y is axis permutation[a] of x.
//
// Buffers: x, dense; y, dense; elements of the size of Element.
// params: the sizes of y (rank).
// Grid: ceil(elements of y / 4096).
//
// Parameters: rank; permutation[]; type Element (an unsigned integer of the element's size).
//
// Bound by memory; where the last axis moves, rows of y are read with a stride, a cache line for each element.
#include "common/cpu/indexing.h"

namespace lathe {

inline void transpose(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  const int64_t *sizes = context.params;
  auto *from = static_cast<const Element *>(context.buffers[0]);
  auto *to = static_cast<Element *>(context.buffers[1]);
  int64_t sizesOfX[rank], stridesOfX[rank], strides[rank];
  for (int axis = 0; axis < rank; ++axis)
    sizesOfX[permutation[axis]] = sizes[axis];
  denseStrides<rank>(sizesOfX, stridesOfX);
  for (int axis = 0; axis < rank; ++axis)
    strides[axis] = stridesOfX[permutation[axis]];
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
          to[at + i] = row[i * inner];
      at += count;
      position.advance(count);
    }
  }
}

} // namespace lathe
