// y = x, then for all tuples q, in order: the slice y[indices[q]] of `inner` elements is combined with updates[q]. A
// negative index counts from the end; a tuple that is out of range changes nothing.
//
// Buffers: x, dense, of Element; indices (tuples, depth) of Index; updates (tuples, inner) of Element; y, like x.
// params: elements of x, tuples, inner, the sizes of the first `depth` axes of x.
// Grid: 16.
//
// Parameters: depth; combine (scatter.h); types Index, Element (where elements are replaced, an unsigned integer of
// their size).
//
// Tiles are 16 equal parts of y; a run of them copies its part of x and takes what falls into it of every update, in
// order. Bound by memory; all tuples are read once in each run.
#include "common/cpu/scatter.h"

namespace lathe {

inline void scatter_nd(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  int64_t total = context.params[0], tuples = context.params[1], inner = context.params[2];
  const int64_t *sizes = context.params + 3;
  auto *from = static_cast<const Element *>(context.buffers[0]);
  auto *indices = static_cast<const Index *>(context.buffers[1]);
  auto *updates = static_cast<const Element *>(context.buffers[2]);
  auto *to = static_cast<Element *>(context.buffers[3]);
  int64_t part = ceilDiv(ceilDiv(total, int64_t(16)), int64_t(64)) * 64; // no cache line is written by two
  int64_t first = least(begin * part, total), last = least(end * part, total);
  if (first >= last)
    return;
  copyElements(to + first, from + first, last - first);
  for (int64_t q = 0; q < tuples; ++q) {
    int64_t place = 0;
    bool inside = true;
    for (int i = 0; i < depth; ++i) {
      int64_t index = int64_t(indices[q * depth + i]);
      index += index < 0 ? sizes[i] : 0;
      inside &= index >= 0 && index < sizes[i];
      place = place * sizes[i] + (inside ? index : 0);
    }
    if (!inside)
      continue;
    int64_t start = greatest(place * inner, first), stop = least((place + 1) * inner, last);
    const Element *update = updates + q * inner - place * inner;
    for (int64_t i = start; i < stop; ++i)
      combineElement<combine>(to + i, update + i);
  }
}

} // namespace lathe
