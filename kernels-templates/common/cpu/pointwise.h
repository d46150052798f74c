// What the ops of the llm dialect compute on an element (Pointwise::emitElement names these), for vectors of any
// element type and for scalars alike. Comparisons give booleans (Bools<N>, or bool for scalars). Relies on math.h and
// elements.h.
#ifndef LATHE_COMMON_CPU_POINTWISE_H
#define LATHE_COMMON_CPU_POINTWISE_H

#include "common/cpu/elements.h"
#include "common/cpu/math.h"

namespace lathe {

// Runs a scalar function on every lane.
template <class V, class F> LATHE_INLINE V eachLane(V a, V b, F function) {
  V result = a;
  for (int i = 0; i < lanesIn<V>; ++i)
    result[i] = function(a[i], b[i]);
  return result;
}

// A comparison's lanes of -1 and 0 as booleans.
template <class M> LATHE_INLINE auto toBools(M mask) {
  if constexpr (isVector<M>)
    return __builtin_convertvector(mask, Bools<lanesIn<M>>) & char(1);
  else
    return bool(mask);
}

template <class V> LATHE_INLINE auto equal(V a, V b) { return toBools(a == b); }
template <class V> LATHE_INLINE auto notEqual(V a, V b) { return toBools(a != b); }
template <class V> LATHE_INLINE auto less(V a, V b) { return toBools(a < b); }
template <class V> LATHE_INLINE auto lessEqual(V a, V b) { return toBools(a <= b); }
template <class V> LATHE_INLINE auto greater(V a, V b) { return toBools(a > b); }
template <class V> LATHE_INLINE auto greaterEqual(V a, V b) { return toBools(a >= b); }
template <class V> LATHE_INLINE auto isNan(V x) { return toBools(x != x); }

template <int N, class V> LATHE_INLINE V select(Bools<N> condition, V a, V b) {
  using Mask = decltype(a == a);
  return __builtin_convertvector(condition, Mask) != 0 ? a : b;
}

template <class V> LATHE_INLINE V logicalNot(V x) {
  if constexpr (isVector<V>)
    return x ^ V(char(1));
  else
    return !x;
}
template <class V> LATHE_INLINE V logicalAnd(V a, V b) { return a & b; }
template <class V> LATHE_INLINE V logicalOr(V a, V b) { return a | b; }
template <class V> LATHE_INLINE V logicalXor(V a, V b) { return a ^ b; }

template <class V> LATHE_INLINE V bitAnd(V a, V b) { return a & b; }
template <class V> LATHE_INLINE V bitOr(V a, V b) { return a | b; }
template <class V> LATHE_INLINE V bitXor(V a, V b) { return a ^ b; }
// A shift by less than 0, or by all bits and more, leaves the fill: 0, or the sign.
template <class T> LATHE_INLINE T shiftLeftInteger(T a, T b) {
  constexpr T bits = T(sizeof(T) * 8);
  return b >= T(0) && b < bits ? T(uint64_t(a) << b) : T(0);
}
template <class T> LATHE_INLINE T shiftRightInteger(T a, T b) {
  constexpr T bits = T(sizeof(T) * 8);
  if (b >= T(0) && b < bits)
    return T(a >> b);
  return isSigned<T> ? T(a >> (bits - 1)) : T(0);
}
template <class V> LATHE_INLINE V shiftLeft(V a, V b) {
  using E = ElementOf<V>;
  if constexpr (isVector<V>)
    return eachLane(a, b, [](E x, E y) { return shiftLeftInteger(x, y); });
  else
    return shiftLeftInteger(a, b);
}
template <class V> LATHE_INLINE V shiftRight(V a, V b) {
  using E = ElementOf<V>;
  if constexpr (isVector<V>)
    return eachLane(a, b, [](E x, E y) { return shiftRightInteger(x, y); });
  else
    return shiftRightInteger(a, b);
}

template <class V> LATHE_INLINE V neg(V x) { return -x; }
template <class V> LATHE_INLINE V relu(V x) { return select(x < V(0), V(0), x); }
template <class V> LATHE_INLINE V min(V a, V b) { return minimum(a, b); }
template <class V> LATHE_INLINE V max(V a, V b) { return maximum(a, b); }

// Truncates towards 0; by 0 it is 0 (there is no right answer, and no trap).
template <class T> LATHE_INLINE T divInteger(T a, T b) {
  if (b == T(0))
    return T(0);
  if constexpr (isSigned<T>)
    if (b == T(-1))
      return T(uint64_t(0) - uint64_t(a));
  return T(a / b);
}
// With the sign of b; by 0 it is 0.
template <class T> LATHE_INLINE T modInteger(T a, T b) {
  if (b == T(0))
    return T(0);
  if constexpr (isSigned<T>) {
    if (b == T(-1))
      return T(0);
    T rest = T(a % b);
    return rest != 0 && (rest < 0) != (b < 0) ? T(rest + b) : rest;
  } else {
    return T(a % b);
  }
}
// With the sign of a, exact: long division of the magnitudes, a bit of the quotient a step.
LATHE_INLINE double modFloating(double a, double b) {
  constexpr uint64_t fraction = (uint64_t(1) << 52) - 1, infinite = uint64_t(0x7ff) << 52;
  uint64_t x = bitCast<uint64_t>(a), y = bitCast<uint64_t>(b) & ~(uint64_t(1) << 63), sign = x & (uint64_t(1) << 63);
  x ^= sign;
  if (y == 0 || x >= infinite || y > infinite)
    return __builtin_nan("");
  if (x < y)
    return a;
  int64_t ex = int64_t(x >> 52), ey = int64_t(y >> 52);
  uint64_t mx = ex ? (x & fraction) | (fraction + 1) : x, my = ey ? (y & fraction) | (fraction + 1) : y;
  ex += ex == 0, ey += ey == 0;
  if (y == infinite)
    return a;
  mx %= my << 0 ? my : 1;
  for (; ex > ey; --ex) {
    mx <<= 1;
    mx = mx >= my ? mx - my : mx;
  }
  if (mx == 0)
    return bitCast<double>(sign);
  for (; mx <= fraction && ey > 1; --ey)
    mx <<= 1;
  uint64_t bits = mx > fraction ? (mx & fraction) | (uint64_t(ey) << 52) : mx;
  return bitCast<double>(bits | sign);
}

template <class V> LATHE_INLINE V div(V a, V b) {
  using E = ElementOf<V>;
  if constexpr (isFloating<E>)
    return a / b;
  else if constexpr (isVector<V>)
    return eachLane(a, b, [](E x, E y) { return divInteger(x, y); });
  else
    return divInteger(a, b);
}
template <class V> LATHE_INLINE V mod(V a, V b) {
  using E = ElementOf<V>;
  auto one = [](E x, E y) {
    if constexpr (isFloating<E>)
      return E(modFloating(x, y)); // exact in double, so also in float
    else
      return modInteger(x, y);
  };
  if constexpr (isVector<V>)
    return eachLane(a, b, one);
  else
    return one(a, b);
}

// Of integers: by squaring, wrapping; a negative exponent truncates (1, -1 or 0).
template <class T> LATHE_INLINE T powInteger(T base, T exponent) {
  if constexpr (isSigned<T>)
    if (exponent < 0)
      return base == T(1) ? T(1) : base == T(-1) ? ((exponent & 1) ? T(-1) : T(1)) : T(0);
  T result = 1;
  for (; exponent; exponent >>= 1, base = T(base * base))
    if (exponent & 1)
      result = T(result * base);
  return result;
}
template <class V>
  requires(!isFloating<ElementOf<V>>)
LATHE_INLINE V pow(V a, V b) {
  using E = ElementOf<V>;
  if constexpr (isVector<V>)
    return eachLane(a, b, [](E x, E y) { return powInteger(x, y); });
  else
    return powInteger(a, b);
}
template <class V>
  requires(!isFloating<ElementOf<V>>)
LATHE_INLINE V abs(V x) {
  return x < V(0) ? -x : x;
}

} // namespace lathe

#endif
