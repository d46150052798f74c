// y[t, n] = epilogue(sum over k of x[t, k] * W[n, k] + bias[n], operands...), or with `glu`
// y[t, n] = epilogue(activation(gate[t, n]) * up[t, n], operands...), where gate and up are the sums of the weight's
// halves.
//
// Buffers: x (.., columns) of Input, rows `inputStride` elements apart; W packed (interleaved with glu); norm weight
// (columns) where `normWeight`; row numbers of Index where `gather`; bias (rows) of Bias where `bias`; operands of the
// epilogue of the types in Operands; y (tokens, outputs) of Output, where outputs is `rows`, or rows / 2 with glu.
// params: 0 tokens (rows of y); 1 rows of x, where `gather`.
// Grid: ceil(tokens / tokenBlock) * groups, groups = ceil(outputs / 16); the groups of one token block follow each
// other. Thread scratch: scratchBytes below: the rows of x of a token block, prepared once per thread and launch.
//
// Parameters: rows, columns, inputStride, tokenBlock; types Weight, Input, Output, NormWeight, Index, Bias, Operands;
// int8 (x in blocks of 32: d = max|x| / 127, q = round half to even(x / d); block types only); norm, normWeight,
// epsilon (x is rms-normalised first); gather (row r of y is of row index[r] of x); bias; glu (functors::activation);
// epilogue (functors::epilogue); operandKinds[]: 0 (tokens, outputs) with rows operandStrides[] apart, 1 (outputs), 2
// one element.
//
// A lane is a row of W; blocks are added in the order of k. A few tokens are bound by reading W, many by the dot
// products.
#include "common/cpu/math.h"
#include "common/cpu/norm.h"
#include "common/cpu/weights.h"

// So that the names exist where a launch has no such functor.
namespace lathe::functors {
struct Nothing {};
void epilogue(Nothing);
void activation(Nothing);
} // namespace lathe::functors

namespace lathe {

namespace linear_parts {
using namespace parameters;

constexpr int lanes = nativeLanes;
constexpr int64_t outputs = glu ? rows / 2 : rows;
constexpr int64_t groups = ceilDiv(outputs, lanesOfGroup);
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
constexpr int64_t scratchBytes = 64 + tokenBlock * rowBytes;

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

// A negative number counts from the end; what is no row takes the nearest.
LATHE_INLINE int64_t chosenRow(const LatheKernelContext &context, int64_t row) {
  int64_t index = static_cast<const Index *>(context.buffers[2 + normWeight])[row], count = context.params[1];
  return greatest<int64_t>(least(index < 0 ? index + count : index, count - 1), 0);
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

// ---- what happens to the sums
// ------------------------------------------------------------------------------------------

template <class T> LATHE_INLINE Floats<16> loadColumns(const T *from, int64_t column) {
  if (outputs % lanesOfGroup == 0 || column + lanesOfGroup <= outputs)
    return load<16>(from + column);
  return loadPart<16>(from + column, outputs - column);
}

template <int I, class T> LATHE_INLINE Floats<16> operand(const void *buffer, int64_t row, int64_t column) {
  const T *from = static_cast<const T *>(buffer);
  if constexpr (operandKinds[I] == 0)
    return loadColumns(from + row * operandStrides[I], column);
  else if constexpr (operandKinds[I] == 1)
    return loadColumns(from, column);
  else
    return Floats<16>(loadFloat(from));
}

template <class V> LATHE_INLINE V activated(V gate) {
  if constexpr (glu)
    return functors::activation(gate);
  else
    return gate;
}

template <class... T, int... I>
LATHE_INLINE Floats<16> finish(Types<T...>, Integers<I...>, Floats<16> y, void *const *operands, int64_t row,
                               int64_t column) {
  if constexpr (epilogue)
    return functors::epilogue(y, operand<I, T>(operands[I], row, column)...);
  else
    return y;
}

constexpr int normBuffer = 2, indexBuffer = normBuffer + normWeight, biasBuffer = indexBuffer + gather,
              operandBuffer = biasBuffer + bias, outputBuffer = operandBuffer + Operands::count;

template <int T>
LATHE_INLINE void tokens(const LatheKernelContext &context, int64_t group, const uint8_t *x, int64_t row) {
  const uint8_t *weight = static_cast<const uint8_t *>(context.buffers[1]);
  constexpr int halves = glu ? 2 : 1;
  alignas(64) float sums[halves][T][lanesOfGroup];
  for (int half = 0; half < halves; ++half)
    sumGroup<T>(weight + (group * halves + half) * bytesOfGroup, x, sums[half]);
  int64_t column = group * lanesOfGroup;
  for (int t = 0; t < T; ++t) {
    Floats<16> y = load<16>(sums[0][t]), up = {};
    if constexpr (glu)
      up = load<16>(sums[1][t]);
    if constexpr (bias) {
      const Bias *from = static_cast<const Bias *>(context.buffers[biasBuffer]);
      y = y + loadColumns(from, column);
      if constexpr (glu)
        up = up + loadColumns(from + outputs, column);
    }
    if constexpr (glu)
      y = activated(y) * up;
    y = finish(Operands(), IntegersTo<Operands::count>(), y, context.buffers + operandBuffer, row + t, column);
    Output *to = static_cast<Output *>(context.buffers[outputBuffer]) + (row + t) * outputs + column;
    if (outputs % lanesOfGroup == 0 || column + lanesOfGroup <= outputs)
      store<16>(to, y);
    else
      storePart<16>(to, y, outputs - column);
  }
}

} // namespace linear_parts

void linear(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace linear_parts;
  struct Prepared {
    uint64_t serial;
    int64_t block;
  };
  auto *prepared = static_cast<Prepared *>(context.threadScratch);
  uint8_t *x = static_cast<uint8_t *>(context.threadScratch) + 64;
  int64_t count = context.params[0];
  for (int64_t tile = begin; tile < end;) {
    int64_t block = tile / groups, first = block * tokenBlock, rowsHere = least(tokenBlock, count - first);
    if (prepared->serial != context.launchSerial || prepared->block != block) {
      for (int64_t t = 0; t < rowsHere; ++t) {
        int64_t row = first + t;
        if constexpr (gather)
          row = chosenRow(context, row);
        const void *norms = normWeight ? context.buffers[normBuffer] : nullptr;
        prepareRow(static_cast<const Input *>(context.buffers[0]) + row * inputStride,
                   static_cast<const NormWeight *>(norms), x + t * rowBytes);
      }
      *prepared = {context.launchSerial, block};
    }
    int64_t stop = least(end, (block + 1) * groups);
    for (; tile < stop; ++tile) {
      int64_t group = tile - block * groups, t = 0;
      if constexpr (nativeLanes == 16 && int8)
        for (; t + 16 <= rowsHere; t += 16)
          tokens<16>(context, group, x + t * rowBytes, first + t);
      if constexpr (nativeLanes == 16)
        for (; t + 8 <= rowsHere; t += 8)
          tokens<8>(context, group, x + t * rowBytes, first + t);
      for (; t + 4 <= rowsHere; t += 4)
        tokens<4>(context, group, x + t * rowBytes, first + t);
      for (; t + 2 <= rowsHere; t += 2)
        tokens<2>(context, group, x + t * rowBytes, first + t);
      for (; t < rowsHere; ++t)
        tokens<1>(context, group, x + t * rowBytes, first + t);
    }
  }
}

} // namespace lathe
