// y[o, a, i] = x[o, 0, i] + ... + x[o, a, i], or with `multiplies` the product of these.
//
// Buffers: x (outer, size, inner), dense, of Element; y, the same.
// params: outer, size, inner.
// Grid: outer * ceil(inner / 16).
//
// Parameters: multiplies; type Element.
//
// A lane is a column; its sum is kept in a register (float for F16 and BF16). Bound by memory.
#include "common/cpu/elements.h"

namespace lathe {

inline void cumsum(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  int64_t size = context.params[1], inner = context.params[2], blocks = ceilDiv(inner, sumLanes);
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t column = tile % blocks * sumLanes, count = least<int64_t>(sumLanes, inner - column);
    int64_t offset = tile / blocks * size * inner + column;
    auto *from = static_cast<const Element *>(context.buffers[0]) + offset;
    auto *to = static_cast<Element *>(context.buffers[1]) + offset;
    if (count == sumLanes) {
      Lanes<Element, sumLanes> sum = Lanes<Element, sumLanes>(ElementOf<Lanes<Element, sumLanes>>(multiplies));
      for (int64_t a = 0; a < size; ++a) {
        auto x = loadLanes<Element, sumLanes>(from + a * inner);
        sum = multiplies ? sum * x : sum + x;
        storeLanes<Element, sumLanes>(to + a * inner, sum);
      }
      continue;
    }
    for (int64_t i = 0; i < count; ++i) {
      Register<Element> sum = Register<Element>(multiplies);
      for (int64_t a = 0; a < size; ++a) {
        auto x = loadElement(from + a * inner + i);
        sum = Register<Element>(multiplies ? sum * x : sum + x);
        storeElement<Element>(to + a * inner + i, sum);
      }
    }
  }
}

} // namespace lathe
