// Dot products of bytes, four a lane, with int32 sums: exact, so their order does not matter and every CPU gives the
// same bits. One of the files that ask what the CPU can do (VNNI, AVX-512BW, AVX2, SSSE3).
#ifndef LATHE_COMMON_CPU_DOT_H
#define LATHE_COMMON_CPU_DOT_H

#include "common/cpu/lanes.h"

namespace lathe {

// sum[lane] += weights (4 unsigned bytes of a lane) . x (4 signed bytes of a lane), in one instruction.
#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
inline constexpr bool hasByteDot = true;
#else
inline constexpr bool hasByteDot = false;
#endif

template <int L> LATHE_INLINE Ints<L> byteDot(Ints<L> sum, UInts<L> weights, UInts<L> x) {
#if defined(__AVX512VNNI__)
  if constexpr (L == 16)
    return bitCast<Ints<L>>(__builtin_ia32_vpdpbusd512(sum, bitCast<Ints<L>>(weights), bitCast<Ints<L>>(x)));
#endif
#if defined(__AVXVNNI__) || (defined(__AVX512VNNI__) && defined(__AVX512VL__))
  if constexpr (L == 8)
    return bitCast<Ints<L>>(__builtin_ia32_vpdpbusd256(sum, bitCast<Ints<L>>(weights), bitCast<Ints<L>>(x)));
#endif
  return sum; // never: lanes are as many as a register of the CPU has
}

// Pairs of products of an unsigned and a signed byte, added with saturation to int16: callers keep the bounds.
template <int L> LATHE_INLINE Shorts<2 * L> bytePairs(UInts<L> weights, UInts<L> x) {
#if defined(__AVX512BW__)
  if constexpr (L == 16)
    return bitCast<Shorts<32>>(__builtin_ia32_pmaddubsw512(bitCast<Bytes<64>>(weights), bitCast<Bytes<64>>(x)));
#endif
#if defined(__AVX2__)
  if constexpr (L == 8)
    return bitCast<Shorts<16>>(__builtin_ia32_pmaddubsw256(bitCast<Bytes<32>>(weights), bitCast<Bytes<32>>(x)));
#endif
#if defined(__SSSE3__)
  if constexpr (L == 4)
    return bitCast<Shorts<8>>(__builtin_ia32_pmaddubsw128(bitCast<Bytes<16>>(weights), bitCast<Bytes<16>>(x)));
#endif
  if constexpr (L > 4) {
    auto low = bytePairs<L / 2>(weights.lo, x.lo), high = bytePairs<L / 2>(weights.hi, x.hi);
    Shorts<2 * L> result;
    result.lo = low;
    result.hi = high;
    return result;
  }
  return Shorts<2 * L>(0);
}

// Neighbours added to int32.
template <int L> LATHE_INLINE Ints<L> shortPairs(Shorts<2 * L> v) {
#if defined(__AVX512BW__)
  if constexpr (L == 16)
    return bitCast<Ints<L>>(__builtin_ia32_pmaddwd512(v, Shorts<32>(1)));
#endif
#if defined(__AVX2__)
  if constexpr (L == 8)
    return bitCast<Ints<L>>(__builtin_ia32_pmaddwd256(v, Shorts<16>(1)));
#endif
  if constexpr (L == 4)
    return bitCast<Ints<L>>(__builtin_ia32_pmaddwd128(v, Shorts<8>(1)));
  Ints<L> both = bitCast<Ints<L>>(v);
  return (both >> 16) + ((both << 16) >> 16);
}

// x with the signs of w: for |w| * that == w * x.
template <int L> LATHE_INLINE UInts<L> withSigns(UInts<L> x, UInts<L> w) {
  auto bytes = bitCast<Bytes<4 * L>>(x), signs = bitCast<Bytes<4 * L>>(w) >> 7;
  return bitCast<UInts<L>>((bytes ^ signs) - signs);
}

LATHE_INLINE uint32_t loadWord(const void *from) {
  uint32_t word;
  __builtin_memcpy(&word, from, 4);
  return word;
}

// start + the dot product of 4 * Count elements: weights[v] holds elements 4v .. 4v+3 of each lane, x all of them, each
// in -127 .. 127. Unsigned weights are at most Largest; signed ones are in -128 .. 127.
template <int L, int Count, int Largest, bool Signed>
LATHE_INLINE Ints<L> dotOfBytes(const UInts<L> *weights, const int8_t *x, Ints<L> start) {
  if constexpr (hasByteDot) {
    static_assert(!Signed, "signed weights are made unsigned by an offset");
    for (int v = 0; v < Count; ++v)
      start = byteDot<L>(start, weights[v], UInts<L>(loadWord(x + 4 * v)));
    return start;
  } else if constexpr (Signed) {
    for (int v = 0; v < Count; ++v) {
      UInts<L> magnitude = withSigns<L>(weights[v], weights[v]); // -128 becomes the unsigned 128
      start = start + shortPairs<L>(bytePairs<L>(magnitude, withSigns<L>(UInts<L>(loadWord(x + 4 * v)), weights[v])));
    }
    return start;
  } else {
    // As many products as an int16 holds are added before they are widened.
    constexpr int step = least(Count, 32767 / (Largest * 127 * 2));
    static_assert(step > 0 && Count % step == 0);
    for (int v = 0; v < Count; v += step) {
      Shorts<2 * L> sum = bytePairs<L>(weights[v], UInts<L>(loadWord(x + 4 * v)));
      for (int i = 1; i < step; ++i)
        sum = sum + bytePairs<L>(weights[v + i], UInts<L>(loadWord(x + 4 * (v + i))));
      start = start + shortPairs<L>(sum);
    }
    return start;
  }
}

} // namespace lathe

#endif
