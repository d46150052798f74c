// y[c] = x[c with c[axis] replaced by indices[c]]; a negative index counts from the end; what is outside of x is 0.
//
// Buffers: x, dense; indices, dense, of Index; y, in the shape of the indices; x and y of elements of the size of
// Element. params: the sizes of y (rank); the sizes of x (rank). Grid: ceil(elements of y / 4096).
//
// Parameters: rank; axis; types Index, Element (an unsigned integer of the element's size).
//
// Bound by memory.
#include "common/cpu/indexing.h"

namespace lathe {

inline void gather_elements(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  const int64_t *sizes = context.params, *sizesOfX = sizes + rank;
  auto *from = static_cast<const Element *>(context.buffers[0]);
  auto *indices = static_cast<const Index *>(context.buffers[1]);
  auto *to = static_cast<Element *>(context.buffers[2]);
  int64_t strides[rank], stride = 1;
  for (int i = rank - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= sizesOfX[i];
  }
  int64_t size = sizesOfX[axis], along = strides[axis], total = elementsIn<rank>(sizes);
  strides[axis] = 0;
  int64_t inner = strides[rank - 1];
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t at = tile * tileElements, last = least(at + tileElements, total);
    Position<rank> position(sizes, at);
    while (at < last) {
      int64_t count = least(position.rest(), last - at),
              width = axis == rank - 1 ? count : sizesOfX[rank - 1] - position.index[rank - 1];
      bool inside = true;
      for (int i = 0; i + 1 < rank; ++i)
        inside &= i == axis || position.index[i] < sizesOfX[i];
      const Element *row = from + position.offset(strides);
      for (int64_t i = 0; i < count; ++i) {
        int64_t index = int64_t(indices[at + i]);
        index += index < 0 ? size : 0;
        to[at + i] = inside && i < width && index >= 0 && index < size ? row[i * inner + index * along] : Element(0);
      }
      at += count;
      position.advance(count);
    }
  }
}

} // namespace lathe
