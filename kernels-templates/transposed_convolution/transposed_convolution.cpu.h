// y[n, m, i stride + k dilation - pad] += x[n, g C + c, i] weight[g C + c, m, k], from bias[m] on: llm.convolution,
// transposed.
//
// Buffers: x (batch, groups C, spatial..), weight (groups C, M, kernel..), bias (groups M) where there is one; y
// (batch, groups M, out..); dense, of Element. params: the spatial sizes of x, then of y. Grid: batch * groups * phases
// * ceil(places of a phase / 96) * ceil(M / 64), where a phase are the places of y with one residue modulo the strides,
// ceil(out / stride) along each axis at most. threadScratch: 64 bytes; 96 + 8 values for each of the C * taps products
// of the largest phase; 8 bytes for each tap.
//
// Parameters: those of common/cpu/windows.h (autoPad 0); groups, channels (C), outputs (M), bias; mostSeen (taps of a
// phase at most); type Element.
//
// The places of a phase see the same taps, and neighbours see neighbours: a tile gathers them as the plain convolution
// does (common/cpu/panel.h), with the rows of weights of these taps beside them. Products come in the order of channels
// and taps. Bound by the multiplications where there are some tens of outputs.
#include "common/cpu/panel.h"
#include "common/cpu/windows.h"

namespace lathe {

namespace transposed_convolution_parts {
using namespace windows;

using Value = Register<Element>;
constexpr int64_t tileOutputs = 64, tilePlaces = 2 * panelPlaces;

constexpr int64_t phasesOf() {
  int64_t all = 1;
  for (int axis = 0; axis < spatial; ++axis)
    all *= strides[axis];
  return all;
}
constexpr int64_t phases = phasesOf();

// The places of one phase: along an axis those at first, first + stride, .., and the tap k sees x at base[k] for the
// first one.
struct Phase {
  int64_t first[spatial], counts[spatial], residue[spatial], places = 1;

  LATHE_INLINE Phase(const Axes &axes, int64_t phase) {
    for (int axis = last; axis >= 0; --axis) {
      residue[axis] = phase % strides[axis];
      phase /= strides[axis];
      int64_t at = (residue[axis] - begins[axis]) % strides[axis];
      first[axis] = at < 0 ? at + strides[axis] : at;
      counts[axis] = first[axis] < axes.out[axis] ? ceilDiv(axes.out[axis] - first[axis], strides[axis]) : 0;
      places *= counts[axis];
    }
  }
  // Whether places of this phase see a tap.
  LATHE_INLINE bool sees(int64_t tap) const {
    for (int axis = last; axis >= 0; --axis) {
      if (tap % kernel[axis] * dilations[axis] % strides[axis] != residue[axis])
        return false;
      tap /= kernel[axis];
    }
    return true;
  }
  // The element of x that place j of the phase sees by tap k along an axis.
  LATHE_INLINE int64_t element(int axis, int64_t j, int64_t k) const {
    return (first[axis] + begins[axis] - k * dilations[axis]) / strides[axis] + j; // without a remainder
  }
};

// What `count` places from `place` on see of a plane by a tap.
LATHE_INLINE void gather(const Axes &axes, const Phase &phase, const Element *plane, int64_t tap, int64_t place,
                         int64_t count, Value *to) {
  for (int64_t i = 0; i < count;) {
    int64_t rest = (place + i) / phase.counts[last], taps = tap / kernel[last], row = 0, stride = 1;
    for (int axis = last - 1; axis >= 0; --axis) {
      int64_t at = phase.element(axis, rest % phase.counts[axis], taps % kernel[axis]);
      row = row < 0 || at < 0 || at >= axes.sizes[axis] ? -1 : row + at * stride;
      stride *= axes.sizes[axis];
      rest /= phase.counts[axis];
      taps /= kernel[axis];
    }
    int64_t j = (place + i) % phase.counts[last], part = least(count - i, phase.counts[last] - j);
    int64_t at = phase.element(last, j, tap % kernel[last]), size = axes.sizes[last];
    int64_t low = at < 0 ? least(part, -at) : 0,
            high = row < 0 || at >= size ? low : greatest(low, least(part, size - at));
    for (int64_t k = 0; k < low; ++k)
      to[i + k] = Value(0);
    copyValues<1>(plane + row * size + at + low, to + i + low, high - low);
    for (int64_t k = high; k < part; ++k)
      to[i + k] = Value(0);
    i += part;
  }
}

template <int R, int V>
LATHE_INLINE void block(const Value *panel, const Value *weight, int64_t depth, const Element *offsets,
                        Element *const *to, int64_t plane, int64_t apart, int64_t count) {
  constexpr int lanes = panelLanes<Value>;
  Lanes<Value, lanes> sums[R][V];
  multiplyPanel<R, V>(panel, weight, 1, R, depth, sums);
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) {
      auto sum = sums[r][v];
      if constexpr (bias)
        sum = sum + Lanes<Value, lanes>(Value(loadElement(offsets + r)));
      for (int64_t i = 0; i < least<int64_t>(lanes, count - v * lanes); ++i)
        storeElement<Element>(to[v * lanes + i] + plane + r * apart, Register<Element>(sum[i]));
    }
}

} // namespace transposed_convolution_parts

inline void transposed_convolution(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace transposed_convolution_parts;
  Axes axes(context.params);
  auto *x = static_cast<const Element *>(context.buffers[0]);
  auto *weights = static_cast<const Element *>(context.buffers[1]);
  auto *offsets = static_cast<const Element *>(context.buffers[2]);
  auto *y = static_cast<Element *>(context.buffers[bias ? 3 : 2]);
  // Two panels of 48 places, then rows of weights (products, rows).
  auto *panels = reinterpret_cast<Value *>(static_cast<char *>(context.threadScratch) + 64);
  constexpr int64_t panelValues = channels * mostSeen * panelPlaces;
  Value *rows = panels + 2 * panelValues;
  auto *seen = reinterpret_cast<int64_t *>(rows + panelRows * channels * mostSeen);
  int64_t most = 1;
  for (int axis = 0; axis < spatial; ++axis)
    most *= ceilDiv(axes.out[axis], strides[axis]);
  int64_t tilesOfPlaces = ceilDiv(most, tilePlaces), tilesOfOutputs = ceilDiv(outputs, tileOutputs), prepared = -1;
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t output = tile % tilesOfOutputs * tileOutputs, rest = tile / tilesOfOutputs,
            image = rest / tilesOfPlaces / phases;
    Phase phase(axes, rest / tilesOfPlaces % phases);
    int64_t place = rest % tilesOfPlaces * tilePlaces, count = least(tilePlaces, phase.places - place);
    if (count <= 0)
      continue;
    int64_t tapCount = 0; // at most mostSeen
    for (int64_t tap = 0; tap < taps; ++tap)
      if (phase.sees(tap))
        seen[tapCount++] = tap;
    int64_t depth = channels * tapCount;
    if (prepared != rest)
      for (int64_t half = 0; half * panelPlaces < count; ++half)
        for (int64_t c = 0; c < channels; ++c)
          for (int64_t t = 0; t < tapCount; ++t)
            gather(axes, phase, x + (image * channels + c) * axes.plane, seen[t], place + half * panelPlaces,
                   least(panelPlaces, count - half * panelPlaces),
                   panels + half * panelValues + (c * tapCount + t) * panelPlaces);
    prepared = rest;
    Element *to[tilePlaces];
    Position<spatial> position(phase.counts, place);
    for (int64_t i = 0; i < count; ++i, position.advance(1)) {
      int64_t at = 0;
      for (int axis = 0; axis < spatial; ++axis)
        at = at * axes.out[axis] + phase.first[axis] + position.index[axis] * strides[axis];
      to[i] = y + (image * outputs + output) * axes.places + at;
    }
    int64_t group = image % groups;
    eachRows(0, least(tileOutputs, outputs - output),
             [&]<int R>(Integers<R>, int64_t m) __attribute__((always_inline)) {
               for (int64_t c = 0; c < channels; ++c) {
                 const Element *from = weights + ((group * channels + c) * outputs + output + m) * taps;
                 for (int64_t t = 0; t < tapCount; ++t)
                   for (int r = 0; r < R; ++r)
                     rows[(c * tapCount + t) * R + r] = Value(loadElement(from + r * taps + seen[t]));
               }
               for (int64_t half = 0; half < count; half += panelPlaces)
                 eachVectors<Value>(least(panelPlaces, count - half),
                                    [&]<int V>(Integers<V>, int64_t at) __attribute__((always_inline)) {
                                      block<R, V>(panels + half / panelPlaces * panelValues + at, rows, depth,
                                                  offsets + (bias ? group * outputs + output + m : 0), to + half + at,
                                                  m * axes.places, axes.places, count - half - at);
                                    });
             });
  }
}

} // namespace lathe
