// values[o, :, i], indices[o, :, i] = the k best elements of x[o, :, i] and their places, best first, of equal ones the
// first.
//
// Buffers: x (outer, size, inner), dense, of Element; values (outer, k, inner) of Element; indices (outer, k, inner) of
// int64_t. params: outer, size, inner, k. Grid: outer * inner.
//
// Parameters: smallest; type Element.
//
// A heap of the k best so far, the worst of them on top, in the outputs themselves; then it is sorted in place. Bound
// by memory for small k, else by size * log k comparisons. Places beyond the size of x are filled with 0.
#include "common/cpu/ranking.h"

namespace lathe {

namespace top_k_parts {
using namespace parameters;

// The entries of one line of the outputs.
struct Heap {
  Element *values;
  int64_t *indices;
  int64_t stride;

  LATHE_INLINE Register<Element> value(int64_t i) const { return loadElement(values + i * stride); }
  // Whether (value, index) is better than entry i.
  LATHE_INLINE bool beats(Register<Element> x, int64_t index, int64_t i) const {
    Register<Element> y = value(i);
    return isBefore<smallest>(x, y) || (!isBefore<smallest>(y, x) && index < indices[i * stride]);
  }
  LATHE_INLINE void put(int64_t i, Element raw, int64_t index) const {
    values[i * stride] = raw;
    indices[i * stride] = index;
  }
  // Puts an entry at i or below, so that no entry is better than those under it.
  LATHE_INLINE void sink(int64_t i, int64_t count, Element raw, int64_t index) const {
    Register<Element> x = loadElement(&raw);
    for (;;) {
      int64_t child = 2 * i + 1;
      if (child >= count)
        break;
      if (child + 1 < count && beats(value(child), indices[child * stride], child + 1))
        ++child;
      if (!beats(x, index, child))
        break;
      put(i, values[child * stride], indices[child * stride]);
      i = child;
    }
    put(i, raw, index);
  }
};

} // namespace top_k_parts

inline void top_k(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace top_k_parts;
  int64_t size = context.params[1], inner = context.params[2], k = context.params[3], count = least(k, size);
  for (int64_t line = begin; line < end; ++line) {
    auto *from = static_cast<const Element *>(context.buffers[0]) + line / inner * size * inner + line % inner;
    int64_t offset = line / inner * k * inner + line % inner;
    Heap heap = {static_cast<Element *>(context.buffers[1]) + offset,
                 static_cast<int64_t *>(context.buffers[2]) + offset, inner};
    for (int64_t i = 0; i < count; ++i)
      heap.put(i, from[i * inner], i);
    for (int64_t i = count / 2; i-- > 0;)
      heap.sink(i, count, heap.values[i * inner], heap.indices[i * inner]);
    for (int64_t i = count; count > 0 && i < size; ++i)
      if (heap.beats(loadElement(from + i * inner), i, 0))
        heap.sink(0, count, from[i * inner], i);
    for (int64_t rest = count; rest-- > 1;) {
      Element raw = heap.values[rest * inner];
      int64_t index = heap.indices[rest * inner];
      heap.put(rest, heap.values[0], heap.indices[0]);
      heap.sink(0, rest, raw, index);
    }
    for (int64_t i = count; i < k; ++i)
      heap.put(i, Element{}, 0);
  }
}

} // namespace lathe
