// See Bandwidth.h.
#include "tools/lathe/Bandwidth.h"

#include "runtime/Mapping.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <unistd.h>

namespace lathe {
namespace {

using Words = uint64_t __attribute__((ext_vector_type(8)));

struct Reading {
  const std::byte *data;
  uint64_t tileBytes;
  std::atomic<uint64_t> sum{0};
};

void readTiles(void *context, unsigned, int64_t begin, int64_t end) {
  auto *reading = static_cast<Reading *>(context);
  Words sums[4] = {};
  const auto *from = reinterpret_cast<const Words *>(reading->data + begin * reading->tileBytes);
  const auto *to = reinterpret_cast<const Words *>(reading->data + end * reading->tileBytes);
  for (; from < to; from += 4)
    for (int i = 0; i < 4; ++i)
      sums[i] ^= from[i];
  Words all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  uint64_t sum = 0;
  for (int i = 0; i < 8; ++i)
    sum ^= all[i];
  reading->sum ^= sum; // somebody reads the result, so the compiler keeps the loop
}

} // namespace

double measureReadBandwidth(ThreadPool &pool) {
  constexpr uint64_t tileBytes = 1 << 20;
  uint64_t available =
      static_cast<uint64_t>(std::max(0l, sysconf(_SC_AVPHYS_PAGES))) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  uint64_t bytes = std::clamp<uint64_t>(available / 4, 64 << 20, 1 << 30) / tileBytes * tileBytes;
  Result<Mapping> memory = Mapping::zeroed(bytes, "the bandwidth test");
  if (!memory)
    return 0;
  std::memset(memory->data(), 1, bytes);
  Reading reading{memory->data(), tileBytes};
  double best = 0;
  ThreadPool::Cost cost{1e5};
  auto lock = pool.lock();
  for (int pass = 0; pass < 6; ++pass) {
    auto start = std::chrono::steady_clock::now();
    pool.run(static_cast<int64_t>(bytes / tileBytes), cost, readTiles, &reading);
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, static_cast<double>(bytes) / seconds);
  }
  return best;
}

} // namespace lathe
