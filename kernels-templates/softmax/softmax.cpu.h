// y[o, a, i] = e^(x[o, a, i] - max) / sum over a of e^(x[o, a, i] - max), max over a.
//
// Buffers: x (outer, size, inner), dense, of Element; y, the same.
// params: outer, size, inner.
// Grid: outer where `last` (inner is 1), else outer * ceil(inner / 16).
//
// Parameters: last; type Element (float, Half, BFloat or double).
//
// `last`: element a goes to lane a mod 16, then the lanes are folded. Else a lane is a column, in the order of a. Bound
// by the exponential, which is computed twice so that sums are of unrounded values.
#include "common/cpu/elements.h"
#include "common/cpu/math.h"

namespace lathe {

namespace softmax_parts {
using namespace parameters;

using Value = Register<Element>;
using Vector = Lanes<Value, sumLanes>;

LATHE_INLINE Value foldMax(Vector v) {
  Value result = v[0];
  for (int i = 1; i < sumLanes; ++i)
    result = maximum(result, v[i]);
  return result;
}
template <int N> LATHE_INLINE Value foldSum(Lanes<Value, N> v) {
  if constexpr (N == 1)
    return v[0];
  else
    return foldSum<N / 2>(v.lo + v.hi);
}
template <> LATHE_INLINE Value foldSum<2>(Lanes<Value, 2> v) { return v.x + v.y; }

LATHE_INLINE Vector loadOr(const Element *from, int64_t count, Value other) {
  return count >= sumLanes ? loadLanes<Element, sumLanes>(from)
                           : loadLanesPart<Element, sumLanes>(from, 1, count, other);
}
LATHE_INLINE void storeUpTo(Element *to, Vector value, int64_t count) {
  if (count >= sumLanes)
    storeLanes<Element, sumLanes>(to, value);
  else
    storeLanesPart<Element, sumLanes>(to, value, count);
}

LATHE_INLINE void row(const Element *from, Element *to, int64_t size) {
  const Value least = Value(-__builtin_inf());
  Vector highest = Vector(least);
  for (int64_t a = 0; a < size; a += sumLanes)
    highest = maximum(highest, loadOr(from + a, size - a, least));
  Vector shift = Vector(foldMax(highest)), sum = Vector(Value(0));
  for (int64_t a = 0; a < size; a += sumLanes)
    sum = sum + exp(loadOr(from + a, size - a, least) - shift);
  Vector total = Vector(foldSum<sumLanes>(sum));
  for (int64_t a = 0; a < size; a += sumLanes)
    storeUpTo(to + a, exp(loadOr(from + a, size - a, least) - shift) / total, size - a);
}

LATHE_INLINE void columns(const Element *from, Element *to, int64_t size, int64_t stride, int64_t count) {
  Vector highest = Vector(Value(-__builtin_inf())), sum = Vector(Value(0));
  for (int64_t a = 0; a < size; ++a)
    highest = maximum(highest, loadOr(from + a * stride, count, Value(0)));
  for (int64_t a = 0; a < size; ++a)
    sum = sum + exp(loadOr(from + a * stride, count, Value(0)) - highest);
  for (int64_t a = 0; a < size; ++a)
    storeUpTo(to + a * stride, exp(loadOr(from + a * stride, count, Value(0)) - highest) / sum, count);
}

} // namespace softmax_parts

inline void softmax(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace softmax_parts;
  auto *from = static_cast<const Element *>(context.buffers[0]);
  auto *to = static_cast<Element *>(context.buffers[1]);
  int64_t size = context.params[1], inner = context.params[2];
  for (int64_t tile = begin; tile < end; ++tile) {
    if constexpr (last) {
      row(from + tile * size, to + tile * size, size);
    } else {
      int64_t blocks = ceilDiv(inner, sumLanes), column = tile % blocks * sumLanes;
      int64_t offset = tile / blocks * size * inner + column;
      columns(from + offset, to + offset, size, inner, inner - column);
    }
  }
}

} // namespace lathe
