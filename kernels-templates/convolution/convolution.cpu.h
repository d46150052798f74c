// y[n, m, o] = bias[m] + sum over c, k of x[n, g C + c, o stride + k dilation - pad] weight[m, c, k]; x is 0 outside.
//
// Buffers: x (batch, groups C, spatial..), weight (groups M, C, kernel..), bias (groups M) where there is one; y
// (batch, groups M, out..); dense, of Element. params: the spatial sizes of x, then of y. Grid: batch * groups *
// ceil(places of y / 48) * ceil(M / 64). threadScratch: 64 bytes, 48 values for each of the C * taps products of a sum,
// 48 times 16 bytes for each tap, and 8 rows of weights.
//
// Parameters: those of common/cpu/windows.h; groups, channels (C), outputs (M), bias; type Element.
//
// A tile gathers what the windows of 48 places see into a panel, once for all outputs of the places
// (common/cpu/panel.h; lanes beyond the last place compute on what the panel held before, and are not stored). The sum
// of an element depends on nothing but its products. Bound by the multiplications where there are some tens of outputs.
#include "common/cpu/panel.h"
#include "common/cpu/windows.h"

namespace lathe {

namespace convolution_parts {
using namespace windows;

using Value = Register<Element>;
constexpr int64_t tileOutputs = 64, depth = channels * taps;

// What the scratch holds of which tile.
struct Prepared {
  uint64_t serial;
  int64_t tile;
};

// What a tap sees from a run of the tile's places in one row: `count` elements from `from` of a plane on, for places
// from `to` on; the other places of the run, [begin, to) and [to + count, end), see zeros.
struct Run {
  int64_t from;
  int16_t begin, to, count, end;
};

// The runs of each tap; the same number for all.
struct Runs {
  Run *all; // (taps, 48)
  int64_t count = 0;

  LATHE_INLINE void fill(const Axes &axes, int64_t first, int64_t places) {
    constexpr int64_t stride = strides[last];
    count = 0;
    for (int64_t i = 0; i < places; ++count) {
      int64_t column = (first + i) % axes.out[last], row = (first + i) / axes.out[last];
      int64_t part = least(places - i, axes.out[last] - column);
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t from = axes.row(row, tap / kernel[last]),
                at = column * stride + tap % kernel[last] * dilations[last] - axes.before[last];
        int64_t low = least(part, at < 0 ? ceilDiv(-at, stride) : 0);
        int64_t high = from < 0 || at >= axes.sizes[last]
                           ? low
                           : greatest(low, least(part, ceilDiv(axes.sizes[last] - at, stride)));
        all[tap * panelPlaces + count] = {from * axes.sizes[last] + at + low * stride, int16_t(i), int16_t(i + low),
                                          int16_t(high - low), int16_t(i + part)};
      }
      i += part;
    }
  }

  LATHE_INLINE void gather(const Element *plane, int64_t tap, Value *to) const {
    for (int64_t i = 0; i < count; ++i) {
      const Run &run = all[tap * panelPlaces + i];
      for (int64_t at = run.begin; at < run.to; ++at)
        to[at] = Value(0);
      copyValues<strides[last]>(plane + run.from, to + run.to, run.count);
      for (int64_t at = run.to + run.count; at < run.end; ++at)
        to[at] = Value(0);
    }
  }
};

// `count` rows of weights as values.
template <class T> LATHE_INLINE const Value *valuesOf(const T *weight, int64_t count, Value *scratch) {
  if constexpr (isSame<T, Value>)
    return weight;
  copyValues<1>(weight, scratch, count * depth);
  return scratch;
}

template <int R, int V>
LATHE_INLINE void block(const Value *panel, const Value *weight, const Element *offsets, Element *to, int64_t places,
                        int64_t count) {
  constexpr int lanes = panelLanes<Value>;
  Lanes<Value, lanes> sums[R][V];
  multiplyPanel<R, V>(panel, weight, depth, 1, depth, sums);
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) {
      auto sum = sums[r][v];
      if constexpr (bias)
        sum = sum + Lanes<Value, lanes>(Value(loadElement(offsets + r)));
      int64_t left = count - v * lanes;
      if (left >= lanes)
        storeLanes<Element, lanes>(to + r * places + v * lanes, sum);
      else
        storeLanesPart<Element, lanes>(to + r * places + v * lanes, sum, left);
    }
}

} // namespace convolution_parts

inline void convolution(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace convolution_parts;
  Axes axes(context.params);
  auto *x = static_cast<const Element *>(context.buffers[0]);
  auto *weights = static_cast<const Element *>(context.buffers[1]);
  auto *offsets = static_cast<const Element *>(context.buffers[2]);
  auto *y = static_cast<Element *>(context.buffers[bias ? 3 : 2]);
  auto *prepared = static_cast<Prepared *>(context.threadScratch);
  auto *panel = reinterpret_cast<Value *>(static_cast<char *>(context.threadScratch) + 64);
  Runs runs{reinterpret_cast<Run *>(panel + depth * panelPlaces)};
  auto *rows = reinterpret_cast<Value *>(runs.all + taps * panelPlaces);
  int64_t tilesOfPlaces = ceilDiv(axes.places, panelPlaces), tilesOfOutputs = ceilDiv(outputs, tileOutputs);
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t output = tile % tilesOfOutputs * tileOutputs, rest = tile / tilesOfOutputs, image = rest / tilesOfPlaces;
    int64_t place = rest % tilesOfPlaces * panelPlaces, count = least(panelPlaces, axes.places - place);
    if (prepared->serial != context.launchSerial || prepared->tile != rest) {
      runs.fill(axes, place, count);
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t tap = 0; tap < taps; ++tap)
          runs.gather(x + (image * channels + c) * axes.plane, tap, panel + (c * taps + tap) * panelPlaces);
      *prepared = {context.launchSerial, rest};
    }
    int64_t first = image % groups * outputs;
    eachRows(output, least(output + tileOutputs, outputs),
             [&]<int R>(Integers<R>, int64_t m) __attribute__((always_inline)) {
               const Value *weight = valuesOf(weights + (first + m) * depth, R, rows);
               eachVectors<Value>(count, [&]<int V>(Integers<V>, int64_t at) __attribute__((always_inline)) {
                 block<R, V>(panel + at, weight, offsets + (bias ? first + m : 0),
                             y + (image * outputs + m) * axes.places + place + at, axes.places, count - at);
               });
             });
  }
}

} // namespace lathe
