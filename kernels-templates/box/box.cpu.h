// y[i_0, ...] = x[start_0 + steps[0] i_0, ...]: a strided box; elements that would lie outside of x are 0.
//
// Buffers: x, dense; y, dense; elements of the size of Element. params: the sizes of y (rank); the sizes of x (rank);
// the starts (rank). Grid: ceil(elements of y / 4096).
//
// Parameters: rank; steps[] (not 0, maybe negative); type Element (an unsigned integer of the element's size).
//
// Bound by memory.
#include "common/cpu/indexing.h"

namespace lathe {

inline void box(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  const int64_t *sizes = context.params, *sizesOfX = sizes + rank, *starts = sizesOfX + rank;
  auto *from = static_cast<const Element *>(context.buffers[0]);
  auto *to = static_cast<Element *>(context.buffers[1]);
  int64_t strides[rank], stride = 1;
  bool inside = true;
  for (int axis = rank - 1; axis >= 0; --axis) {
    int64_t last = starts[axis] + (sizes[axis] - 1) * steps[axis];
    inside = inside && starts[axis] >= 0 && starts[axis] < sizesOfX[axis] && last >= 0 && last < sizesOfX[axis];
    from += inside ? starts[axis] * stride : 0;
    strides[axis] = steps[axis] * stride;
    stride *= sizesOfX[axis];
  }
  int64_t total = elementsIn<rank>(sizes), inner = strides[rank - 1];
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t at = tile * tileElements, last = least(at + tileElements, total);
    Position<rank> position(sizes, at);
    while (at < last) {
      int64_t count = least(position.rest(), last - at);
      if (!inside) {
        for (int64_t i = 0; i < count; ++i)
          to[at + i] = Element(0);
      } else {
        const Element *row = from + position.offset(strides);
        for (int64_t i = 0; i < count; ++i)
          to[at + i] = row[i * inner];
      }
      at += count;
      position.advance(count);
    }
  }
}

} // namespace lathe
