// Rows of x times packed weights: a row as the sums want it, and the sums of some rows with a group of 16 lanes. The
// one place where the order of these sums is said: each kernel that includes it gives the same bits for a row.
//
// Parameters of the kernel that are used here: columns; types Weight, Input, NormWeight; int8 (x in blocks of 32:
// d = max|x| / 127, q = round half to even(x / d); block types only); norm, normWeight, epsilon (x is rms-normalised
// first).
#ifndef LATHE_COMMON_CPU_ROW_SUMS_H
#define LATHE_COMMON_CPU_ROW_SUMS_H

#include "common/cpu/math.h"
#include "common/cpu/norm.h"
#include "common/cpu/weights.h"

namespace lathe::row_sums {
using namespace parameters;

constexpr int lanes = nativeLanes;
constexpr int64_t bytesOfGroup = groupBytes<Weight>(columns);

// ---- a row of x as the sums want it: int8 quants, d, then what zero points or minima need; or floats
// ------------------

constexpr int64_t blocks = columns / 32;
template <class W> struct Needs {
  static constexpr bool minimum = Format<W>::hasMinimum;
  static constexpr int zero = Format<W>::zero;
  static constexpr int offsets = Format<W>::zero == 0 ? 0 : Format<W>::halves ? 2 : 1;
};
template <class W>
  requires isPlain<W>
struct Needs<W> {
  static constexpr bool minimum = false;
  static constexpr int zero = 0, offsets = 0;
};
constexpr int64_t scaleAt = columns;
constexpr int64_t sumAt = scaleAt + 4 * blocks;
constexpr int64_t offsetAt = sumAt + (Needs<Weight>::minimum ? 4 * blocks : 0);
constexpr int64_t rowEnd = int8 ? offsetAt + 4 * blocks * Needs<Weight>::offsets : 4 * columns;
// An odd number of lines, so that rows do not fall on each other in the caches.
constexpr int64_t rowBytes = roundUp(rowEnd, 128) + 64;

template <class T> LATHE_INLINE void put(uint8_t *to, T value) { __builtin_memcpy(to, &value, sizeof(T)); }
LATHE_INLINE float floatAt(const uint8_t *from) {
  float value;
  __builtin_memcpy(&value, from, 4);
  return value;
}

LATHE_INLINE Floats<16> normalised(const Input *x, int64_t i, float factor, const NormWeight *weight) {
  Floats<16> v = load<16>(x + i);
  if constexpr (norm) {
    v = v * factor;
    if constexpr (normWeight)
      v = v * load<16>(weight + i);
  }
  return v;
}

LATHE_INLINE void quantizeBlock(uint8_t *row, int64_t block, Floats<16> a, Floats<16> b) {
  float d = maxOfLanes(larger<Floats<16>>(abs(a), abs(b))) / 127.0f;
  Ints<16> qa = {}, qb = {};
  if (d != 0) {
    qa = __builtin_convertvector(round(a / d), Ints<16>);
    qb = __builtin_convertvector(round(b / d), Ints<16>);
  }
  put(row + 32 * block, __builtin_convertvector(qa, Bytes<16>));
  put(row + 32 * block + 16, __builtin_convertvector(qb, Bytes<16>));
  put(row + scaleAt + 4 * block, d);
  int32_t first = __builtin_reduce_add(qa), second = __builtin_reduce_add(qb);
  if constexpr (Needs<Weight>::minimum)
    put(row + sumAt + 4 * block, d * float(first + second));
  if constexpr (Needs<Weight>::offsets == 1)
    put(row + offsetAt + 4 * block, -Needs<Weight>::zero * (first + second));
  if constexpr (Needs<Weight>::offsets == 2) {
    put(row + offsetAt + 8 * block, -Needs<Weight>::zero * first);
    put(row + offsetAt + 8 * block + 4, -Needs<Weight>::zero * second);
  }
}

LATHE_INLINE void prepareRow(const Input *x, const NormWeight *weight, uint8_t *row) {
  float factor = norm ? inverseRms<columns>(x, epsilon) : 1.0f;
  if constexpr (int8) {
    for (int64_t block = 0; block < blocks; ++block)
      quantizeBlock(row, block, normalised(x, 32 * block, factor, weight),
                    normalised(x, 32 * block + 16, factor, weight));
  } else {
    int64_t i = 0;
    for (; i + 16 <= columns; i += 16)
      store<16>(reinterpret_cast<float *>(row) + i, normalised(x, i, factor, weight));
    for (; i < columns; ++i) {
      float v = loadFloat(x + i);
      if constexpr (norm) {
        v = v * factor;
        if constexpr (normWeight)
          v = v * loadFloat(weight + i);
      }
      reinterpret_cast<float *>(row)[i] = v;
    }
  }
}

// ---- sums of T tokens and S * lanes rows of a group, from lane `lane0`
// -------------------------------------------------

template <class W, int T, int S>
__attribute__((noinline)) void sumInt8(const uint8_t *group, const uint8_t *x, int lane0, float (*sums)[lanesOfGroup]) {
  using F = Format<W>;
  constexpr int L = lanes, subBlocks = F::elements / 32;
  // With few registers the minima have a loop of their own below: the same operations.
  constexpr bool minimaApart = F::hasMinimum && vectorRegisters == 16 && T >= 4;
  Floats<L> products[T][S] = {}, minima[T][S] = {};
  for (int64_t block = 0; block < columns / F::elements; ++block) {
    const uint8_t *head = group + F::headOffset(block), *body = group + F::bodyOffset(block);
    if constexpr (T <= 2) {
      constexpr int64_t size = F::head + F::body, ahead = 4096;
      for (int64_t i = 0; i < size; i += 64)
        __builtin_prefetch(group + block * size + ahead + i);
    }
    for (int sub = 0; sub < subBlocks; ++sub) {
      int64_t index = block * subBlocks + sub;
      LATHE_UNROLL for (int s = 0; s < S; ++s) {
        int lane = lane0 + s * L;
        UInts<L> quants[8];
        F::template quants<L>(body, sub, lane, quants);
        Floats<L> scale = F::template scale<L>(head, sub, lane), minimum = {};
        if constexpr (F::hasMinimum)
          minimum = F::template minimum<L>(head, sub, lane);
        Ints<L> halfScales[2] = {};
        if constexpr (F::halves)
          for (int half = 0; half < 2; ++half)
            halfScales[half] = F::template halfScale<L>(head, sub, half, lane);
        LATHE_UNROLL for (int t = 0; t < T; ++t) {
          const uint8_t *row = x + t * rowBytes;
          const int8_t *q = reinterpret_cast<const int8_t *>(row) + 32 * index;
          Ints<L> total = {};
          if constexpr (F::halves) {
            const uint8_t *offset = row + offsetAt + 8 * index;
            auto first = dotOfBytes<L, 4, F::largest, F::isSigned>(quants, q, Ints<L>(int32_t(loadWord(offset))));
            auto second =
                dotOfBytes<L, 4, F::largest, F::isSigned>(quants + 4, q + 16, Ints<L>(int32_t(loadWord(offset + 4))));
            total = first * halfScales[0] + second * halfScales[1];
          } else {
            if constexpr (F::zero != 0)
              total = Ints<L>(int32_t(loadWord(row + offsetAt + 4 * index)));
            total = dotOfBytes<L, 8, F::largest, F::isSigned>(quants, q, total);
          }
          Floats<L> both = scale * floatAt(row + scaleAt + 4 * index);
          products[t][s] = products[t][s] + __builtin_convertvector(total, Floats<L>) * both;
          if constexpr (F::hasMinimum && !minimaApart)
            minima[t][s] = minima[t][s] + minimum * floatAt(row + sumAt + 4 * index);
        }
      }
    }
  }
  if constexpr (minimaApart)
    for (int64_t index = 0; index < blocks; ++index)
      LATHE_UNROLL for (int s = 0; s < S; ++s) {
        const uint8_t *head = group + F::headOffset(index / subBlocks);
        Floats<L> minimum = F::template minimum<L>(head, int(index % subBlocks), lane0 + s * L);
        LATHE_UNROLL for (int t = 0; t < T; ++t) minima[t][s] =
            minima[t][s] + minimum * floatAt(x + t * rowBytes + sumAt + 4 * index);
      }
  for (int t = 0; t < T; ++t)
    for (int s = 0; s < S; ++s)
      store<L>(&sums[t][lane0 + s * L], products[t][s] + minima[t][s]);
}

// Even and odd k have sums of their own: chains of additions half as long.
template <class W, int T, int S>
__attribute__((noinline)) void sumFloats(const uint8_t *group, const uint8_t *x, int lane0,
                                         float (*sums)[lanesOfGroup]) {
  constexpr int L = lanes;
  Floats<L> sum[T][S][2] = {};
  if constexpr (isPlain<W>) {
    constexpr int64_t bytes = sizeof(W) * lanesOfGroup;
    auto add = [&](int64_t k, int chain) __attribute__((always_inline)) {
      if constexpr (T <= 2)
        if (chain == 0)
          for (int64_t i = 0; i < 2 * bytes; i += 64)
            __builtin_prefetch(group + k * bytes + 4096 + i);
      LATHE_UNROLL for (int s = 0; s < S; ++s) {
        Floats<L> weight = load<L>(reinterpret_cast<const W *>(group + k * bytes) + lane0 + s * L);
        LATHE_UNROLL for (int t = 0; t < T; ++t) sum[t][s][chain] =
            sum[t][s][chain] + weight * floatAt(x + t * rowBytes + 4 * k);
      }
    };
    int64_t k = 0;
    for (; k + 2 <= columns; k += 2) {
      add(k, 0);
      add(k + 1, 1);
    }
    if (k < columns)
      add(k, 0);
  } else {
    using F = Format<W>;
    constexpr int subBlocks = F::elements / 32;
    for (int64_t block = 0; block < columns / F::elements; ++block) {
      const uint8_t *head = group + F::headOffset(block), *body = group + F::bodyOffset(block);
      for (int sub = 0; sub < subBlocks; ++sub) {
        const uint8_t *from = x + 4 * 32 * (block * subBlocks + sub);
        LATHE_UNROLL for (int s = 0; s < S; ++s) dequantizeBlock<W, L>(
            head, body, sub, lane0 + s * L, [&](int k, Floats<L> weight) __attribute__((always_inline)) {
              LATHE_UNROLL for (int t = 0; t < T; ++t) sum[t][s][k & 1] =
                  sum[t][s][k & 1] + weight * floatAt(from + t * rowBytes + 4 * k);
            });
      }
    }
  }
  for (int t = 0; t < T; ++t)
    for (int s = 0; s < S; ++s)
      store<L>(&sums[t][lane0 + s * L], sum[t][s][0] + sum[t][s][1]);
}

template <int T> LATHE_INLINE void sumGroup(const uint8_t *group, const uint8_t *x, float (*sums)[lanesOfGroup]) {
  constexpr int S = greatest(1, int(lanesOfGroup) / lanes / T);
  for (int lane = 0; lane < lanesOfGroup; lane += S * lanes)
    if constexpr (int8)
      sumInt8<Weight, T, S>(group, x, lane, sums);
    else
      sumFloats<Weight, T, S>(group, x, lane, sums);
}

} // namespace lathe::row_sums

#endif
