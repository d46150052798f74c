// y = x0 | x1 | ... along an axis: row o of y is the rows o of the inputs, one after the other.
//
// Buffers: the inputs (outer, sizes[i]), dense; y (outer, sum of sizes), dense; elements of the size of Element. A size
// is the product of the joined axis and those after it. params: outer; the size of each input (count). Grid:
// ceil(elements of y / 4096).
//
// Parameters: count; type Element (an unsigned integer of the element's size).
//
// Bound by memory.
#include "common/cpu/indexing.h"

namespace lathe {

inline void concat(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  const int64_t *sizes = context.params + 1;
  auto *to = static_cast<Element *>(context.buffers[count]);
  int64_t row = 0;
  for (int64_t i = 0; i < count; ++i)
    row += sizes[i];
  int64_t total = context.params[0] * row;
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t at = tile * tileElements, last = least(at + tileElements, total);
    while (at < last) {
      int64_t outer = at / row, column = at % row, input = 0;
      while (column >= sizes[input])
        column -= sizes[input++];
      int64_t part = least(sizes[input] - column, last - at);
      copyElements(to + at, static_cast<const Element *>(context.buffers[input]) + outer * sizes[input] + column, part);
      at += part;
    }
  }
}

} // namespace lathe
