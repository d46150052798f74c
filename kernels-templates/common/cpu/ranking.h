// Which of two elements is the larger, as llm.top_k and llm.arg_max say: NaN is larger than any number. Relies on
// elements.h.
#ifndef LATHE_COMMON_CPU_RANKING_H
#define LATHE_COMMON_CPU_RANKING_H

#include "common/cpu/elements.h"

namespace lathe {

template <class V> LATHE_INLINE bool isLarger(V a, V b) { return a > b || (a != a && b == b); }

// Whether a comes before b when the largest (or the smallest) is wanted first.
template <bool smallest, class V> LATHE_INLINE bool isBefore(V a, V b) {
  return smallest ? isLarger(b, a) : isLarger(a, b);
}

} // namespace lathe

#endif
