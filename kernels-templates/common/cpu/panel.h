// What the convolutions that gather share: a panel (products, 48 places) of values, multiplied with rows of weights
// into as many accumulators as the registers hold. A lane is a place, products come in order. Relies on elements.h.
#ifndef LATHE_COMMON_CPU_PANEL_H
#define LATHE_COMMON_CPU_PANEL_H

#include "common/cpu/elements.h"

namespace lathe {

inline constexpr int64_t panelPlaces = 48;
inline constexpr int panelRows = vectorRegisters == 32 ? 8 : 4, panelVectors = 3;
template <class Value> inline constexpr int panelLanes = nativeLanes * 4 / (sizeof(Value) == 8 ? 8 : 4);

// sums = weights by V vectors of the panel; element k of row r of the weights is weights[r * row + k * next].
template <int R, int V, class Value>
LATHE_INLINE void multiplyPanel(const Value *panel, const Value *weights, int64_t row, int64_t next, int64_t depth,
                                Lanes<Value, panelLanes<Value>> (&sums)[R][V]) {
  constexpr int lanes = panelLanes<Value>;
  using Vector = Lanes<Value, lanes>;
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v)
      sums[r][v] = Vector(Value(0));
#pragma clang loop unroll(disable) vectorize(disable)
  for (int64_t k = 0; k < depth; ++k) {
    Vector x[V];
    for (int v = 0; v < V; ++v)
      x[v] = loadLanes<Value, lanes>(panel + k * panelPlaces + v * lanes);
    for (int r = 0; r < R; ++r) {
      Vector factor = Vector(weights[r * row + k * next]);
      for (int v = 0; v < V; ++v)
        sums[r][v] = sums[r][v] + factor * x[v];
    }
  }
}

// Calls block(Integers<V>, at) for the vectors of places [at, ..) below `count`.
template <class Value, class Block> LATHE_INLINE void eachVectors(int64_t count, Block &&block) {
  constexpr int lanes = panelLanes<Value>;
  for (int64_t at = 0; at < count; at += panelVectors * lanes) {
    int64_t left = count - at;
    if (left > 2 * lanes)
      block(Integers<3>(), at);
    else if (left > lanes)
      block(Integers<2>(), at);
    else
      block(Integers<1>(), at);
  }
}

// Calls rows(Integers<R>, at) for the rows [begin, end), as many at once as there are accumulators.
template <class Rows> LATHE_INLINE void eachRows(int64_t begin, int64_t end, Rows &&rows) {
  int64_t at = begin;
  for (; at + panelRows <= end; at += panelRows)
    rows(Integers<panelRows>(), at);
  for (; at + 2 <= end; at += 2)
    rows(Integers<2>(), at);
  for (; at < end; ++at)
    rows(Integers<1>(), at);
}

// `count` values from elements `Apart` apart.
template <int64_t Apart, class Element, class Value>
LATHE_INLINE void copyValues(const Element *from, Value *to, int64_t count) {
  int64_t i = 0;
  if constexpr (Apart == 1) {
    auto copy = [&]<int N>(Integers<N>) {
      storeLanes<Value, N>(to + i, loadLanes<Element, N>(from + i));
      i += N;
    };
    while (i + 16 <= count)
      copy(Integers<16>());
    if (count & 8)
      copy(Integers<8>());
    if (count & 4)
      copy(Integers<4>());
  }
  for (; i < count; ++i)
    to[i] = Value(loadElement(from + i * Apart));
}

} // namespace lathe

#endif
