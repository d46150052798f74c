// See Sampler.h. Order and rules: llama.cpp, src/llama-sampler.cpp.
#include "runtime/sampling/Sampler.h"

#include "runtime/sampling/Random.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace lathe {

namespace {

/// Larger logit first, lower id among equals: a total order, so that results do not depend on the sort.
bool before(const Candidate &a, const Candidate &b) { return a.logit != b.logit ? a.logit > b.logit : a.id < b.id; }

constexpr float infinity = std::numeric_limits<float>::infinity();
/// Logits that are looked at together; plain loops over so many become vector instructions.
constexpr size_t blockSize = 16;

float largestOfBlock(const float *logits) {
  float lanes[4] = {logits[0], logits[1], logits[2], logits[3]};
  for (size_t i = 4; i < blockSize; ++i)
    lanes[i % 4] = logits[i] > lanes[i % 4] ? logits[i] : lanes[i % 4];
  return std::max(std::max(lanes[0], lanes[1]), std::max(lanes[2], lanes[3]));
}

/// Fails for NaN and +inf.
Status checkRange(std::span<const float> logits) {
  size_t at = 0;
  for (; at + blockSize <= logits.size(); at += blockSize) {
    bool good = true;
    for (size_t i = 0; i < blockSize; ++i)
      good &= logits[at + i] < infinity;
    if (!good)
      break;
  }
  for (; at < logits.size(); ++at)
    if (!(logits[at] < infinity))
      return Status::failure("the logit of token " + std::to_string(at) + " is " +
                             (std::isnan(logits[at]) ? "NaN" : "infinite") +
                             ": the model's arithmetic left the range of its types");
  return Status::success();
}

/// Calls visit(index) for logits above visit's own limit, which only rises: whole blocks below it are passed over.
template <class Limit, class Visit> void visitAbove(std::span<const float> logits, Limit limit, Visit visit) {
  size_t at = 0;
  for (; at + blockSize <= logits.size(); at += blockSize)
    if (largestOfBlock(logits.data() + at) > limit())
      for (size_t i = at; i < at + blockSize; ++i)
        if (logits[i] > limit())
          visit(i);
  for (; at < logits.size(); ++at)
    if (logits[at] > limit())
      visit(at);
}

Status nothingPossible() { return Status::failure("no token is possible: every logit is -infinity"); }

} // namespace

Status SamplerOptions::validate() const {
  for (auto [value, name] :
       {std::pair{temperature, "temperature"}, std::pair{topP, "top-p"}, std::pair{minP, "min-p"},
        std::pair{repeatPenalty, "repeat penalty"}, std::pair{frequencyPenalty, "frequency penalty"},
        std::pair{presencePenalty, "presence penalty"}})
    if (!std::isfinite(value))
      return Status::failure(std::string(name) + " is not a finite number");
  if (repeatPenalty <= 0)
    return Status::failure("repeat penalty is " + std::to_string(repeatPenalty) + ", it must be above 0; 1 means none");
  if (penaltyWindow < -1)
    return Status::failure("the penalties' window is " + std::to_string(penaltyWindow) + "; -1 means all tokens");
  for (auto [id, bias] : logitBias)
    if (std::isnan(bias) || bias == std::numeric_limits<float>::infinity())
      return Status::failure("the bias of token " + std::to_string(id) + " is not a number");
  return Status::success();
}

Result<int32_t> argmax(std::span<const float> logits) {
  if (Status status = checkRange(logits); !status)
    return status;
  float largest = -infinity;
  size_t best = logits.size();
  visitAbove(
      logits, [&] { return largest; },
      [&](size_t i) {
        largest = logits[i];
        best = i;
      });
  if (best == logits.size())
    return nothingPossible();
  return int32_t(best);
}

/// Logits after bias and penalties: the caller's own where there are none.
std::span<const float> Sampler::adjust(std::span<const float> logits, std::span<const int32_t> history) {
  bool penalties = options_.penaltyWindow != 0 &&
                   (options_.repeatPenalty != 1 || options_.frequencyPenalty != 0 || options_.presencePenalty != 0);
  if (options_.logitBias.empty() && !penalties)
    return logits;
  adjusted_.assign(logits.begin(), logits.end());
  for (auto [id, bias] : options_.logitBias)
    if (id >= 0 && size_t(id) < adjusted_.size())
      adjusted_[size_t(id)] += bias;
  if (penalties)
    penalize(history);
  return adjusted_;
}

void Sampler::penalize(std::span<const int32_t> history) {
  size_t length = history.size();
  if (options_.penaltyWindow > 0)
    length = std::min(length, size_t(options_.penaltyWindow));
  window_.assign(history.end() - ptrdiff_t(length), history.end());
  std::ranges::sort(window_);
  for (size_t i = 0; i < window_.size();) {
    size_t next = i;
    while (next < window_.size() && window_[next] == window_[i])
      ++next;
    if (window_[i] >= 0 && size_t(window_[i]) < adjusted_.size()) {
      float &logit = adjusted_[size_t(window_[i])];
      logit = logit <= 0 ? logit * options_.repeatPenalty : logit / options_.repeatPenalty;
      logit -= float(next - i) * options_.frequencyPenalty + options_.presencePenalty;
    }
    i = next;
  }
}

void Sampler::keepTopK(std::span<const float> logits) {
  candidates_.clear();
  size_t keep = options_.topK > 0 ? std::min(logits.size(), size_t(options_.topK)) : logits.size();
  if (keep > logits.size() / 8) {
    for (size_t i = 0; i < logits.size(); ++i)
      if (logits[i] > -infinity)
        candidates_.push_back({int32_t(i), logits[i], 0});
    if (keep < candidates_.size()) {
      std::nth_element(candidates_.begin(), candidates_.begin() + ptrdiff_t(keep) - 1, candidates_.end(), before);
      candidates_.resize(keep);
    }
  } else {
    // A heap of the best so far, the least of them in front. Of equals the first stay: later ids come after them.
    float limit = -infinity;
    visitAbove(
        logits, [&] { return limit; },
        [&](size_t i) {
          if (candidates_.size() == keep) {
            std::pop_heap(candidates_.begin(), candidates_.end(), before);
            candidates_.pop_back();
          }
          candidates_.push_back({int32_t(i), logits[i], 0});
          std::push_heap(candidates_.begin(), candidates_.end(), before);
          if (candidates_.size() == keep)
            limit = candidates_.front().logit;
        });
  }
}

/// Puts the first `count` candidates of the order in front, sorted.
void Sampler::sortFirst(size_t count) {
  count = std::min(count, candidates_.size());
  if (count < candidates_.size())
    std::nth_element(candidates_.begin(), candidates_.begin() + ptrdiff_t(count), candidates_.end(), before);
  std::sort(candidates_.begin(), candidates_.begin() + ptrdiff_t(count), before);
}

void Sampler::softmax() {
  double sum = 0;
  for (Candidate &candidate : candidates_)
    sum += std::exp(double(candidate.logit) - double(candidates_[0].logit));
  for (Candidate &candidate : candidates_)
    candidate.probability = float(std::exp(double(candidate.logit) - double(candidates_[0].logit)) / sum);
}

/// Both keep a beginning of the sorted candidates, and min-p compares with the largest probability alone, so that it
/// may go first, as long as top-p counts what it removes.
void Sampler::keepTopPAndMinP() {
  float largest = std::ranges::min(candidates_, before).logit;
  auto weight = [&](const Candidate &candidate) { return std::exp(double(candidate.logit) - double(largest)); };
  double total = 0;
  if (options_.topP < 1)
    for (const Candidate &candidate : candidates_)
      total += weight(candidate);
  if (options_.minP > 0) {
    float least = largest + std::log(std::min(options_.minP, 1.0f));
    std::erase_if(candidates_, [&](const Candidate &candidate) { return candidate.logit < least; });
  }
  if (options_.topP >= 1)
    return sortFirst(candidates_.size());
  for (size_t sorted = 256;; sorted *= 4) {
    sortFirst(sorted);
    double sum = 0;
    for (size_t keep = 0; keep < std::min(sorted, candidates_.size());) {
      sum += weight(candidates_[keep++]);
      if (sum >= double(options_.topP) * total)
        candidates_.resize(keep);
    }
    if (candidates_.size() <= sorted)
      return;
  }
}

Result<std::span<const Candidate>> Sampler::distribution(std::span<const float> logits,
                                                         std::span<const int32_t> history) {
  if (Status status = checkRange(logits); !status)
    return status;
  std::span<const float> adjusted = adjust(logits, history);
  if (adjusted.data() != logits.data())
    if (Status status = checkRange(adjusted); !status)
      return status;
  if (options_.greedy()) {
    auto best = argmax(adjusted);
    if (!best)
      return best.status();
    candidates_.assign(1, {*best, adjusted[size_t(*best)], 1});
    return std::span<const Candidate>(candidates_);
  }
  keepTopK(adjusted);
  if (candidates_.empty())
    return nothingPossible();
  keepTopPAndMinP();
  float largest = candidates_[0].logit; // subtracted first, so that no temperature overflows
  for (Candidate &candidate : candidates_)
    candidate.logit = (candidate.logit - largest) / options_.temperature;
  softmax();
  return std::span<const Candidate>(candidates_);
}

Result<int32_t> Sampler::sample(std::span<const float> logits, std::span<const int32_t> history, uint64_t sequence,
                                uint32_t position) {
  auto candidates = distribution(logits, history);
  if (!candidates)
    return candidates.status();
  if (candidates->size() == 1)
    return candidates->front().id;
  double target = uniformAt(options_.seed, sequence, position), sum = 0;
  for (const Candidate &candidate : *candidates) {
    sum += candidate.probability;
    if (target < sum)
      return candidate.id;
  }
  return candidates->back().id;
}

} // namespace lathe
