// How a scatter combines an element that is there with an update. Relies on indexing.h.
#ifndef LATHE_COMMON_CPU_SCATTER_H
#define LATHE_COMMON_CPU_SCATTER_H

#include "common/cpu/indexing.h"

namespace lathe {

// `combine`: 0 the update stays, 1 sum, 2 product, 3 maximum, 4 minimum (of which NaN is one if it is either).
template <int64_t combine, class T> LATHE_INLINE void combineElement(T *to, const T *update) {
  if constexpr (combine == 0) {
    *to = *update;
  } else {
    Register<T> a = loadElement(to), b = loadElement(update);
    if constexpr (combine == 1)
      storeElement<T>(to, Register<T>(a + b));
    else if constexpr (combine == 2)
      storeElement<T>(to, Register<T>(a * b));
    else
      storeElement<T>(to, a != a || (combine == 3 ? a > b : a < b) ? a : b);
  }
}

} // namespace lathe

#endif
