// See LogitMath.h. Sums go over lanes of floats within a block and over doubles from block to block.
#include "runtime/sampling/LogitMath.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#pragma GCC diagnostic ignored "-Wpsabi" // lanes are handed to inlined functions alone

namespace lathe {

namespace {

// A second version of the loops with wider vectors. The same operations on the same lanes, without fused ones: the same
// bits.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LATHE_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define LATHE_WIDE
#endif
#define LATHE_ALWAYS_INLINE __attribute__((always_inline))
#define LATHE_INLINE inline LATHE_ALWAYS_INLINE

constexpr float infinity = std::numeric_limits<float>::infinity();

using Lanes = float __attribute__((vector_size(laneCount * sizeof(float))));
using IntLanes = int32_t __attribute__((vector_size(laneCount * sizeof(float))));

/// Those that a row does not have are -inf.
LATHE_INLINE Lanes loadLanes(std::span<const float> logits, size_t at) {
  Lanes lanes;
  if (at + laneCount <= logits.size()) {
    std::memcpy(&lanes, logits.data() + at, sizeof lanes);
    return lanes;
  }
  lanes = Lanes{} - infinity;
  std::memcpy(&lanes, logits.data() + at, (logits.size() - at) * sizeof(float));
  return lanes;
}

LATHE_INLINE float addLanes(Lanes lanes) {
  float sum = 0;
  for (size_t i = 0; i < laneCount; ++i)
    sum += lanes[i];
  return sum;
}

/// Adds up the `count` values that `term(lanes of logits)` gives, over the whole row; they are 0 where a logit is -inf.
template <size_t count, class Term>
LATHE_INLINE std::array<double, count> addUp(std::span<const float> logits, Term term) {
  std::array<double, count> total{};
  for (size_t block = 0; block < logits.size(); block += weightBlock) {
    Lanes sums[count] = {};
    for (size_t at = block; at < std::min(block + weightBlock, logits.size()); at += laneCount) {
      Lanes terms[count];
      term(loadLanes(logits, at), terms);
      for (size_t k = 0; k < count; ++k)
        sums[k] += terms[k];
    }
    for (size_t k = 0; k < count; ++k)
      total[k] += double(addLanes(sums[k]));
  }
  return total;
}

/// exp by range reduction: x = n ln 2 + r, |r| <= ln 2 / 2, and the Taylor polynomial of degree 7 in r.
LATHE_INLINE Lanes expLanes(Lanes x) {
  IntLanes vanishes = x < -87.0f;
  Lanes clamped = vanishes ? Lanes{} - 87.0f : x;
  constexpr float rounding = 12582912.0f; // 1.5 * 2^23: what is added to it is rounded to an integer
  Lanes shifted = clamped * 1.44269504f + rounding;
  Lanes n = shifted - rounding;
  Lanes r = clamped - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  Lanes p = r * (1.0f / 5040) + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  IntLanes power = (reinterpret_cast<IntLanes>(shifted) - std::bit_cast<int32_t>(rounding) + 127) << 23;
  return vanishes ? Lanes{} : p * reinterpret_cast<Lanes>(power);
}

} // namespace

float expOfNegative(float x) { return expLanes(Lanes{} + x)[0]; }

LATHE_WIDE float largestLogit(std::span<const float> logits) {
  Lanes largest = Lanes{} - infinity;
  for (size_t at = 0; at < logits.size(); at += laneCount) {
    Lanes row = loadLanes(logits, at);
    largest = row > largest ? row : largest;
  }
  float result = -infinity;
  for (size_t i = 0; i < laneCount; ++i)
    result = largest[i] > result ? largest[i] : result;
  return result;
}

size_t findOutOfRange(std::span<const float> logits) {
  size_t at = 0;
  for (; at + weightBlock <= logits.size(); at += weightBlock) {
    int32_t good = -1;
    for (size_t i = 0; i < weightBlock; ++i)
      good &= -int32_t(logits[at + i] < infinity);
    if (!good)
      break;
  }
  while (at < logits.size() && logits[at] < infinity)
    ++at;
  return at;
}

size_t findLargest(std::span<const float> logits) {
  float largest = -infinity;
  size_t best = logits.size();
  visitAbove(
      logits, [&] { return largest; },
      [&](size_t i) {
        largest = logits[i];
        best = i;
      });
  return best;
}

LATHE_WIDE double sumOfWeights(std::span<const float> logits, float largest) {
  return addUp<1>(logits, [=](Lanes row, Lanes *terms) LATHE_ALWAYS_INLINE { terms[0] = expLanes(row - largest); })[0];
}

LATHE_WIDE Moments weightMoments(std::span<const float> logits, float largest) {
  auto [weights, weighted, possible] = addUp<3>(logits, [=](Lanes row, Lanes *terms) LATHE_ALWAYS_INLINE {
    Lanes x = row - largest;
    terms[0] = expLanes(x);
    terms[1] = terms[0] > 0.0f ? terms[0] * x : Lanes{};
    terms[2] = row > -infinity ? Lanes{} + 1.0f : Lanes{};
  });
  return {weights, weighted, uint64_t(possible)};
}

double Moments::entropy() const { return std::log(weights) - weighted / weights; }

LATHE_WIDE std::pair<double, double> meanAndDeviation(std::span<const float> logits, float largest) {
  auto [sum, squares, possible] = addUp<3>(logits, [=](Lanes row, Lanes *terms) LATHE_ALWAYS_INLINE {
    IntLanes isPossible = row > -infinity;
    Lanes x = isPossible ? row - largest : Lanes{};
    terms[0] = x;
    terms[1] = x * x;
    terms[2] = isPossible ? Lanes{} + 1.0f : Lanes{};
  });
  if (possible == 0)
    return {0, 0};
  double mean = sum / possible;
  return {mean, std::sqrt(std::max(0.0, squares / possible - mean * mean))};
}

LATHE_WIDE void computeWeights(std::span<const float> logits, float largest, std::vector<float> &weights,
                               std::vector<double> &blockSums) {
  weights.resize(logits.size());
  blockSums.clear();
  for (size_t block = 0; block < logits.size(); block += weightBlock) {
    size_t end = std::min(block + weightBlock, logits.size());
    Lanes sums{};
    for (size_t at = block; at < end; at += laneCount) {
      Lanes lanes = expLanes(loadLanes(logits, at) - largest);
      sums += lanes;
      std::memcpy(weights.data() + at, &lanes, std::min(laneCount, end - at) * sizeof(float));
    }
    blockSums.push_back(double(addLanes(sums)));
  }
}

void collectAtLeast(std::span<const float> logits, float least, std::vector<uint32_t> &places) {
  size_t at = 0;
  for (; at + laneCount <= logits.size(); at += laneCount)
    if (largestOfLanes(logits.data() + at) >= least)
      for (size_t i = at; i < at + laneCount; ++i)
        if (logits[i] >= least)
          places.push_back(uint32_t(i));
  for (; at < logits.size(); ++at)
    if (logits[at] >= least)
      places.push_back(uint32_t(at));
}

} // namespace lathe
