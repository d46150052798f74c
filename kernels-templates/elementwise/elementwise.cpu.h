// y[i] = element(x0[i], x1[i], ...), with numpy broadcasting of the inputs to y; no input: a fill.
//
// Buffers: the inputs, dense, of the types in Inputs; y, dense, of Output.
// params: the sizes of y (rank); then for each input its sizes (rank), 1 where it broadcasts.
// Grid: ceil(elements of y / 4096).
//
// Parameters: rank; types Inputs (Types<...>), Output; functors::element<N>(Lanes<T, N>...).
//
// A lane is an element of y. Bound by memory, or by the functor where it holds transcendental functions.
#include "common/cpu/indexing.h"
#include "common/cpu/pointwise.h"

namespace lathe {

namespace elementwise_parts {
using namespace parameters;

constexpr int lanes = nativeLanes;

template <class... T, int... I>
LATHE_INLINE void run(Types<T...>, Integers<I...>, const LatheKernelContext &context, int64_t begin, int64_t end) {
  constexpr int inputs = sizeof...(T);
  const int64_t *sizes = context.params;
  int64_t strides[inputs + 1][rank];
  (denseStrides<rank>(sizes + rank * (I + 1), strides[I]), ...);
  auto *to = static_cast<Output *>(context.buffers[inputs]);
  int64_t total = elementsIn<rank>(sizes);
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t at = tile * tileElements, last = least(at + tileElements, total);
    Position<rank> position(sizes, at);
    while (at < last) {
      int64_t count = least(position.rest(), last - at);
      int64_t starts[inputs + 1] = {position.offset(strides[I])...};
      for (int64_t i = 0; i < count; i += lanes) {
        int64_t part = least<int64_t>(lanes, count - i);
        auto value = functors::element<lanes>(
            loadStrided<T, lanes>(static_cast<const T *>(context.buffers[I]) + starts[I] + i * strides[I][rank - 1],
                                  strides[I][rank - 1], part)...);
        if (part == lanes)
          storeLanes<Output, lanes>(to + at + i, value);
        else
          storeLanesPart<Output, lanes>(to + at + i, value, part);
      }
      at += count;
      position.advance(count);
    }
  }
}

} // namespace elementwise_parts

inline void elementwise(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using Inputs = parameters::Inputs;
  elementwise_parts::run(Inputs(), IntegersTo<Inputs::count>(), context, begin, end);
}

} // namespace lathe
