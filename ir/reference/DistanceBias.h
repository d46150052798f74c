// What llm.attention and llm.cached_attention add to a score by distance: slopes (ALiBi), or a table of biases. Private
// to ir/reference.
#pragma once

#include "ir/reference/Tensor.h"

#include <algorithm>
#include <string>
#include <vector>

namespace lathe::reference {

/// Why `slopes` is neither (heads) nor (heads, 2 D + 1); empty where it is one of them, or null.
inline std::string slopesProblem(const Tensor *slopes, int64_t heads) {
  bool fits = !slopes || slopes->shape() == std::vector<int64_t>{heads} ||
              (slopes->shape().size() == 2 && slopes->dim(0) == heads && slopes->dim(1) % 2 == 1);
  return fits ? std::string()
              : "needs a slope, or 2 D + 1 biases by distance, for each of " + std::to_string(heads) + " heads, got " +
                    slopes->describe();
}

/// The bias of a key `distance` positions after the query; before it where that is negative.
inline double slopeBias(const std::vector<double> &values, const Tensor &slopes, int64_t head, int64_t distance) {
  if (slopes.shape().size() == 1)
    return values[head] * static_cast<double>(distance);
  int64_t columns = slopes.dim(1), limit = columns / 2;
  return values[head * columns + limit + std::clamp(distance, -limit, limit)];
}

} // namespace lathe::reference
