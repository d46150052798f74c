// Counter-based random numbers: Philox4x32-10 of Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC
// 2011).
#pragma once

#include <array>
#include <cstdint>

namespace lathe {

/// The block of four numbers at `counter` under `key`.
constexpr std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t(0xD2511F53u) * counter[0], b = uint64_t(0xCD9E8D57u) * counter[2];
    counter = {uint32_t(b >> 32) ^ counter[1] ^ key[0], uint32_t(b), uint32_t(a >> 32) ^ counter[3] ^ key[1],
               uint32_t(a)};
    key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
  }
  return counter;
}

/// A number in [0, 1) with 53 random bits that depends on nothing but its arguments: the seed, the sequence, the
/// position that is drawn for, and which of several draws there.
constexpr double uniformAt(uint64_t seed, uint64_t sequence, uint32_t position, uint32_t draw = 0) {
  auto block =
      philox({uint32_t(sequence), uint32_t(sequence >> 32), position, draw}, {uint32_t(seed), uint32_t(seed >> 32)});
  return double((uint64_t(block[0]) << 21) ^ (block[1] >> 11)) * 0x1p-53;
}

} // namespace lathe
