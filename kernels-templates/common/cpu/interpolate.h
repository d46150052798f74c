// Weights of interpolation, for kernels that read images between their elements. Relies on elements.h and math.h.
#ifndef LATHE_COMMON_CPU_INTERPOLATE_H
#define LATHE_COMMON_CPU_INTERPOLATE_H

#include "common/cpu/indexing.h"
#include "common/cpu/math.h"

namespace lathe {

// Keys' kernel.
LATHE_INLINE double cubicWeight(double x, double a) {
  x = abs(x);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}
LATHE_INLINE double linearWeight(double x) {
  x = abs(x);
  return x < 1 ? 1 - x : 0;
}

LATHE_INLINE int64_t clamped(int64_t i, int64_t size) { return i < 0 ? 0 : i >= size ? size - 1 : i; }

// What a sum of products of T is rounded to T from.
template <class T> struct MixtureOf {
  using Type = double;
};
template <> struct MixtureOf<float> {
  using Type = float;
};
template <> struct MixtureOf<Half> {
  using Type = float;
};
template <> struct MixtureOf<BFloat> {
  using Type = float;
};
template <class T> using Mixture = typename MixtureOf<T>::Type;

template <class T> LATHE_INLINE Register<T> fromMixture(Mixture<T> x) {
  if constexpr (isFloating<T>)
    return Register<T>(x);
  else
    return cast<T>(round(x));
}

} // namespace lathe

#endif
