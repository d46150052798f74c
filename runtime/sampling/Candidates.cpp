// See Candidates.h. Selections are partial: thresholds first, sorting only of what is near them.
#include "runtime/sampling/Candidates.h"

#include "runtime/sampling/LogitMath.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

namespace lathe {

namespace {
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr size_t heapLimit = 128; // up to so many a heap is the quickest way to the largest
} // namespace

void Candidates::reset(std::span<const float> logits, std::span<const uint64_t> allowed) {
  dense_ = true;
  logits_ = logits;
  if (allowed.empty())
    return;
  size_t words = std::min(allowed.size(), (logits.size() + 63) / 64), count = 0;
  for (size_t i = 0; i < words; ++i)
    count += size_t(std::popcount(allowed[i]));
  if (count <= logits.size() / 4) {
    places_.clear();
    for (size_t i = 0; i < words; ++i)
      for (uint64_t bits = allowed[i]; bits; bits &= bits - 1)
        if (size_t at = i * 64 + size_t(std::countr_zero(bits)); at < logits.size())
          places_.push_back(uint32_t(at));
    return keepPlaces(places_);
  }
  own_.assign(logits.size(), -infinity);
  for (size_t i = 0; i < words; ++i) {
    size_t at = i * 64, end = std::min(at + 64, logits.size());
    if (allowed[i] == ~uint64_t(0))
      std::copy(logits.begin() + ptrdiff_t(at), logits.begin() + ptrdiff_t(end), own_.begin() + ptrdiff_t(at));
    else
      for (uint64_t bits = allowed[i]; bits; bits &= bits - 1)
        if (size_t one = at + size_t(std::countr_zero(bits)); one < end)
          own_[one] = logits[one];
  }
  logits_ = own_;
}

void Candidates::reset(int32_t id, float logit) {
  dense_ = false;
  own_.assign(1, logit);
  ids_.assign(1, id);
  logits_ = own_;
}

std::span<const int32_t> Candidates::ids() {
  if (!dense_)
    return ids_;
  if (allIds_.size() < logits_.size()) {
    allIds_.resize(logits_.size());
    std::iota(allIds_.begin(), allIds_.end(), 0);
  }
  return std::span(allIds_).first(logits_.size());
}

float Candidates::largest() const { return largestLogit(logits_); }

size_t Candidates::place(int32_t id) const {
  if (dense_)
    return id < 0 ? logits_.size() : std::min(size_t(id), logits_.size());
  auto found = std::ranges::lower_bound(ids_, id);
  return found == ids_.end() || *found != id ? logits_.size() : size_t(found - ids_.begin());
}

void Candidates::makeOwn() {
  if (logits_.data() == own_.data())
    return;
  own_.assign(logits_.begin(), logits_.end());
  logits_ = own_;
}

void Candidates::forbid(int32_t id) {
  change(id, [](float) { return -infinity; });
}

/// `places` ascend; those of impossible tokens are dropped.
void Candidates::keepPlaces(std::span<const uint32_t> places) {
  kept_.resize(places.size());
  keptIds_.resize(places.size());
  size_t count = 0;
  for (uint32_t at : places) {
    kept_[count] = logits_[at];
    keptIds_[count] = dense_ ? int32_t(at) : ids_[at];
    count += logits_[at] > -infinity;
  }
  kept_.resize(count);
  keptIds_.resize(count);
  own_.swap(kept_);
  ids_.swap(keptIds_);
  logits_ = own_;
  dense_ = false;
}

void Candidates::keepLargest() {
  if (size_t at = findLargest(logits_); at < logits_.size())
    reset(dense_ ? int32_t(at) : ids_[at], logits_[at]);
}

void Candidates::keepAtLeast(float least) {
  places_.clear();
  collectAtLeast(logits_, least, places_);
  keepPlaces(places_);
}

/// entries_ = the k largest, in no order.
void Candidates::collectTopK(size_t k) {
  entries_.clear();
  if (k <= heapLimit) {
    // The least of the best so far is in front. Of equals the first stay: later places come after them.
    float limit = -infinity;
    visitAbove(
        logits_, [&] { return limit; },
        [&](size_t i) {
          if (entries_.size() == k) {
            std::pop_heap(entries_.begin(), entries_.end(), before);
            entries_.pop_back();
          }
          entries_.push_back({uint32_t(i), -logits_[i]});
          std::push_heap(entries_.begin(), entries_.end(), before);
          if (entries_.size() == k)
            limit = -entries_.front().key;
        });
    return;
  }
  // Counts of logits by their distance from the largest, in steps; the last step is all the rest.
  constexpr size_t steps = 1024;
  constexpr float perUnit = 32;
  uint32_t counts[steps] = {};
  uint16_t numbers[weightBlock];
  float top = largest();
  for (size_t block = 0; block < logits_.size(); block += weightBlock) {
    size_t count = std::min(weightBlock, logits_.size() - block);
    for (size_t i = 0; i < count; ++i) {
      float distance = (top - logits_[block + i]) * perUnit;
      numbers[i] = uint16_t(int32_t(distance < float(steps - 1) ? distance : float(steps - 1)));
    }
    for (size_t i = 0; i < count; ++i)
      ++counts[numbers[i]];
  }
  size_t step = 0, have = counts[0];
  while (have < k && step + 1 < steps)
    have += counts[++step];
  // Half a step further than where the k-th is, so that rounding loses none.
  float least = step + 1 == steps ? -infinity : top - (float(step) + 1.5f) / perUnit;
  places_.clear();
  collectAtLeast(logits_, least, places_);
  for (uint32_t at : places_)
    if (logits_[at] > -infinity)
      entries_.push_back({at, -logits_[at]});
  if (entries_.size() > k) {
    std::nth_element(entries_.begin(), entries_.begin() + ptrdiff_t(k) - 1, entries_.end(), before);
    entries_.resize(k);
  }
}

void Candidates::keepTopK(size_t k) {
  if (k >= logits_.size())
    return;
  collectTopK(k);
  places_.clear();
  for (const Entry &entry : entries_)
    places_.push_back(entry.place);
  std::ranges::sort(places_);
  keepPlaces(places_);
}

void Candidates::largestInOrder(size_t k, std::vector<std::pair<int32_t, float>> &out) {
  collectTopK(std::min(k, logits_.size()));
  std::ranges::sort(entries_, before);
  out.clear();
  for (const Entry &entry : entries_)
    out.emplace_back(dense_ ? int32_t(entry.place) : ids_[entry.place], logits_[entry.place]);
}

/// Keeps the fewest, in the order of their distance from `center`, whose weights exp(logit - largest) reach `target`.
/// Looks at those near `center` first, and further only when they do not suffice; sorts only those whose distance is
/// about that of the last one to keep.
void Candidates::keepMass(double target, float largest, double center, bool twoSided) {
  for (double reach : {3.0, 6.0, 12.0, 24.0, double(infinity)}) {
    places_.clear();
    collectAtLeast(logits_, float(center - reach), places_);
    if (twoSided) // as far on both sides
      std::erase_if(places_, [&](uint32_t at) { return std::abs(center - double(logits_[at])) > reach * 0.999; });
    kept_.resize(places_.size());
    for (size_t i = 0; i < places_.size(); ++i)
      kept_[i] = logits_[places_[i]];
    computeWeights(kept_, largest, weights_, sums_);
    double sum = 0;
    for (double block : sums_)
      sum += block;
    if (sum >= target || !std::isfinite(reach))
      break;
  }
  // The weights in each of many steps of distance.
  constexpr size_t steps = 1024;
  distances_.resize(kept_.size());
  float farthest = 0;
  for (size_t i = 0; i < kept_.size(); ++i) {
    distances_[i] = kept_[i] > -infinity ? float(std::abs(center - double(kept_[i]))) : 0.0f;
    farthest = distances_[i] > farthest ? distances_[i] : farthest;
  }
  float perUnit = farthest > 0 ? float(steps - 1) / farthest : 0.0f;
  auto stepOf = [&](size_t i) { return size_t(int32_t(distances_[i] * perUnit)); };
  sums_.assign(steps + 1, 0);
  for (size_t i = 0; i < kept_.size(); ++i)
    sums_[stepOf(i)] += double(weights_[i]);
  size_t last = 0;
  double sum = sums_[0];
  while (last + 1 < steps && sum < target)
    sum += sums_[++last];
  sum -= sums_[last];
  entries_.clear();
  for (size_t i = 0; i < kept_.size(); ++i)
    if (stepOf(i) == last && kept_[i] > -infinity)
      entries_.push_back({uint32_t(i), distances_[i]});
  std::ranges::sort(entries_, before);
  size_t keep = 0;
  while (keep < entries_.size() && (keep == 0 || sum < target))
    sum += double(weights_[entries_[keep++].place]);
  entries_.resize(keep);
  size_t count = 0;
  for (size_t i = 0; i < places_.size(); ++i)
    if (stepOf(i) < last ||
        (stepOf(i) == last && !entries_.empty() && !before(entries_.back(), Entry{uint32_t(i), distances_[i]})))
      places_[count++] = places_[i];
  places_.resize(count);
  keepPlaces(places_);
}

void Candidates::keepTopP(double mass) {
  float top = largest();
  if (top > -infinity)
    keepMass(mass * sumOfWeights(logits_, top), top, top, false);
}

void Candidates::keepTypical(double mass) {
  float top = largest();
  if (!(top > -infinity))
    return;
  Moments moments = weightMoments(logits_, top);
  // The surprise is top + log(weights) - logit; it is the entropy where the logit is this:
  double center = double(top) + std::log(moments.weights) - moments.entropy();
  keepMass(mass * moments.weights, top, center, true);
}

void Candidates::keepWithinDeviations(double count) {
  float top = largest();
  if (top > -infinity)
    keepAtLeast(float(double(top) - count * meanAndDeviation(logits_, top).second));
}

void Candidates::excludeTopChoices(double threshold) {
  float top = largest();
  if (!(top > -infinity))
    return;
  double least = threshold * sumOfWeights(logits_, top);
  places_.clear();
  collectAtLeast(logits_, least > 0 ? float(double(top) + std::log(least) - 1e-3) : -infinity, places_);
  std::erase_if(places_, [&](uint32_t at) {
    return !(logits_[at] > -infinity) || double(expOfNegative(logits_[at] - top)) < least;
  });
  if (places_.size() < 2)
    return;
  // The least of them stays: of equals the one with the highest id.
  auto stays = std::ranges::min_element(
      places_, [&](uint32_t a, uint32_t b) { return logits_[a] != logits_[b] ? logits_[a] < logits_[b] : a > b; });
  places_.erase(stays);
  makeOwn();
  for (uint32_t at : places_)
    own_[at] = -infinity;
}

void Candidates::divide(float temperature, bool keepSign) {
  float top = largest(), zero = keepSign && std::abs(top / temperature) < infinity ? 0.0f : top;
  if (!(top > -infinity))
    return;
  makeOwn();
  for (float &logit : own_)
    logit = (logit - zero) / temperature;
}

void Candidates::divideByEntropy(float least, float most, float exponent, bool keepSign) {
  float top = largest();
  if (!(top > -infinity))
    return;
  Moments moments = weightMoments(logits_, top);
  if (moments.possible < 2)
    return;
  double share = std::max(0.0, moments.entropy() / std::log(double(moments.possible)));
  auto temperature = float(double(least) + double(most - least) * std::pow(share, double(exponent)));
  if (temperature > 0)
    divide(temperature, keepSign);
  else
    keepLargest();
}

} // namespace lathe
