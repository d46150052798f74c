// y[r, c] = (x[r, c] - mean) / sqrt(variance + epsilon) * weight[c] + bias[c]; mean and variance over c, in float.
//
// Buffers: x (rows, columns) of Element; weight (columns) of Weight; bias (columns) of Bias where `hasBias`; y as x;
// all dense. params: rows, columns. Grid: rows.
//
// Parameters: epsilon; hasBias; types Element, Weight, Bias.
//
// Element c goes to lane c mod 16, then the lanes are folded. Bound by memory; a row stays in the cache.
#include "common/cpu/elements.h"
#include "common/cpu/math.h"

namespace lathe {

namespace layer_norm_parts {
using namespace parameters;

template <class T> LATHE_INLINE Floats<sumLanes> loadUpTo(const T *from, int64_t count) {
  return count >= sumLanes ? load<sumLanes>(from) : loadLanesPart<T, sumLanes>(from, 1, count);
}

} // namespace layer_norm_parts

inline void layer_norm(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace layer_norm_parts;
  using Vector = Floats<sumLanes>;
  int64_t columns = context.params[1];
  auto *weight = static_cast<const Weight *>(context.buffers[1]);
  auto *bias = static_cast<const Bias *>(context.buffers[2]); // y where there is none, not read
  for (int64_t r = begin; r < end; ++r) {
    auto *x = static_cast<const Element *>(context.buffers[0]) + r * columns;
    auto *y = static_cast<Element *>(context.buffers[2 + hasBias]) + r * columns;
    Vector sum = Vector(0.0f);
    for (int64_t c = 0; c < columns; c += sumLanes)
      sum = sum + loadUpTo(x + c, columns - c);
    float mean = sumOfLanes(sum) / float(columns);
    Vector squares = Vector(0.0f);
    for (int64_t c = 0; c < columns; c += sumLanes) {
      Vector difference = columns - c >= sumLanes
                              ? load<sumLanes>(x + c) - mean
                              : loadLanesPart<Element, sumLanes>(x + c, 1, columns - c, mean) - mean;
      squares = squares + difference * difference;
    }
    float factor = 1.0f / sqrt(sumOfLanes(squares) / float(columns) + epsilon);
    for (int64_t c = 0; c < columns; c += sumLanes) {
      int64_t count = columns - c;
      Vector normal = (loadUpTo(x + c, count) - mean) * factor;
      Vector value = normal * loadUpTo(weight + c, count);
      if constexpr (hasBias)
        value = value + loadUpTo(bias + c, count);
      if (count >= sumLanes)
        store<sumLanes>(y + c, value);
      else
        storeLanesPart<Element, sumLanes>(y + c, value, count);
    }
  }
}

} // namespace lathe
