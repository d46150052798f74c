// y[n, c, o] = the index, among all elements of x, of the first largest one in window o of x[n, c]; -1 in an empty
// window.
//
// Buffers: x (batch, channels, spatial..), dense, of Element; y (batch, channels, out..) of int64. params: the spatial
// sizes of x, then of y. Grid: batch * channels * ceil(places / 256).
//
// Parameters: those of common/cpu/windows.h; columnMajor (the spatial axes count in the other order); type Element.
// Bound by memory.
#include "common/cpu/windows.h"

namespace lathe {

inline void pool_indices(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace windows;
  Axes axes(context.params);
  constexpr int64_t tilePlaces = 256;
  int64_t tiles = ceilDiv(axes.places, tilePlaces), size = axes.sizes[last];
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t image = tile / tiles, first = tile % tiles * tilePlaces;
    auto *x = static_cast<const Element *>(context.buffers[0]) + image * axes.plane;
    auto *y = static_cast<int64_t *>(context.buffers[1]) + image * axes.places;
    for (int64_t place = first; place < least(first + tilePlaces, axes.places); ++place) {
      int64_t best = -1;
      for (int64_t tap = 0; tap < outerTaps; ++tap) {
        int64_t row = axes.row(place / axes.out[last], tap);
        for (int64_t k = 0; row >= 0 && k < kernel[last]; ++k) {
          int64_t column = axes.element(last, place % axes.out[last], k), at = row * size + column;
          if (column >= 0 && (best < 0 || loadElement(x + at) > loadElement(x + best)))
            best = at;
        }
      }
      if (columnMajor && best >= 0) {
        int64_t other = 0, stride = axes.plane;
        for (int axis = last; axis >= 0; --axis) {
          stride /= axes.sizes[axis];
          other += best % axes.sizes[axis] * stride;
          best /= axes.sizes[axis];
        }
        best = other;
      }
      y[place] = best < 0 ? -1 : image * axes.plane + best;
    }
  }
}

} // namespace lathe
