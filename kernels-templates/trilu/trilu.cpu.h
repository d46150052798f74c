// y[b, r, c] = x[b, r, c] where c - r >= diagonal (upper) or c - r <= diagonal (lower), else 0.
//
// Buffers: x (batch, rows, columns), dense; y, the same; elements of the size of Element.
// params: batch * rows, rows, columns.
// Grid: batch * rows.
//
// Parameters: upper; diagonal; type Element (an unsigned integer of the element's size).
//
// Bound by memory.
#include "common/cpu/elements.h"

namespace lathe {

inline void trilu(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  int64_t rows = context.params[1], columns = context.params[2];
  for (int64_t tile = begin; tile < end; ++tile) {
    auto *from = static_cast<const Element *>(context.buffers[0]) + tile * columns;
    auto *to = static_cast<Element *>(context.buffers[1]) + tile * columns;
    int64_t border = tile % rows + diagonal;
    for (int64_t c = 0; c < columns; ++c)
      to[c] = (upper ? c >= border : c <= border) ? from[c] : Element(0);
  }
}

} // namespace lathe
