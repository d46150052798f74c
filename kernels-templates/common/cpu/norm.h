// Root mean square of a row, in one order for every kernel that needs it: 4 x 16 partial sums.
#ifndef LATHE_COMMON_CPU_NORM_H
#define LATHE_COMMON_CPU_NORM_H

#include "common/cpu/lanes.h"

namespace lathe {

// 1 / sqrt(mean of squares + epsilon) of a row of `Columns` floats; get(i) loads 16 elements at i, getPart(i, count)
// fewer.
template <int64_t Columns, class T> LATHE_INLINE float inverseRms(const T *x, float epsilon) {
  Floats<sumLanes> sums[4] = {};
  constexpr int64_t whole = Columns / sumLanes * sumLanes;
  int64_t i = 0;
  for (; i + 4 * sumLanes <= whole; i += 4 * sumLanes)
    for (int j = 0; j < 4; ++j) {
      Floats<sumLanes> v = load<sumLanes>(x + i + j * sumLanes);
      sums[j] = sums[j] + v * v;
    }
  for (int j = 0; i < whole; i += sumLanes, ++j) {
    Floats<sumLanes> v = load<sumLanes>(x + i);
    sums[j] = sums[j] + v * v;
  }
  if constexpr (whole < Columns) {
    Floats<sumLanes> v = loadPart<sumLanes>(x + whole, Columns - whole);
    sums[3] = sums[3] + v * v;
  }
  float sum = sumOfLanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
  float mean = sum / float(Columns) + epsilon;
  return 1.0f / __builtin_elementwise_sqrt(mean);
}

} // namespace lathe

#endif
