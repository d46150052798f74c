// y[kept] = combine over the reduced axes of x[kept, reduced]: sum, mean, maximum, minimum or product.
//
// Buffers: x, dense, of Element; y, dense over the kept axes, of Element.
// params: the sizes of x (rank); neighbouring axes of one kind are one.
// Grid: ceil(elements of y / 64).
//
// Parameters: rank; reduced[] (1 for a reduced axis); kind (0 sum, 1 mean, 2 max, 3 min, 4 prod); type Element.
//
// Kept last axis: a lane is an element of y, the reduced elements come in order. Reduced last axis: element i of a row
// goes to lane i mod 16, rows in order, then the lanes are folded in halves. F16 and BF16 are summed in float. Bound by
// memory.
#include "common/cpu/indexing.h"
#include "common/cpu/pointwise.h"

namespace lathe {

namespace reduce_parts {
using namespace parameters;

using Value = Register<Choose<isSame<Element, Bool>, uint8_t, Element>::Type>;
constexpr int lanes = sumLanes;
constexpr int64_t tileOutputs = 64;
using Vector = Lanes<Value, lanes>;

template <class T> LATHE_INLINE constexpr T identity() {
  constexpr bool isReal = isSame<T, float> || isSame<T, double>;
  if constexpr (kind == 4)
    return T(1);
  else if constexpr (kind == 2 && isReal)
    return T(-__builtin_inf());
  else if constexpr (kind == 3 && isReal)
    return T(__builtin_inf());
  else if constexpr (kind == 2 && isSigned<T>)
    return T(uint64_t(1) << (sizeof(T) * 8 - 1));
  else if constexpr (kind == 3)
    return isSigned<T> ? T((uint64_t(1) << (sizeof(T) * 8 - 1)) - 1) : T(~T(0));
  else
    return T(0);
}
template <class V> LATHE_INLINE V combine(V a, V b) {
  if constexpr (kind == 2)
    return maximum(a, b);
  else if constexpr (kind == 3)
    return minimum(a, b);
  else if constexpr (kind == 4)
    return a * b;
  else
    return a + b;
}
// Lanes from `count` on are the identity.
template <class T> LATHE_INLINE Vector loadValues(const T *from, int64_t count) {
  if constexpr (isSame<T, Bool>)
    return __builtin_convertvector(count >= lanes ? loadLanes<T, lanes>(from)
                                                  : loadLanesPart<T, lanes>(from, 1, count, char(identity<Value>())),
                                   Vector);
  else
    return count >= lanes ? loadLanes<T, lanes>(from) : loadLanesPart<T, lanes>(from, 1, count, identity<Value>());
}
template <int N> LATHE_INLINE Value fold(Lanes<Value, N> v) {
  if constexpr (N == 1)
    return v[0];
  else {
    Lanes<Value, N / 2> low, high;
    for (int i = 0; i < N / 2; ++i)
      low[i] = v[i], high[i] = v[i + N / 2];
    return fold<N / 2>(combine(low, high));
  }
}
LATHE_INLINE void put(Element *to, Value value, int64_t count) {
  if constexpr (kind == 1)
    value = div(value, Value(count));
  storeElement<Element>(to, Register<Element>(value));
}

} // namespace reduce_parts

inline void reduce(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace reduce_parts;
  const int64_t *sizes = context.params;
  auto *from = static_cast<const Element *>(context.buffers[0]);
  auto *to = static_cast<Element *>(context.buffers[1]);
  constexpr int last = rank - 1;
  constexpr bool alongRows = reduced[last] != 0;
  // The other axes of each kind, outermost first; the last one is walked by the inner loops.
  int64_t strides[rank], keptSizes[rank], keptStrides[rank], reducedSizes[rank], reducedStrides[rank], stride = 1;
  for (int axis = last; axis >= 0; --axis) {
    strides[axis] = stride;
    stride *= sizes[axis];
  }
  int64_t outputs = 1, count = 1;
  for (int axis = 0; axis < rank; ++axis) {
    bool isReduced = reduced[axis] != 0;
    keptSizes[axis] = isReduced || (axis == last) ? 1 : sizes[axis];
    keptStrides[axis] = isReduced ? 0 : strides[axis];
    reducedSizes[axis] = isReduced && axis != last ? sizes[axis] : 1;
    reducedStrides[axis] = isReduced ? strides[axis] : 0;
    (isReduced ? count : outputs) *= sizes[axis];
  }
  int64_t repeats = elementsIn<rank>(reducedSizes), inner = sizes[last];
  for (int64_t at = begin * tileOutputs, stop = least(end * tileOutputs, outputs); at < stop;) {
    if constexpr (alongRows) {
      const Element *base = from + Position<rank>(keptSizes, at).offset(keptStrides);
      Vector sum = Vector(identity<Value>());
      Position<rank> position(reducedSizes, 0);
      for (int64_t r = 0; r < repeats; ++r, position.advance(1)) {
        const Element *row = base + position.offset(reducedStrides);
        for (int64_t i = 0; i < inner; i += lanes)
          sum = combine(sum, loadValues(row + i, inner - i));
      }
      put(to + at++, fold<lanes>(sum), count);
    } else {
      int64_t column = at % inner, part = least(least<int64_t>(lanes, inner - column), stop - at);
      const Element *base = from + Position<rank>(keptSizes, at / inner).offset(keptStrides) + column;
      Vector sum = Vector(identity<Value>());
      Position<rank> position(reducedSizes, 0);
      for (int64_t r = 0; r < repeats; ++r, position.advance(1)) {
        const Element *row = base + position.offset(reducedStrides);
        sum = combine(sum, loadValues(row, part));
      }
      for (int64_t i = 0; i < part; ++i)
        put(to + at + i, sum[i], count);
      at += part;
    }
  }
}

} // namespace lathe
