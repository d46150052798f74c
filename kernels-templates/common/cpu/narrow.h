// Elements of 8 bits and fewer, a byte each (the narrow types of runtime/artifact.h): floats are floats in registers,
// integers are bytes. Encoding rounds to nearest even; what is too large becomes infinity, NaN where the type has no
// infinity, the largest number where it has neither. Relies on lanes.h.
#ifndef LATHE_COMMON_CPU_NARROW_H
#define LATHE_COMMON_CPU_NARROW_H

#include "common/cpu/lanes.h"

namespace lathe {

// What is above the largest number: infinity, NaN (all ones), NaN (0x80, and no negative zero), nothing.
enum class Beyond { Infinity, Nan, UnsignedZero, Nothing };

template <int exponent, int fraction, int bias, Beyond beyond> struct NarrowFloat {
  uint8_t bits;
};
template <int width, bool hasSign> struct NarrowInteger {
  uint8_t bits;
};
struct F8E8M0 { // 2^(bits - 127); 255 is NaN
  uint8_t bits;
};
using F8E4M3FN = NarrowFloat<4, 3, 7, Beyond::Nan>;
using F8E4M3FNUZ = NarrowFloat<4, 3, 8, Beyond::UnsignedZero>;
using F8E5M2 = NarrowFloat<5, 2, 15, Beyond::Infinity>;
using F8E5M2FNUZ = NarrowFloat<5, 2, 16, Beyond::UnsignedZero>;
using F4E2M1 = NarrowFloat<2, 1, 1, Beyond::Nothing>;
using I4 = NarrowInteger<4, true>;
using U4 = NarrowInteger<4, false>;
using I2 = NarrowInteger<2, true>;
using U2 = NarrowInteger<2, false>;

template <class T> struct NarrowTraits {
  static constexpr bool isFloat = false, isInteger = false;
};
template <int exponent, int fraction, int bias, Beyond beyond>
struct NarrowTraits<NarrowFloat<exponent, fraction, bias, beyond>> {
  static constexpr bool isFloat = true, isInteger = false;
  using Value = float;

  static LATHE_INLINE float decode(uint8_t bits) {
    uint32_t magnitude = bits & ((1u << (exponent + fraction)) - 1), sign = uint32_t(bits >> (exponent + fraction) & 1)
                                                                            << 31;
    if constexpr (beyond == Beyond::UnsignedZero)
      if (bits == 0x80)
        return __builtin_nanf("");
    if constexpr (beyond == Beyond::Nan)
      if (magnitude == 0x7f)
        return bitCast<float>(sign | 0x7fc00000u);
    if constexpr (beyond == Beyond::Infinity)
      if (magnitude >= 0x7c)
        return bitCast<float>(sign | (magnitude == 0x7c ? 0x7f800000u : 0x7fc00000u));
    // The exponent is off by the difference of the biases; the product is exact and normalises denormals.
    float scale = bitCast<float>(uint32_t(254 - bias) << 23);
    return bitCast<float>(bitCast<uint32_t>(bitCast<float>(magnitude << (23 - fraction)) * scale) | sign);
  }
  static LATHE_INLINE uint8_t encode(float x) {
    constexpr uint32_t largest = beyond == Beyond::Infinity       ? 0x7bu
                                 : beyond == Beyond::Nan          ? 0x7eu
                                 : beyond == Beyond::UnsignedZero ? 0x7fu
                                                                  : 7u;
    uint32_t bits = bitCast<uint32_t>(x), magnitude = bits & 0x7fffffffu;
    uint32_t sign = (bits >> 31) << (exponent + fraction);
    if (magnitude > 0x7f800000u)
      return beyond == Beyond::UnsignedZero ? 0x80u
             : beyond == Beyond::Nothing    ? 0u
             : beyond == Beyond::Infinity   ? sign | 0x7eu
                                            : sign | 0x7fu;
    constexpr int least = 1 - bias;
    int power = int(magnitude >> 23) - 127;
    power = power > least ? power : least;
    uint32_t code = largest + 1;
    if (power - least < (1 << exponent)) {
      float step = bitCast<float>(uint32_t(127 + fraction - power) << 23); // a power of two: the product is exact
      code = (uint32_t(power - least) << fraction) +
             uint32_t(__builtin_elementwise_roundeven(bitCast<float>(magnitude) * step));
    }
    if (code > largest)
      return beyond == Beyond::UnsignedZero ? 0x80u : beyond == Beyond::Nothing ? sign | largest : sign | (largest + 1);
    return beyond == Beyond::UnsignedZero && code == 0 ? 0u : sign | code;
  }
};
template <> struct NarrowTraits<F8E8M0> {
  static constexpr bool isFloat = true, isInteger = false;
  using Value = float;

  static LATHE_INLINE float decode(uint8_t bits) {
    return bitCast<float>(bits == 255 ? 0x7fc00000u : bits == 0 ? 0x00400000u : uint32_t(bits) << 23);
  }
  static LATHE_INLINE uint8_t encode(float x) { // halves up
    uint32_t bits = bitCast<uint32_t>(x);
    if (bits < 0x00200000u || bits > 0x7f800000u) // below 2^-128, negative, NaN
      return 255;
    uint32_t power = bits >> 23;
    if (power == 0) // below 2^-126
      return bits < 0x00600000u ? 0 : 1;
    return power + (bits >> 22 & 1) > 254 ? 255 : uint8_t(power + (bits >> 22 & 1));
  }
};
template <int width, bool hasSign> struct NarrowTraits<NarrowInteger<width, hasSign>> {
  static constexpr bool isFloat = false, isInteger = true;
  using Value = typename Choose<hasSign, int8_t, uint8_t>::Type;

  static LATHE_INLINE Value decode(uint8_t bits) { // wraps
    return Value(uint8_t(bits << (8 - width))) >> (8 - width);
  }
  static LATHE_INLINE uint8_t encode(Value x) { return uint8_t(decode(uint8_t(x))); }
};
template <class T> inline constexpr bool isNarrowFloat = NarrowTraits<T>::isFloat;
template <class T> inline constexpr bool isNarrowInteger = NarrowTraits<T>::isInteger;
template <class T> inline constexpr bool isNarrow = isNarrowFloat<T> || isNarrowInteger<T>;

// N elements from and to memory.
template <class T, int N, class V> LATHE_INLINE V loadNarrow(const T *from) {
  V result;
  for (int i = 0; i < N; ++i)
    result[i] = NarrowTraits<T>::decode(from[i].bits);
  return result;
}
template <class T, int N, class V> LATHE_INLINE void storeNarrow(T *to, V value) {
  for (int i = 0; i < N; ++i)
    to[i].bits = NarrowTraits<T>::encode(value[i]);
}
// The nearest values that T stores; of integers: their low bits.
template <class T, class V> LATHE_INLINE V roundNarrow(V x, int lanes) {
  for (int i = 0; i < lanes; ++i)
    x[i] = NarrowTraits<T>::decode(NarrowTraits<T>::encode(x[i]));
  return x;
}

} // namespace lathe

#endif
