// c[b, m, n] = sum over k of a[b, m, k] * b[b, k, n], for matrices that are values; leading axes broadcast.
//
// Buffers: a (batch of a, M, K), b (batch of b, K, N), c (batch, M, N), dense, of Element.
// params: M, N, K; the sizes of c's leading axes (rank), of a's and of b's (1 where they broadcast).
// Grid: batch * ceil(M / 8) * ceil(N / tileColumns), tileColumns = 64.
//
// Parameters: rank; type Element. Sums of F16 and BF16 are float, of integers of their own type.
//
// A lane is a column n, k in order: the sum of an element is the same however many rows there are. Few rows are bound
// by reading b, many by the multiplications: rows x vectors of accumulators that fill the registers.
#include "common/cpu/indexing.h"

namespace lathe {

namespace matmul_parts {
using namespace parameters;

using Value = Register<Element>;
constexpr int lanes = nativeLanes * 4 / (sizeof(Value) == 8 ? 8 : 4);
constexpr int64_t tileRows = 8, tileColumns = 64;
constexpr int blockRows = 4, blockVectors = vectorRegisters == 32 ? 4 : 2;
constexpr int64_t rankOrOne = rank > 0 ? rank : 1;
using Vector = Lanes<Element, lanes>;

// R rows by V vectors of c; `columns` of the last vector exist. `left` is how many elements of b there are from b on.
template <int R, int V>
LATHE_INLINE void block(const Element *a, const Element *b, Element *c, int64_t n, int64_t depth, int64_t columns,
                        int64_t left) {
  Vector sums[R][V];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v)
      sums[r][v] = Vector(Value(0));
#pragma clang loop unroll(disable) vectorize(disable)
  for (int64_t k = 0; k < depth; ++k) {
    Vector row[V];
    for (int v = 0; v < V - 1; ++v)
      row[v] = loadLanes<Element, lanes>(b + k * n + v * lanes);
    // Lanes that are not stored may hold what follows in b, but not what follows b.
    const Element *end = b + k * n + (V - 1) * lanes;
    row[V - 1] =
        left - k * n >= V * lanes ? loadLanes<Element, lanes>(end) : loadLanesPart<Element, lanes>(end, 1, columns);
    for (int r = 0; r < R; ++r) {
      Vector factor = Vector(loadElement(a + r * depth + k));
      for (int v = 0; v < V; ++v)
        sums[r][v] = sums[r][v] + factor * row[v];
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V - 1; ++v)
      storeLanes<Element, lanes>(c + r * n + v * lanes, sums[r][v]);
    Element *end = c + r * n + (V - 1) * lanes;
    if (columns == lanes)
      storeLanes<Element, lanes>(end, sums[r][V - 1]);
    else
      storeLanesPart<Element, lanes>(end, sums[r][V - 1], columns);
  }
}

template <int R>
LATHE_INLINE void rowsOf(const Element *a, const Element *b, Element *c, int64_t n, int64_t depth, int64_t columns,
                         int64_t left) {
  int64_t at = 0;
  for (; columns - at >= blockVectors * lanes; at += blockVectors * lanes)
    block<R, blockVectors>(a, b + at, c + at, n, depth, lanes, left - at);
  for (; at < columns; at += lanes)
    block<R, 1>(a, b + at, c + at, n, depth, least<int64_t>(lanes, columns - at), left - at);
}

} // namespace matmul_parts

inline void matmul(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace matmul_parts;
  int64_t m = context.params[0], n = context.params[1], depth = context.params[2];
  const int64_t one = 1;
  const int64_t *sizes = rank > 0 ? context.params + 3 : &one, *sizesOfA = rank > 0 ? sizes + rank : &one,
                *sizesOfB = rank > 0 ? sizesOfA + rank : &one;
  int64_t stridesOfA[rankOrOne], stridesOfB[rankOrOne];
  denseStrides<rankOrOne>(sizesOfA, stridesOfA);
  denseStrides<rankOrOne>(sizesOfB, stridesOfB);
  int64_t rowTiles = ceilDiv(m, tileRows), columnTiles = ceilDiv(n, tileColumns);
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t batch = tile / (rowTiles * columnTiles), row = tile / columnTiles % rowTiles * tileRows;
    int64_t column = tile % columnTiles * tileColumns;
    Position<rankOrOne> position(sizes, batch);
    auto *a = static_cast<const Element *>(context.buffers[0]) + (position.offset(stridesOfA) * m + row) * depth;
    auto *b = static_cast<const Element *>(context.buffers[1]) + position.offset(stridesOfB) * depth * n + column;
    auto *c = static_cast<Element *>(context.buffers[2]) + (batch * m + row) * n + column;
    int64_t rows = least(tileRows, m - row), columns = least(tileColumns, n - column), r = 0;
    for (; r + blockRows <= rows; r += blockRows)
      rowsOf<blockRows>(a + r * depth, b, c + r * n, n, depth, columns, depth * n - column);
    for (; r < rows; ++r)
      rowsOf<1>(a + r * depth, b, c + r * n, n, depth, columns, depth * n - column);
  }
}

} // namespace lathe
