// y = s / sqrt(mean(s^2) + epsilon) * weight over rows, where s = x, or x + residual with `residual`; computed in f32.
//
// Buffers: x (rows, columns) of Input, rows inputStride apart; residual (rows, columns) of Input where `residual`;
// weight (columns) of Weight where `weight`; outputs: s (rows, columns) of Input where `residual` and `keepSum`; y
// (rows, columns) of Output. params: 0 rows. Grid: rows. Parameters: columns, inputStride; residual, keepSum, weight;
// epsilon; types Input, Weight, Output. Bound by the memory. The same operations as linear's prologue.
#include "common/cpu/norm.h"

namespace lathe {

void rms_norm(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  constexpr int weightBuffer = 1 + residual, outputBuffer = weightBuffer + weight;
  const Weight *weights = static_cast<const Weight *>(context.buffers[weight ? weightBuffer : 0]);
  for (int64_t row = begin; row < end; ++row) {
    const Input *x = static_cast<const Input *>(context.buffers[0]) + row * inputStride;
    Output *y = static_cast<Output *>(context.buffers[outputBuffer + (residual && keepSum)]) + row * columns;
    constexpr int64_t whole = columns / 16 * 16;
    alignas(64) Input sums[residual ? columns : 1];
    if constexpr (residual) {
      const Input *other = static_cast<const Input *>(context.buffers[1]) + row * columns;
      for (int64_t i = 0; i < whole; i += 16)
        store<16>(sums + i, load<16>(x + i) + load<16>(other + i));
      for (int64_t i = whole; i < columns; ++i)
        storeFloat(sums + i, loadFloat(x + i) + loadFloat(other + i));
      if constexpr (keepSum)
        __builtin_memcpy(static_cast<Input *>(context.buffers[outputBuffer]) + row * columns, sums, sizeof(sums));
      x = sums;
    }
    float factor = inverseRms<columns>(x, epsilon);
    auto scaled = [&](auto value, auto weightValue) {
      auto v = value * factor;
      if constexpr (weight)
        v = v * weightValue;
      return v;
    };
    for (int64_t i = 0; i < whole; i += 16)
      store<16>(y + i, scaled(load<16>(x + i), weight ? load<16>(weights + i) : Floats<16>(0)));
    for (int64_t i = whole; i < columns; ++i)
      storeFloat(y + i, scaled(loadFloat(x + i), weight ? loadFloat(weights + i) : 0.0f));
  }
}

} // namespace lathe
