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
#include "common/cpu/row_sums.h"

// So that the names exist where a launch has no such functor.
namespace lathe::functors {
struct Nothing {};
void epilogue(Nothing);
void activation(Nothing);
} // namespace lathe::functors

namespace lathe {

namespace linear_parts {
using namespace parameters;
using namespace row_sums;

constexpr int64_t outputs = glu ? rows / 2 : rows;
constexpr int64_t groups = ceilDiv(outputs, lanesOfGroup);
constexpr int64_t scratchBytes = 64 + tokenBlock * rowBytes;

// A negative number counts from the end; what is no row takes the nearest.
LATHE_INLINE int64_t chosenRow(const LatheKernelContext &context, int64_t row) {
  int64_t index = static_cast<const Index *>(context.buffers[2 + normWeight])[row], count = context.params[1];
  return greatest<int64_t>(least(index < 0 ? index + count : index, count - 1), 0);
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
