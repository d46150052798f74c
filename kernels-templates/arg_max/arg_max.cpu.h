// y[o, i] = the place of the best element of x[o, :, i], of equal ones the first, or with `latest` the last; 0 when
// there is none.
//
// Buffers: x (outer, size, inner), dense, of Element; y (outer, inner) of int64_t.
// params: outer, size, inner. Grid: outer * ceil(inner / 64).
//
// Parameters: smallest; latest; type Element.
//
// Rows in order, 64 columns at once. Bound by memory.
#include "common/cpu/ranking.h"

namespace lathe {

inline void arg_max(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  constexpr int64_t tileColumns = 64;
  int64_t size = context.params[1], inner = context.params[2], blocks = ceilDiv(inner, tileColumns);
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t outer = tile / blocks, first = tile % blocks * tileColumns, columns = least(tileColumns, inner - first);
    auto *from = static_cast<const Element *>(context.buffers[0]) + outer * size * inner + first;
    auto *to = static_cast<int64_t *>(context.buffers[1]) + outer * inner + first;
    Register<Element> best[tileColumns];
    for (int64_t c = 0; c < columns; ++c) {
      best[c] = size > 0 ? loadElement(from + c) : Register<Element>(0);
      to[c] = 0;
    }
    for (int64_t a = 1; a < size; ++a)
      for (int64_t c = 0; c < columns; ++c) {
        Register<Element> x = loadElement(from + a * inner + c);
        if (latest ? !isBefore<smallest>(best[c], x) : isBefore<smallest>(x, best[c])) {
          best[c] = x;
          to[c] = a;
        }
      }
  }
}

} // namespace lathe
