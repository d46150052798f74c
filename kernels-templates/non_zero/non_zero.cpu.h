// y[axis, i] = the coordinate along `axis` of the i-th element of x, in row-major order, that is not 0.
//
// Buffers: x, dense, of Element; the count, not read; y (rank, count) of int64_t. params: count; the sizes of x (rank).
// Where x has fewer than count elements that are not 0, the rest of y is 0. Grid: 1, since where an element goes
// depends on all before it.
//
// Parameters: rank; type Element.
//
// Bound by reading x on one thread.
#include "common/cpu/indexing.h"

namespace lathe {

inline void non_zero(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  if (begin == end)
    return;
  int64_t count = context.params[0], found = 0;
  const int64_t *sizes = context.params + 1;
  auto *from = static_cast<const Element *>(context.buffers[0]);
  auto *to = static_cast<int64_t *>(context.buffers[2]);
  for (int64_t at = 0, total = elementsIn<rank>(sizes); at < total && found < count; ++at) {
    if (!(loadElement(from + at) != 0))
      continue;
    Position<rank> position(sizes, at);
    for (int axis = 0; axis < rank; ++axis)
      to[axis * count + found] = position.index[axis];
    ++found;
  }
  for (; found < count; ++found)
    for (int axis = 0; axis < rank; ++axis)
      to[axis * count + found] = 0;
}

} // namespace lathe
