// The convolution of kernels-templates/convolution over one or two axes where a group has few channels and outputs: too
// little to gather for.
//
// Buffers and parameters as there. params: the spatial sizes of x, then of y. Grid: batch * outputs * ceil(rows of y /
// 8) * ceil(columns / 256), rows being 1 where there is one axis. threadScratch: 64 bytes, and the rows of x under 8
// rows of y, in values: ((8 - 1) stride + extent) (256 + ceil(extent / stride)) stride, by the strides and extents of
// rows and columns.
//
// The rows of x that a tile sees are copied with their padding, the columns of each residue modulo the stride together,
// so that a lane is a place and every tap a load at another offset; all taps are added in registers, in their order.
// Bound by the loads.
#include "common/cpu/windows.h"

namespace lathe {

namespace depthwise_convolution_parts {
using namespace windows;

using Value = Register<Element>;
constexpr int lanes = nativeLanes * 4 / (sizeof(Value) == 8 ? 8 : 4);
constexpr int64_t tileRows = 8, tileColumns = 256, totalOutputs = groups * outputs;
constexpr bool isPlane = spatial == 2;
constexpr int64_t rowStride = isPlane ? strides[0] : 1, rowDilation = isPlane ? dilations[0] : 1,
                  rowTaps = isPlane ? kernel[0] : 1;
constexpr int64_t rowExtent = (rowTaps - 1) * rowDilation + 1;
constexpr int64_t stride = strides[last], columnExtent = extent(last);
constexpr int64_t phaseColumns = tileColumns + ceilDiv(columnExtent, stride), rowValues = phaseColumns * stride;
constexpr int vectors = 4;
using Vector = Lanes<Value, lanes>;

// N elements a stride of 1 or 2 apart; of a stride of 2, the one behind the last must exist.
template <int N> LATHE_INLINE Lanes<Value, N> loadApart(const Element *from) {
  if constexpr (stride == 1) {
    return loadLanes<Element, N>(from);
  } else {
    auto both = loadLanes<Element, 2 * N>(from);
    return both.even;
  }
}

// Columns first, first + 1, .. of a row of `size` elements, zeros outside, for `count` places: column first + j goes to
// phase j % stride.
LATHE_INLINE void spread(const Element *row, int64_t size, int64_t first, int64_t count, Value *to) {
  // Lanes beyond the last place read on.
  int64_t length = roundUp(count, lanes) + ceilDiv(columnExtent, stride) - 1;
  for (int64_t phase = 0; phase < stride; ++phase) {
    int64_t at = first + phase, low = at < 0 ? least(length, ceilDiv(-at, stride)) : 0;
    int64_t high = at >= size ? low : greatest(low, least(length, ceilDiv(size - at, stride)));
    Value *columns = to + phase * phaseColumns;
    for (int64_t i = 0; i < low; ++i)
      columns[i] = Value(0);
    int64_t i = low;
    if constexpr (stride <= 2) {
      auto copy = [&]<int N>(Integers<N>) {
        storeLanes<Value, N>(columns + i, loadApart<N>(row + at + i * stride));
        i += N;
      };
      int64_t whole = high - (stride - 1);
      while (i + 16 <= whole)
        copy(Integers<16>());
      if (i + 8 <= whole)
        copy(Integers<8>());
      if (i + 4 <= whole)
        copy(Integers<4>());
    }
    for (; i < high; ++i)
      columns[i] = Value(loadElement(row + at + i * stride));
    for (; i < length; ++i)
      columns[i] = Value(0);
  }
}

// The taps of a row of x, added to V vectors of sums of R rows of y; each has its own row of weights.
template <int R, int V> LATHE_INLINE void addTaps(const Value *row, const Element *const *weights, Vector (*sums)[V]) {
  for (int64_t k = 0; k < kernel[last]; ++k) {
    const Value *from = row + k * dilations[last] % stride * phaseColumns + k * dilations[last] / stride;
    Vector x[V];
    for (int v = 0; v < V; ++v)
      x[v] = loadLanes<Value, lanes>(from + v * lanes);
    for (int r = 0; r < R; ++r) {
      Vector factor = Vector(Value(loadElement(weights[r] + k)));
      for (int v = 0; v < V; ++v)
        sums[r][v] = sums[r][v] + factor * x[v];
    }
  }
}

// V vectors of places of R rows of y, 1 or 2; two rows share what they read.
template <int R, int V>
LATHE_INLINE void places(const Value *rows, const Element *weight, Value offset, Element *to, int64_t width,
                         int64_t count) {
  Vector sums[R][V];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v)
      sums[r][v] = Vector(Value(0));
  for (int64_t c = 0; c < channels; ++c) {
    const Value *from = rows + c * ((tileRows - 1) * rowStride + rowExtent) * rowValues;
    // The weights of the row of y that lies `behind` rows of x below the first one.
    auto weightsAt = [&](int64_t i, int64_t behind) -> const Element * {
      int64_t at = i - behind;
      return at >= 0 && at < rowExtent && at % rowDilation == 0 ? weight + c * taps + at / rowDilation * kernel[last]
                                                                : nullptr;
    };
    for (int64_t i = 0; i < (R - 1) * rowStride + rowExtent; ++i) {
      const Element *weights[2] = {weightsAt(i, 0), weightsAt(i, rowStride)};
      const Value *row = from + i * rowValues;
      if (R == 2 && weights[0] && weights[1])
        addTaps<R, V>(row, weights, sums);
      else if (weights[0])
        addTaps<1, V>(row, weights, sums);
      else if (R == 2 && weights[1])
        addTaps<1, V>(row, weights + 1, sums + R - 1);
    }
  }
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) {
      Vector result = sums[r][v] + Vector(offset);
      int64_t left = count - v * lanes;
      if (left >= lanes)
        storeLanes<Element, lanes>(to + r * width + v * lanes, result);
      else
        storeLanesPart<Element, lanes>(to + r * width + v * lanes, result, left);
    }
}

template <int R>
LATHE_INLINE void rowsOf(const Value *rows, const Element *weight, Value offset, Element *to, int64_t width,
                         int64_t count) {
  int64_t i = 0;
  for (; i + (vectors - 1) * lanes < count; i += vectors * lanes)
    places<R, vectors>(rows + i, weight, offset, to + i, width, count - i);
  for (; i + lanes < count; i += 2 * lanes)
    places<R, 2>(rows + i, weight, offset, to + i, width, count - i);
  for (; i < count; i += lanes)
    places<R, 1>(rows + i, weight, offset, to + i, width, count - i);
}

} // namespace depthwise_convolution_parts

inline void depthwise_convolution(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace depthwise_convolution_parts;
  Axes axes(context.params);
  auto *weights = static_cast<const Element *>(context.buffers[1]);
  auto *offsets = static_cast<const Element *>(context.buffers[2]);
  auto *y = static_cast<Element *>(context.buffers[bias ? 3 : 2]);
  auto *rows = reinterpret_cast<Value *>(static_cast<char *>(context.threadScratch) + 64);
  int64_t height = isPlane ? axes.sizes[0] : 1, size = axes.sizes[last], width = axes.out[last];
  int64_t tilesAcross = ceilDiv(width, tileColumns), tiles = ceilDiv(axes.outerPlaces, tileRows) * tilesAcross;
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t output = tile / tiles, m = output % totalOutputs, image = output / totalOutputs * groups + m / outputs;
    auto *x = static_cast<const Element *>(context.buffers[0]) + image * channels * axes.plane;
    int64_t row = tile % tiles / tilesAcross * tileRows, column = tile % tilesAcross * tileColumns;
    int64_t rowsHere = least(tileRows, axes.outerPlaces - row), count = least(tileColumns, width - column);
    int64_t firstRow = row * rowStride - (isPlane ? axes.before[0] : 0),
            firstColumn = column * stride - axes.before[last];
    Value *to = rows;
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t r = 0; r < (rowsHere - 1) * rowStride + rowExtent; ++r) {
        bool exists = firstRow + r >= 0 && firstRow + r < height;
        spread(x + c * axes.plane + (exists ? (firstRow + r) * size : 0), exists ? size : 0, firstColumn, count,
               to + r * rowValues);
      }
      to += ((tileRows - 1) * rowStride + rowExtent) * rowValues;
    }
    const Element *weight = weights + m * channels * taps;
    Value offset = bias ? Value(loadElement(offsets + (bias ? m : 0))) : Value(0);
    Element *out = y + (output * axes.outerPlaces + row) * width + column;
    int64_t r = 0;
    for (; r + 2 <= rowsHere; r += 2)
      rowsOf<2>(rows + r * rowStride * rowValues, weight, offset, out + r * width, width, count);
    if (r < rowsHere)
      rowsOf<1>(rows + r * rowStride * rowValues, weight, offset, out + r * width, width, count);
  }
}

} // namespace lathe
