// y[b, t] = past + t.
//
// Buffers: y (batch, tokens) of Element. params: batch, tokens, past.
// Grid: batch. Parameters: type Element (an integer). Bound by the launch itself.
#include "common/cpu/lanes.h"

namespace lathe {

inline void positions(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  int64_t tokens = context.params[1], past = context.params[2];
  auto *to = static_cast<Element *>(context.buffers[0]) + begin * tokens;
  for (int64_t batch = begin; batch < end; ++batch)
    for (int64_t token = 0; token < tokens; ++token)
      *to++ = Element(past + token);
}

} // namespace lathe
