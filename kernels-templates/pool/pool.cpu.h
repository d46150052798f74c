// y[n, c, o] = the largest, the sum or the mean of the elements of x[n, c] in window o.
//
// Buffers: x (batch, channels, spatial..), y (batch, channels, out..), dense, of Element. params: the spatial sizes of
// x, then of y. Grid: batch * channels * ceil(rows of y / 8), a row being a run of the last axis.
//
// Parameters: those of common/cpu/windows.h; kind (0 max, 1 sum, 2 average, 3 average_padded); type Element. F16 and
// BF16 are summed in float.
//
// The taps of a row are combined one after the other, each with a run of places: a lane is a place. Bound by memory for
// small windows.
#include "common/cpu/windows.h"

namespace lathe {

namespace pool_parts {
using namespace windows;

using Value = Register<Element>;
constexpr int64_t tileRows = 8, chunk = 256;

constexpr Value lowest() {
  if constexpr (kind != 0 || isBoolean<Value>)
    return Value(0);
  else if constexpr (isFloating<Value>)
    return Value(-__builtin_inf());
  else if constexpr (isSigned<Value>)
    return Value(uint64_t(1) << (sizeof(Value) * 8 - 1));
  else
    return Value(0);
}

LATHE_INLINE void combine(Value &to, Value x) {
  if constexpr (kind == 0)
    to = x > to ? x : to;
  else
    to = Value(to + x);
}

// Taps of the window o along an axis that count for a mean.
LATHE_INLINE int64_t counted(const Axes &axes, int axis, int64_t o) {
  int64_t first = o * strides[axis] - axes.before[axis], step = dilations[axis];
  int64_t end = kind == 2 ? axes.sizes[axis] : autoPad == 0 ? axes.sizes[axis] + ends[axis] : first + extent(axis);
  int64_t low = kind == 2 && first < 0 ? ceilDiv(-first, step) : 0;
  int64_t high = end <= first ? 0 : ceilDiv(end - first, step);
  return greatest<int64_t>(0, least(high, kernel[axis]) - low);
}

} // namespace pool_parts

inline void pool(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace pool_parts;
  Axes axes(context.params);
  int64_t tiles = ceilDiv(axes.outerPlaces, tileRows), size = axes.sizes[last], width = axes.out[last];
  constexpr int64_t stride = strides[last];
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t image = tile / tiles, firstRow = tile % tiles * tileRows;
    auto *x = static_cast<const Element *>(context.buffers[0]) + image * axes.plane;
    auto *y = static_cast<Element *>(context.buffers[1]) + image * axes.places;
    for (int64_t row = firstRow; row < least(firstRow + tileRows, axes.outerPlaces); ++row)
      for (int64_t place = 0; place < width; place += chunk) {
        int64_t count = least(chunk, width - place);
        Value values[chunk];
        for (int64_t i = 0; i < count; ++i)
          values[i] = lowest();
        for (int64_t tap = 0; tap < outerTaps; ++tap) {
          int64_t from = axes.row(row, tap);
          if (from < 0)
            continue;
          for (int64_t k = 0; k < kernel[last]; ++k) {
            int64_t first = place * stride + k * dilations[last] - axes.before[last]; // of place `place`
            int64_t low = first < 0 ? least(count, ceilDiv(-first, stride)) : 0;
            int64_t high = first >= size ? 0 : least(count, ceilDiv(size - first, stride));
            const Element *column = x + from * size + first;
            for (int64_t i = low; i < high; ++i)
              combine(values[i], loadElement(column + i * stride));
          }
        }
        int64_t outer = 1, rest = row;
        if constexpr (kind >= 2)
          for (int axis = last - 1; axis >= 0; --axis) {
            outer *= counted(axes, axis, rest % axes.out[axis]);
            rest /= axes.out[axis];
          }
        for (int64_t i = 0; i < count; ++i) {
          if constexpr (kind >= 2) {
            int64_t all = outer * counted(axes, last, place + i);
            values[i] = all == 0 ? Value(0) : Value(values[i] / Value(all));
          }
          storeElement<Element>(y + row * width + place + i, values[i]);
        }
      }
  }
}

} // namespace lathe
