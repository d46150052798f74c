// For tests: rows of any float or block type with plausible scales, from a fixed seed.
#pragma once

#include "runtime/ElementType.h"

#include <cstring>
#include <random>
#include <vector>

namespace lathe::test {

/// Half bits of a value that a half holds exactly: sign * (1 + fraction / 1024) * 2^exponent.
inline uint16_t halfBits(bool negative, unsigned fraction, int exponent) {
  return uint16_t(unsigned(negative) << 15 | unsigned(exponent + 15) << 10 | (fraction & 1023));
}

/// Row-major bytes; quants are any bits, scales and minima about 2^-7, floats of normal distribution.
inline std::vector<std::byte> randomRows(LatheType type, uint64_t rows, uint64_t columns, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(*bytesOfRows(type, rows, columns));
  auto put = [&](size_t at, auto value) { std::memcpy(bytes.data() + at, &value, sizeof value); };
  auto half = [&] { return halfBits(random() & 1, unsigned(random()), -7 - int(random() % 2)); };
  if (!isBlockType(type)) {
    std::normal_distribution<float> normal(0, 0.1f);
    for (uint64_t i = 0; i < rows * columns; ++i)
      if (type == LATHE_F32)
        put(4 * i, normal(random));
      else if (type == LATHE_BF16)
        put(2 * i, uint16_t(__builtin_bit_cast(uint32_t, normal(random)) >> 16));
      else
        put(2 * i, halfBits(random() & 1, unsigned(random()), -4 - int(random() % 4)));
    return bytes;
  }
  for (std::byte &byte : bytes)
    byte = std::byte(random());
  uint32_t size = bytesPerBlock(type);
  for (size_t at = 0; at < bytes.size(); at += size)
    switch (type) {
    case LATHE_INT4:
      put(at, 0.01f + 1e-4f * float(random() % 100));
      put(at + 4, -0.05f + 1e-3f * float(random() % 100));
      break;
    case LATHE_Q6_K:
      put(at + 208, halfBits(random() & 1, unsigned(random()), -13));
      break;
    case LATHE_Q4_1:
    case LATHE_Q5_1:
    case LATHE_Q4_K:
    case LATHE_Q5_K:
      put(at + 2, half());
      [[fallthrough]];
    default:
      put(at, half());
    }
  return bytes;
}

inline constexpr LatheType weightTypes[] = {LATHE_F32,  LATHE_F16,  LATHE_BF16, LATHE_Q4_0, LATHE_Q4_1, LATHE_Q5_0,
                                            LATHE_Q5_1, LATHE_Q8_0, LATHE_Q4_K, LATHE_Q5_K, LATHE_Q6_K, LATHE_INT4};

} // namespace lathe::test
