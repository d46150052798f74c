// Packed weights as kernels see them: for each block type of the layout "lanes" (runtime/cpu/PackedLayout.h) the sizes,
// and how quants, scales and minima of a sub-block of 32 elements come into vectors of L lanes.
#ifndef LATHE_COMMON_CPU_WEIGHTS_H
#define LATHE_COMMON_CPU_WEIGHTS_H

#include "common/cpu/dot.h"

namespace lathe {

inline constexpr int64_t lanesOfGroup = 16;

template <class W> inline constexpr bool isPlain = isSame<W, float> || isSame<W, Half> || isSame<W, BFloat>;

template <int L> LATHE_INLINE UInts<L> loadWords(const uint8_t *vector, int lane) {
  return loadRaw<UInts<L>>(vector + 4 * lane);
}
template <int L> LATHE_INLINE Floats<L> loadHalves(const uint8_t *vector, int lane) {
  return halvesToFloats<L>(loadRaw<UShorts<L>>(vector + 2 * lane));
}

template <int L> LATHE_INLINE void loadNibbles(const uint8_t *vectors, int lane, UInts<L> (&quants)[8]) {
  for (int j = 0; j < 4; ++j) {
    UInts<L> words = loadWords<L>(vectors + 64 * j, lane);
    quants[2 * j] = words & 0x0f0f0f0fu;
    quants[2 * j + 1] = (words >> 4) & 0x0f0f0f0fu;
  }
}
template <int L> LATHE_INLINE void addFifths(const uint8_t *vector, int lane, UInts<L> (&quants)[8]) {
  UInts<L> bits = loadWords<L>(vector, lane);
  for (int v = 0; v < 8; ++v)
    quants[v] |= (v < 4 ? bits << (4 - v) : bits >> (v - 4)) & 0x10101010u;
}
template <int L> LATHE_INLINE void addPairs(const uint8_t *vector, int lane, UInts<L> *quants) {
  UInts<L> bits = loadWords<L>(vector, lane);
  for (int v = 0; v < 4; ++v)
    quants[v] |= (v < 2 ? bits << (4 - 2 * v) : bits >> (2 * v - 4)) & 0x30303030u;
}

// What the formats have in common: an element is scale * (quant - zero) + minimum; quants are at most `largest`.
// `scales` of sub-block `sub` are those of its first and second 16 elements where `halves`, else one.
template <int64_t Elements, int64_t Head, int64_t Body, int Zero, int Largest, bool Minimum> struct BlockFormat {
  static constexpr int64_t elements = Elements, head = Head, body = Body;
  static constexpr int zero = Zero, largest = Largest;
  static constexpr bool hasMinimum = Minimum, isSigned = false, halves = false;
  static constexpr bool paired = Head % 64 != 0;
  static constexpr int64_t headOffset(int64_t block) {
    return paired ? block / 2 * 2 * (Head + Body) + block % 2 * Head : block * (Head + Body);
  }
  static constexpr int64_t bodyOffset(int64_t block) {
    return paired ? block / 2 * 2 * (Head + Body) + 2 * Head + block % 2 * Body : block * (Head + Body) + Head;
  }
};

template <class W> struct Format;

template <> struct Format<Q4_0> : BlockFormat<32, 32, 256, 8, 15, false> {
  template <int L> static LATHE_INLINE void quants(const uint8_t *body, int, int lane, UInts<L> (&q)[8]) {
    loadNibbles<L>(body, lane, q);
  }
  template <int L> static LATHE_INLINE Floats<L> scale(const uint8_t *head, int, int lane) {
    return loadHalves<L>(head, lane);
  }
};
template <> struct Format<Q4_1> : BlockFormat<32, 64, 256, 0, 15, true> {
  template <int L> static LATHE_INLINE void quants(const uint8_t *body, int, int lane, UInts<L> (&q)[8]) {
    loadNibbles<L>(body, lane, q);
  }
  template <int L> static LATHE_INLINE Floats<L> scale(const uint8_t *head, int, int lane) {
    return loadHalves<L>(head, lane);
  }
  template <int L> static LATHE_INLINE Floats<L> minimum(const uint8_t *head, int, int lane) {
    return loadHalves<L>(head + 32, lane);
  }
};
template <> struct Format<Q5_0> : BlockFormat<32, 32, 320, 16, 31, false> {
  template <int L> static LATHE_INLINE void quants(const uint8_t *body, int, int lane, UInts<L> (&q)[8]) {
    loadNibbles<L>(body + 64, lane, q);
    addFifths<L>(body, lane, q);
  }
  template <int L> static LATHE_INLINE Floats<L> scale(const uint8_t *head, int, int lane) {
    return loadHalves<L>(head, lane);
  }
};
template <> struct Format<Q5_1> : BlockFormat<32, 64, 320, 0, 31, true> {
  template <int L> static LATHE_INLINE void quants(const uint8_t *body, int, int lane, UInts<L> (&q)[8]) {
    loadNibbles<L>(body + 64, lane, q);
    addFifths<L>(body, lane, q);
  }
  template <int L> static LATHE_INLINE Floats<L> scale(const uint8_t *head, int, int lane) {
    return loadHalves<L>(head, lane);
  }
  template <int L> static LATHE_INLINE Floats<L> minimum(const uint8_t *head, int, int lane) {
    return loadHalves<L>(head + 32, lane);
  }
};
// Signed bytes; where the byte dot product wants unsigned ones they get an offset of 128.
template <> struct Format<Q8_0> : BlockFormat<32, 32, 512, hasByteDot ? 128 : 0, 255, false> {
  static constexpr bool isSigned = !hasByteDot;
  template <int L> static LATHE_INLINE void quants(const uint8_t *body, int, int lane, UInts<L> (&q)[8]) {
    for (int j = 0; j < 8; ++j)
      q[j] = loadWords<L>(body + 64 * j, lane) ^ (hasByteDot ? 0x80808080u : 0u);
  }
  template <int L> static LATHE_INLINE Floats<L> scale(const uint8_t *head, int, int lane) {
    return loadHalves<L>(head, lane);
  }
};
template <> struct Format<Int4> : BlockFormat<32, 128, 256, 0, 15, true> {
  template <int L> static LATHE_INLINE void quants(const uint8_t *body, int, int lane, UInts<L> (&q)[8]) {
    loadNibbles<L>(body, lane, q);
  }
  template <int L> static LATHE_INLINE Floats<L> scale(const uint8_t *head, int, int lane) {
    return bitCast<Floats<L>>(loadWords<L>(head, lane));
  }
  template <int L> static LATHE_INLINE Floats<L> minimum(const uint8_t *head, int, int lane) {
    return bitCast<Floats<L>>(loadWords<L>(head + 64, lane));
  }
};

template <int64_t Body> struct KFormat : BlockFormat<256, 256, Body, 0, Body == 2048 ? 15 : 31, true> {
  template <int L> static LATHE_INLINE void quants(const uint8_t *body, int sub, int lane, UInts<L> (&q)[8]) {
    if constexpr (Body == 2048) {
      loadNibbles<L>(body + 256 * sub, lane, q);
    } else {
      loadNibbles<L>(body + 320 * sub + 64, lane, q);
      addFifths<L>(body + 320 * sub, lane, q);
    }
  }
  // The six bits of scale (which 0) or minimum (which 1) of sub-block `sub`.
  template <int L> static LATHE_INLINE Floats<L> six(const uint8_t *head, int sub, int lane, int which) {
    UInts<L> own = loadWords<L>(head + 64 + 64 * which, lane);
    int shift = sub % 4 * 8;
    if (sub < 4)
      return __builtin_convertvector(bitCast<Ints<L>>((own >> shift) & 63u), Floats<L>);
    UInts<L> low = (loadWords<L>(head + 192, lane) >> (shift + 4 * which)) & 15u;
    return __builtin_convertvector(bitCast<Ints<L>>(low | ((own >> (shift + 6)) & 3u) << 4), Floats<L>);
  }
  template <int L> static LATHE_INLINE Floats<L> scale(const uint8_t *head, int sub, int lane) {
    return loadHalves<L>(head, lane) * six<L>(head, sub, lane, 0);
  }
  template <int L> static LATHE_INLINE Floats<L> minimum(const uint8_t *head, int sub, int lane) {
    return -(loadHalves<L>(head + 32, lane) * six<L>(head, sub, lane, 1));
  }
};
template <> struct Format<Q4_K> : KFormat<2048> {};
template <> struct Format<Q5_K> : KFormat<2560> {};
template <> struct Format<Q6_K> : BlockFormat<256, 320, 3072, 32, 63, false> {
  static constexpr bool halves = true;
  template <int L> static LATHE_INLINE void quants(const uint8_t *body, int sub, int lane, UInts<L> (&q)[8]) {
    loadNibbles<L>(body + 384 * sub + 128, lane, q);
    addPairs<L>(body + 384 * sub, lane, q);
    addPairs<L>(body + 384 * sub + 64, lane, q + 4);
  }
  // The int8 scale of half `half` of sub-block `sub`; to be multiplied by `scale`.
  template <int L> static LATHE_INLINE Ints<L> halfScale(const uint8_t *head, int sub, int half, int lane) {
    Ints<L> words = bitCast<Ints<L>>(loadWords<L>(head + 64 + sub / 2 * 64, lane));
    int byte = sub % 2 * 2 + half;
    return (words << (24 - 8 * byte)) >> 24;
  }
  template <int L> static LATHE_INLINE Floats<L> scale(const uint8_t *head, int, int lane) {
    return loadHalves<L>(head, lane);
  }
};

// Bytes of a group of 16 rows.
template <class W> constexpr int64_t groupBytes(int64_t columns) {
  if constexpr (isPlain<W>)
    return columns * lanesOfGroup * sizeof(W);
  else
    return Format<W>::bodyOffset(columns / Format<W>::elements - 1) + Format<W>::body;
}

// Calls consume(k, values) for the 32 elements of a sub-block, in the order of k: values as dequantised, of L lanes.
template <class W, int L, class Consume>
LATHE_INLINE void dequantizeBlock(const uint8_t *head, const uint8_t *body, int sub, int lane, Consume &&consume) {
  using F = Format<W>;
  UInts<L> quants[8];
  F::template quants<L>(body, sub, lane, quants);
  Floats<L> scale = F::template scale<L>(head, sub, lane), whole = scale, minimum = {};
  if constexpr (F::hasMinimum)
    minimum = F::template minimum<L>(head, sub, lane);
#pragma clang loop unroll(full)
  for (int k = 0; k < 32; ++k) {
    if constexpr (F::halves)
      if (k % 16 == 0)
        scale = whole * __builtin_convertvector(F::template halfScale<L>(head, sub, k / 16, lane), Floats<L>);
    UInts<L> word = quants[k / 4];
    Ints<L> quant = F::isSigned ? bitCast<Ints<L>>(word << (24 - k % 4 * 8)) >> 24
                                : bitCast<Ints<L>>((word >> (k % 4 * 8)) & 255u) - F::zero;
    Floats<L> value = scale * __builtin_convertvector(quant, Floats<L>);
    if constexpr (F::hasMinimum)
      value = value + minimum; // a statement of its own: rounded twice, as in the formula
    consume(k, value);
  }
}

} // namespace lathe

#endif
