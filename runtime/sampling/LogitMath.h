// Sums, maxima and exponentials over rows of logits in plain loops that compilers turn into vector instructions, in an
// order that depends on the length of the row alone. -inf stands for a token that is not possible; no value is NaN or
// +inf.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lathe {

/// -inf for an empty row.
float largestLogit(std::span<const float> logits);
/// The place of the first value that is NaN or +inf; the length when there is none.
size_t findOutOfRange(std::span<const float> logits);
/// The place of the largest, the first among equals; the length when all are -inf.
size_t findLargest(std::span<const float> logits);

/// exp(x) for x <= 0 to 2 units in the last place; 0 below -87.
float expOfNegative(float x);

/// Sum of exp(logit - largest).
double sumOfWeights(std::span<const float> logits, float largest);
struct Moments {
  double weights = 0;  ///< sum of exp(x), x = logit - largest
  double weighted = 0; ///< sum of x exp(x)
  uint64_t possible = 0;
  /// Of the distribution exp(x) / weights, in nats.
  double entropy() const;
};
Moments weightMoments(std::span<const float> logits, float largest);
/// Mean and standard deviation (dividing by the count) of the possible logits, less `largest`.
std::pair<double, double> meanAndDeviation(std::span<const float> logits, float largest);

/// weights[i] = exp(logits[i] - largest), and their sum over every `weightBlock` of them.
constexpr size_t weightBlock = 256;
void computeWeights(std::span<const float> logits, float largest, std::vector<float> &weights,
                    std::vector<double> &blockSums);

/// Appends the places of logits that are at least `least`, in order.
void collectAtLeast(std::span<const float> logits, float least, std::vector<uint32_t> &places);

constexpr size_t laneCount = 16;
inline float largestOfLanes(const float *logits) {
  float lanes[4] = {logits[0], logits[1], logits[2], logits[3]};
  for (size_t i = 4; i < laneCount; ++i)
    lanes[i % 4] = logits[i] > lanes[i % 4] ? logits[i] : lanes[i % 4];
  float a = lanes[0] > lanes[1] ? lanes[0] : lanes[1], b = lanes[2] > lanes[3] ? lanes[2] : lanes[3];
  return a > b ? a : b;
}

/// Calls visit(place) for logits above limit(), which only rises: runs of logits below it are passed over.
template <class Limit, class Visit> void visitAbove(std::span<const float> logits, Limit limit, Visit visit) {
  size_t at = 0;
  for (; at + laneCount <= logits.size(); at += laneCount)
    if (largestOfLanes(logits.data() + at) > limit())
      for (size_t i = at; i < at + laneCount; ++i)
        if (logits[i] > limit())
          visit(i);
  for (; at < logits.size(); ++at)
    if (logits[at] > limit())
      visit(at);
}

} // namespace lathe
