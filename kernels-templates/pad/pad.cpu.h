// y[i_0, ...] = x[i_0 - before_0, ...] where that is in x, else what `mode` says: a value, the nearest element, x
// mirrored at its first and last element, or x repeated. Negative pads take elements off x first.
//
// Buffers: x, dense; value (1), where mode is 0; y, dense; elements of the size of Element.
// params: the sizes of y (rank); the sizes of x (rank); the pads before (rank) and after (rank) the axes.
// Grid: ceil(elements of y / 4096).
//
// Parameters: rank; mode (0 constant, 1 edge, 2 reflect, 3 wrap); type Element (an unsigned integer of the element's
// size).
//
// Bound by memory.
#include "common/cpu/indexing.h"

namespace lathe {

namespace pad_parts {
using namespace parameters;

// The place in an axis of `size` that shows at `at`, or -1.
LATHE_INLINE int64_t placeOf(int64_t at, int64_t size) {
  if (at >= 0 && at < size)
    return at;
  if (mode == 0 || size <= 0)
    return -1;
  if constexpr (mode == 1)
    return at < 0 ? 0 : size - 1;
  int64_t period = mode == 2 ? 2 * size - 2 : size;
  if (period == 0)
    return 0;
  int64_t place = at % period;
  place += place < 0 ? period : 0;
  return place < size ? place : period - place;
}

} // namespace pad_parts

inline void pad(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace pad_parts;
  const int64_t *sizes = context.params, *sizesOfX = sizes + rank, *before = sizesOfX + rank, *after = before + rank;
  auto *from = static_cast<const Element *>(context.buffers[0]);
  Element value = mode == 0 ? *static_cast<const Element *>(context.buffers[1]) : Element(0);
  auto *to = static_cast<Element *>(context.buffers[mode == 0 ? 2 : 1]);
  int64_t strides[rank], kept[rank], added[rank], stride = 1;
  for (int axis = rank - 1; axis >= 0; --axis) {
    int64_t removed = greatest<int64_t>(0, -before[axis]);
    added[axis] = greatest<int64_t>(0, before[axis]);
    kept[axis] = sizesOfX[axis] - removed - greatest<int64_t>(0, -after[axis]);
    strides[axis] = stride;
    from += removed * stride;
    stride *= sizesOfX[axis];
  }
  constexpr int lastAxis = rank - 1;
  int64_t total = elementsIn<rank>(sizes);
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t at = tile * tileElements, last = least(at + tileElements, total);
    Position<rank> position(sizes, at);
    while (at < last) {
      int64_t count = least(position.rest(), last - at), offset = 0;
      bool inside = true;
      for (int axis = 0; axis < lastAxis; ++axis) {
        int64_t place = placeOf(position.index[axis] - added[axis], kept[axis]);
        inside &= place >= 0;
        offset += place * strides[axis];
      }
      int64_t column = position.index[lastAxis] - added[lastAxis], i = 0;
      auto fill = [&](int64_t stop) {
        for (; i < stop; ++i) {
          int64_t place = inside ? placeOf(column + i, kept[lastAxis]) : -1;
          to[at + i] = place >= 0 ? from[offset + place] : value;
        }
      };
      fill(least(count, greatest<int64_t>(0, -column)));
      int64_t middle = least(count - i, kept[lastAxis] - column - i);
      if (inside && middle > 0) {
        copyElements(to + at + i, from + offset + column + i, middle);
        i += middle;
      }
      fill(count);
      at += count;
      position.advance(count);
    }
  }
}

} // namespace lathe
