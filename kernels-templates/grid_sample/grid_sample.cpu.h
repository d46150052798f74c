// y[n, c, o] = x[n, c] interpolated at places[n, o]; see llm.grid_sample.
//
// Buffers: x (batch, channels, spatial..) and y (batch, channels, count) of Element, places (batch, count, spatial) of
// Place, dense. params: batch, channels, count, the spatial sizes. Grid: batch * ceil(count / 64).
//
// Parameters: spatial; mode (0 nearest, 1 linear, 2 cubic); padding (0 zeros, 1 border, 2 reflection); alignCorners;
// types Element, Place.
//
// A tile walks its places; the neighbours and weights of one are computed once for all channels. Bound by memory.
#include "common/cpu/interpolate.h"

namespace lathe {

namespace grid_sample_parts {
using namespace parameters;

constexpr int64_t tilePlaces = 64;
constexpr int reach = mode == 0 ? 1 : mode == 1 ? 2 : 4; // neighbours along an axis
constexpr int neighbours(int axes) { return axes == 0 ? 1 : reach * neighbours(axes - 1); }

LATHE_INLINE double reflected(double x, double low, double high) {
  if (x >= low && x <= high)
    return x;
  double range = high - low;
  if (!(range > 0))
    return low;
  double away = x < low ? low - x : x - high, rest = away - trunc(away / (2 * range)) * (2 * range);
  double back = rest > range ? 2 * range - rest : rest;
  return x < low ? low + back : high - back;
}

struct Taps {
  int64_t place[neighbours(spatial)];
  double weight[neighbours(spatial)];
  int count = 1;
};

LATHE_INLINE void addAxis(Taps &taps, double at, int64_t n) {
  double size = double(n), low = alignCorners ? 0 : -0.5, high = alignCorners ? size - 1 : size - 0.5;
  if (!(abs(at) < 1e15))
    at = -1e9;
  if constexpr (mode == 0)
    at = round(at);
  if (mode != 2 && (at < low || at > high)) {
    if constexpr (padding == 1)
      at = at < 0 ? 0 : at > size - 1 ? size - 1 : at;
    if constexpr (padding == 2)
      at = reflected(at, low, high);
  }
  int64_t base = int64_t(floor(at)) - (mode == 2), places[reach];
  double weights[reach];
  int inside = 0;
  for (int k = 0; k < reach; ++k) {
    int64_t i = base + k;
    double distance = at - double(i);
    if (i < 0 || i >= n) {
      if constexpr (padding == 0)
        continue;
      i = padding == 1 ? i : int64_t(reflected(double(i), low, high));
    }
    places[inside] = clamped(i, n);
    weights[inside++] = mode == 0 ? 1 : mode == 1 ? linearWeight(distance) : cubicWeight(distance, -0.75);
  }
  // From the end, so that what is multiplied out stands where it was.
  for (int t = taps.count - 1; t >= 0; --t) {
    int64_t place = taps.place[t];
    double weight = taps.weight[t];
    for (int k = 0; k < inside; ++k) {
      taps.place[t * inside + k] = place * n + places[k];
      taps.weight[t * inside + k] = weight * weights[k];
    }
  }
  taps.count *= inside;
}

} // namespace grid_sample_parts

inline void grid_sample(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace grid_sample_parts;
  int64_t channels = context.params[1], count = context.params[2], plane = 1, tiles = ceilDiv(count, tilePlaces);
  const int64_t *sizes = context.params + 3;
  for (int axis = 0; axis < spatial; ++axis)
    plane *= sizes[axis];
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t image = tile / tiles, first = tile % tiles * tilePlaces;
    auto *x = static_cast<const Element *>(context.buffers[0]) + image * channels * plane;
    auto *places = static_cast<const Place *>(context.buffers[1]) + image * count * spatial;
    auto *y = static_cast<Element *>(context.buffers[2]) + image * channels * count;
    for (int64_t o = first; o < least(first + tilePlaces, count); ++o) {
      Taps taps;
      taps.place[0] = 0;
      taps.weight[0] = 1;
      taps.count = plane > 0;
      for (int axis = 0; axis < spatial; ++axis)
        addAxis(taps, double(loadElement(places + o * spatial + axis)), sizes[axis]);
      for (int64_t c = 0; c < channels; ++c) {
        Mixture<Element> sum = 0;
        for (int t = 0; t < taps.count; ++t)
          sum = sum + Mixture<Element>(taps.weight[t]) * Mixture<Element>(loadElement(x + c * plane + taps.place[t]));
        storeElement<Element>(y + c * count + o, Register<Element>(sum));
      }
    }
  }
}

} // namespace lathe
