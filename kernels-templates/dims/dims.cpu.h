// y[i] = params[i]: a shape as data.
//
// Buffers: y (count) of int64_t. params: the values. Grid: 1. Parameters: count. Bound by the launch itself.
#include "common/cpu/lanes.h"

namespace lathe {

inline void dims(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  if (begin == end)
    return;
  auto *to = static_cast<int64_t *>(context.buffers[0]);
  for (int64_t i = 0; i < count; ++i)
    to[i] = context.params[i];
}

} // namespace lathe
