// Walking dense row-major tensors of any rank: positions from a linear index, strides under broadcasting, copies.
// Relies on elements.h.
#ifndef LATHE_COMMON_CPU_INDEXING_H
#define LATHE_COMMON_CPU_INDEXING_H

#include "common/cpu/elements.h"

namespace lathe {

// Elements of an output that one tile writes.
inline constexpr int64_t tileElements = 4096;

// A position in a box of `rank` axes that steps along rows of the last axis.
template <int rank> struct Position {
  int64_t index[rank];
  const int64_t *sizes;

  LATHE_INLINE Position(const int64_t *sizes, int64_t linear) : sizes(sizes) {
    for (int axis = rank - 1; axis >= 0; --axis) {
      int64_t size = sizes[axis] > 0 ? sizes[axis] : 1;
      index[axis] = linear % size;
      linear /= size;
    }
  }
  // What is left of the current row.
  LATHE_INLINE int64_t rest() const { return sizes[rank - 1] - index[rank - 1]; }
  // `count` <= rest() elements further.
  LATHE_INLINE void advance(int64_t count) {
    index[rank - 1] += count;
    for (int axis = rank - 1; axis > 0 && index[axis] >= sizes[axis]; --axis) {
      index[axis] = 0;
      ++index[axis - 1];
    }
  }
  LATHE_INLINE int64_t offset(const int64_t *strides) const {
    int64_t sum = 0;
    for (int axis = 0; axis < rank; ++axis)
      sum += index[axis] * strides[axis];
    return sum;
  }
};

// Strides in elements of a dense tensor; 0 along axes of size 1, which therefore broadcast.
template <int rank> LATHE_INLINE void denseStrides(const int64_t *sizes, int64_t *strides) {
  int64_t stride = 1;
  for (int axis = rank - 1; axis >= 0; --axis) {
    strides[axis] = sizes[axis] == 1 ? 0 : stride;
    stride *= sizes[axis];
  }
}
template <int rank> LATHE_INLINE int64_t elementsIn(const int64_t *sizes) {
  int64_t product = 1;
  for (int axis = 0; axis < rank; ++axis)
    product *= sizes[axis];
  return product;
}

// N elements `stride` apart, of which the first `count` exist.
template <class T, int N> LATHE_INLINE Lanes<T, N> loadStrided(const T *from, int64_t stride, int64_t count) {
  if (count == N && stride == 1)
    return loadLanes<T, N>(from);
  if (stride == 0)
    return Lanes<T, N>(ElementOf<Lanes<T, N>>(loadElement(from))); // a bool itself would splat as -1
  return loadLanesPart<T, N>(from, stride, count);
}

template <class T> LATHE_INLINE void copyElements(T *__restrict to, const T *__restrict from, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    to[i] = from[i];
}

} // namespace lathe

#endif
