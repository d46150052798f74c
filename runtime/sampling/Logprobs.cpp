// See Logprobs.h.
#include "runtime/sampling/Logprobs.h"

#include "runtime/sampling/LogitMath.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe {

TokenLogprobs LogprobReader::read(std::span<const float> logits, int32_t id, size_t count) {
  float top = largestLogit(logits);
  double total = double(top) + std::log(sumOfWeights(logits, top));
  auto logprob = [&](float logit) { return float(double(logit) - total); };
  TokenLogprobs entry;
  entry.id = id;
  entry.logprob =
      id >= 0 && size_t(id) < logits.size() ? logprob(logits[size_t(id)]) : -std::numeric_limits<float>::infinity();
  if (count) {
    candidates_.reset(logits, {});
    candidates_.largestInOrder(count, ordered_);
    for (auto [other, logit] : ordered_)
      entry.top.push_back({other, logprob(logit)});
  }
  return entry;
}

void LogprobReader::readChain(const Distribution &distribution, size_t count, TokenLogprobs &entry) {
  entry.chainLogprob = std::log(distribution.probability(entry.id));
  if (!count)
    return;
  candidates_.reset(distribution.probabilities, {});
  candidates_.largestInOrder(count, ordered_);
  for (auto [place, probability] : ordered_)
    if (probability > 0)
      entry.chainTop.push_back({distribution.ids[size_t(place)], std::log(probability)});
}

} // namespace lathe
