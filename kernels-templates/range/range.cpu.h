// y[i] = start + i * delta.
//
// Buffers: start (1), delta (1) of Element; y (count), dense, of Element.
// params: count.
// Grid: ceil(count / 4096).
//
// Parameters: type Element (float, double or an integer).
//
// Bound by memory.
#include "common/cpu/indexing.h"

namespace lathe {

inline void range(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  Element start = *static_cast<const Element *>(context.buffers[0]),
          delta = *static_cast<const Element *>(context.buffers[1]);
  auto *to = static_cast<Element *>(context.buffers[2]);
  for (int64_t i = begin * tileElements, last = least(end * tileElements, context.params[0]); i < last; ++i)
    to[i] = Element(start + Element(i) * delta);
}

} // namespace lathe
