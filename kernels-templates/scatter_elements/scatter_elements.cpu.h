// y = x, then for all coordinates c of the indices, in order: y[c with c[axis] replaced by indices[c]] is combined with
// updates[c]. A negative index counts from the end; one that is out of range changes nothing.
//
// Buffers: x, dense, of Element; indices, dense, of Index; updates, in the shape of the indices; y, like x.
// params: the sizes of x (rank); the sizes of the indices (rank).
// Grid: outer * ceil(inner / 64), with the axes of x before and after `axis` as outer and inner.
//
// Parameters: rank; axis; combine (scatter.h); types Index, Element (where elements are replaced, an unsigned
// integer of their size).
//
// A tile is 64 columns of x along `axis`: no other one writes there, and a column takes its updates in order. Bound by
// memory.
#include "common/cpu/scatter.h"

namespace lathe {

inline void scatter_elements(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  constexpr int64_t tileColumns = 64;
  const int64_t *sizes = context.params, *counts = sizes + rank;
  auto *from = static_cast<const Element *>(context.buffers[0]);
  auto *indices = static_cast<const Index *>(context.buffers[1]);
  auto *updates = static_cast<const Element *>(context.buffers[2]);
  auto *to = static_cast<Element *>(context.buffers[3]);
  int64_t size = sizes[axis], count = counts[axis], inner = 1, innerOfIndices = 1;
  for (int i = axis + 1; i < rank; ++i) {
    inner *= sizes[i];
    innerOfIndices *= counts[i];
  }
  int64_t blocks = ceilDiv(inner, tileColumns);
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t outer = tile / blocks, first = tile % blocks * tileColumns, columns = least(tileColumns, inner - first);
    const Element *source = from + outer * size * inner + first;
    Element *target = to + outer * size * inner + first;
    for (int64_t a = 0; a < size; ++a)
      copyElements(target + a * inner, source + a * inner, columns);
    // The row of the indices that is for this one of x, if there is one.
    int64_t row = 0, step = 1;
    bool inside = count > 0;
    for (int i = axis - 1; i >= 0; --i) {
      int64_t at = outer % sizes[i];
      outer /= sizes[i];
      inside &= at < counts[i];
      row += at * step;
      step *= counts[i];
    }
    if (!inside)
      continue;
    // The column of the indices for each of these columns, or -1.
    int64_t places[tileColumns];
    for (int64_t c = 0; c < columns; ++c) {
      int64_t rest = first + c, place = 0, stride = 1;
      for (int i = rank - 1; i > axis; --i) {
        int64_t at = rest % sizes[i];
        rest /= sizes[i];
        place = at < counts[i] && place >= 0 ? place + at * stride : -1;
        stride *= counts[i];
      }
      places[c] = place;
    }
    for (int64_t j = 0; j < count; ++j) {
      int64_t line = (row * count + j) * innerOfIndices;
      for (int64_t c = 0; c < columns; ++c) {
        if (places[c] < 0)
          continue;
        int64_t index = int64_t(indices[line + places[c]]);
        index += index < 0 ? size : 0;
        if (index >= 0 && index < size)
          combineElement<combine>(target + index * inner + c, updates + line + places[c]);
      }
    }
  }
}

} // namespace lathe
