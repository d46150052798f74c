// Elements of any type as f32, plainly and exactly: the reference that packed formats and kernels are compared to.
// Relies on runtime/ElementType.h; the block layouts are GGML's.
#pragma once

#include "runtime/Status.h"
#include "runtime/artifact.h"

#include <cstdint>
#include <span>

namespace lathe {

/// Writes out.size() elements. Every operation is rounded to f32 on its own (scale * quant, then - or + minimum), so
/// the result is the same on every machine. Integers and F64 are rounded to the nearest f32. Fails when out.size() is
/// not a number of whole blocks or `bytes` is not exactly their size.
Status dequantize(LatheType type, std::span<const uint8_t> bytes, std::span<float> out);

float halfToFloat(uint16_t bits);
/// The value of an element of a narrow type; 0 for other types.
float narrowToFloat(LatheType type, uint8_t bits);
inline float bfloat16ToFloat(uint16_t bits) { return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16); }

} // namespace lathe
