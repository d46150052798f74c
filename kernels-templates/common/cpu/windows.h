// The windows of convolution and pooling: where they begin, which elements of an axis they cover. Parameters of the
// launch: spatial (axes); kernel[], strides[], dilations[], begins[], ends[] (padding), by axis; autoPad (0: as begins
// say, 1: same_upper, 2: same_lower). Relies on indexing.h.
#ifndef LATHE_COMMON_CPU_WINDOWS_H
#define LATHE_COMMON_CPU_WINDOWS_H

#include "common/cpu/indexing.h"

namespace lathe {
namespace windows {
using namespace parameters;

constexpr int last = int(spatial) - 1;
constexpr int64_t extent(int axis) { return (kernel[axis] - 1) * dilations[axis] + 1; }
constexpr int64_t product(const int64_t *sizes, int count) {
  int64_t result = 1;
  for (int i = 0; i < count; ++i)
    result *= sizes[i];
  return result;
}
constexpr int64_t taps = product(kernel, spatial), outerTaps = product(kernel, last);

// Padding before the first element, for `count` windows over `size` elements.
LATHE_INLINE int64_t paddingBefore(int axis, int64_t size, int64_t count) {
  if constexpr (autoPad == 0)
    return begins[axis];
  int64_t total = greatest<int64_t>(0, (count - 1) * strides[axis] + extent(axis) - size);
  return autoPad == 1 ? total / 2 : total - total / 2;
}

// The axes of one launch. `sizes` of x, then of the result, as the params hold them.
struct Axes {
  int64_t sizes[spatial], out[spatial], before[spatial], plane = 1, places = 1, outerPlaces = 1;

  LATHE_INLINE explicit Axes(const int64_t *params) {
    for (int axis = 0; axis < spatial; ++axis) {
      sizes[axis] = params[axis];
      out[axis] = params[spatial + axis];
      before[axis] = paddingBefore(axis, sizes[axis], out[axis]);
      plane *= sizes[axis];
      places *= out[axis];
      if (axis < last)
        outerPlaces *= out[axis];
    }
  }

  // The element under tap k of window o along an axis; below 0 where there is none.
  LATHE_INLINE int64_t element(int axis, int64_t o, int64_t k) const {
    int64_t at = o * strides[axis] + k * dilations[axis] - before[axis];
    return at < sizes[axis] ? at : -1;
  }

  // The row of x (its index among all rows of the last axis) under tap `tap` of the outer axes in the window `place` of
  // them, or -1.
  LATHE_INLINE int64_t row(int64_t place, int64_t tap) const {
    int64_t index = 0, stride = 1;
    for (int axis = last - 1; axis >= 0; --axis) {
      int64_t at = element(axis, place % out[axis], tap % kernel[axis]);
      if (at < 0)
        return -1;
      index += at * stride;
      stride *= sizes[axis];
      place /= out[axis];
      tap /= kernel[axis];
    }
    return index;
  }
};

} // namespace windows
} // namespace lathe

#endif
