// Lanes of every element type: what a value of a tensor is in registers, loads and stores of any part, and conversions.
// F16 and BF16 are floats in registers; a boolean is a char of 0 or 1. Integers wrap. Relies on lanes.h.
#ifndef LATHE_COMMON_CPU_ELEMENTS_H
#define LATHE_COMMON_CPU_ELEMENTS_H

#include "common/cpu/lanes.h"
#include "common/cpu/narrow.h"

namespace lathe {

using half = Half;
using bfloat = BFloat;

template <class T, int N> struct LanesOf {
  using Type = T __attribute__((ext_vector_type(N)));
};
template <class T, int N>
  requires isNarrow<T>
struct LanesOf<T, N> {
  using Type = typename NarrowTraits<T>::Value __attribute__((ext_vector_type(N)));
};
template <int N> struct LanesOf<Half, N> {
  using Type = Floats<N>;
};
template <int N> struct LanesOf<BFloat, N> {
  using Type = Floats<N>;
};
template <int N> struct LanesOf<Bool, N> {
  using Type = char __attribute__((ext_vector_type(N)));
};
template <int N> struct LanesOf<bool, N> {
  using Type = char __attribute__((ext_vector_type(N)));
};
// What N elements of a tensor of T are in registers.
template <class T, int N> using Lanes = typename LanesOf<T, N>::Type;
template <int N> using Bools = char __attribute__((ext_vector_type(N)));

// The element and the number of lanes of a vector; 0 lanes for a scalar.
template <class V> struct LaneTraits {
  using Element = V;
  static constexpr int lanes = 0;
};
template <class E, int N> struct LaneTraits<E __attribute__((ext_vector_type(N)))> {
  using Element = E;
  static constexpr int lanes = N;
};
template <class V> using ElementOf = typename LaneTraits<V>::Element;
template <class V> inline constexpr int lanesIn = LaneTraits<V>::lanes;
template <class V> inline constexpr bool isVector = lanesIn<V> != 0;
template <class T>
inline constexpr bool isFloating =
    isSame<T, float> || isSame<T, double> || isSame<T, Half> || isSame<T, BFloat> || isNarrowFloat<T>;
template <class T> inline constexpr bool isBoolean = isSame<T, Bool> || isSame<T, bool>;
template <class T> inline constexpr bool isSigned = T(-1) < T(0);

// What holds one element in a register, and what sums of elements are kept in.
template <class T> struct RegisterOf {
  using Type = T;
};
template <class T>
  requires isNarrow<T>
struct RegisterOf<T> {
  using Type = typename NarrowTraits<T>::Value;
};
template <> struct RegisterOf<Half> {
  using Type = float;
};
template <> struct RegisterOf<BFloat> {
  using Type = float;
};
template <> struct RegisterOf<Bool> {
  using Type = bool;
};
template <class T> using Register = typename RegisterOf<T>::Type;

// ---- loads and stores of N elements, or of the first `count` of N ---------------------------------------------------

template <class T, int N> LATHE_INLINE Lanes<T, N> loadLanes(const T *from) {
  if constexpr (isSame<T, Half> || isSame<T, BFloat>)
    return load<N>(from);
  else if constexpr (isSame<T, Bool>)
    return (loadRaw<Bools<N>>(from) != 0) & char(1);
  else if constexpr (isNarrow<T>)
    return loadNarrow<T, N, Lanes<T, N>>(from);
  else
    return loadRaw<Lanes<T, N>>(from);
}
template <class T, int N> LATHE_INLINE void storeLanes(T *to, Lanes<T, N> value) {
  if constexpr (isSame<T, Half> || isSame<T, BFloat>)
    store<N>(to, value);
  else if constexpr (isNarrow<T>)
    storeNarrow<T, N>(to, value);
  else
    __builtin_memcpy(to, &value, sizeof(value));
}

template <class T> LATHE_INLINE Register<T> loadElement(const T *from) {
  if constexpr (isSame<T, Half> || isSame<T, BFloat>)
    return loadFloat(from);
  else if constexpr (isSame<T, Bool>)
    return from->value != 0;
  else if constexpr (isNarrow<T>)
    return NarrowTraits<T>::decode(from->bits);
  else
    return *from;
}
template <class T> LATHE_INLINE void storeElement(T *to, Register<T> value) {
  if constexpr (isSame<T, Half> || isSame<T, BFloat>)
    storeFloat(to, value);
  else if constexpr (isSame<T, Bool>)
    to->value = value;
  else if constexpr (isNarrow<T>)
    to->bits = NarrowTraits<T>::encode(value);
  else
    *to = value;
}

// The first `count` of N elements, `stride` apart; the other lanes are `other`. A loop that is kept small: only the
// ends of rows and odd strides come here.
template <class T, int N>
LATHE_INLINE Lanes<T, N> loadLanesPart(const T *from, int64_t stride, int64_t count, ElementOf<Lanes<T, N>> other = 0) {
  Lanes<T, N> result = Lanes<T, N>(other);
  ElementOf<Lanes<T, N>> lanes[N];
  __builtin_memcpy(lanes, &result, sizeof(lanes));
#pragma clang loop unroll(disable) vectorize(disable)
  for (int64_t i = 0; i < least<int64_t>(N, count); ++i)
    lanes[i] = ElementOf<Lanes<T, N>>(loadElement(from + i * stride));
  __builtin_memcpy(&result, lanes, sizeof(lanes));
  return result;
}
template <class T, int N> LATHE_INLINE void storeLanesPart(T *to, Lanes<T, N> value, int64_t count) {
  ElementOf<Lanes<T, N>> lanes[N];
  __builtin_memcpy(lanes, &value, sizeof(lanes));
#pragma clang loop unroll(disable) vectorize(disable)
  for (int64_t i = 0; i < least<int64_t>(N, count); ++i)
    storeElement<T>(to + i, Register<T>(lanes[i]));
}

// ---- conversions ---------------------------------------------------------------------------------------------------

// The nearest value that T stores, still in its register form; for floats of 16 bits this is a rounding.
template <class T, class V> LATHE_INLINE V roundTo(V x) {
  if constexpr (!isVector<V>) {
    if constexpr (isSame<T, Half> || isSame<T, BFloat>)
      return roundTo<T>(Floats<1>(x))[0];
    else if constexpr (isNarrow<T>)
      return NarrowTraits<T>::decode(NarrowTraits<T>::encode(x));
    else
      return x;
  } else if constexpr (isSame<T, Half>) {
    return halvesToFloats<lanesIn<V>>(floatsToHalves<lanesIn<V>>(x));
  } else if constexpr (isSame<T, BFloat>) {
    return bfloatsToFloats<lanesIn<V>>(floatsToBFloats<lanesIn<V>>(x));
  } else if constexpr (isNarrow<T>) {
    return roundNarrow<T>(x, lanesIn<V>);
  } else {
    return x;
  }
}

// Floats to integers truncate, saturate, and take NaN to 0; anything to booleans compares with 0.
template <class T, int N, class V> LATHE_INLINE Lanes<T, N> castLanes(V x) {
  using E = ElementOf<V>;
  using Result = Lanes<T, N>;
  if constexpr (isBoolean<T>) {
    return __builtin_convertvector(x != V(0), Result) & char(1);
  } else if constexpr (isNarrowInteger<T>) {
    if constexpr (isFloating<E>)
      return roundTo<T>(__builtin_convertvector(castLanes<int32_t, N>(x), Result));
    else
      return roundTo<T>(__builtin_convertvector(x, Result));
  } else if constexpr (isFloating<T>) {
    return roundTo<T>(__builtin_convertvector(x, Result));
  } else if constexpr (isFloating<E>) {
    constexpr int bits = sizeof(T) * 8 - (isSigned<T> ? 1 : 0);
    constexpr double above = bits == 64 ? 0x1p64 : double(uint64_t(1) << bits); // the first float that is too large
    constexpr double least = isSigned<T> ? -above : 0.0;
    constexpr T largest = T(~T(0)) < T(0) ? T((uint64_t(1) << (sizeof(T) * 8 - 1)) - 1) : T(~T(0));
    auto high = x >= V(E(above)), fits = (x > V(E(least))) & ~high; // false for NaN
    V inside = fits ? x : V(0);
    Result result = __builtin_convertvector(inside, Result);
    result = __builtin_convertvector(high, Lanes<T, N>) != 0 ? Result(largest) : result;
    auto low = x <= V(E(least));
    return __builtin_convertvector(low, Lanes<T, N>) != 0 ? Result(T(least)) : result;
  } else {
    return __builtin_convertvector(x, Result);
  }
}
template <class T, class V> LATHE_INLINE auto cast(V x) {
  if constexpr (isVector<V>)
    return castLanes<T, lanesIn<V>>(x);
  else if constexpr (isSame<V, bool>)
    return Register<T>(castLanes<T, 1>(Bools<1>(char(x)))[0]);
  else if constexpr (isBoolean<T>)
    return x != V(0);
  else
    return Register<T>(castLanes<T, 1>(Lanes<V, 1>(x))[0]);
}

} // namespace lathe

#endif
