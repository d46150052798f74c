// See Sampler.h.
#include "runtime/sampling/Sampler.h"

#include "runtime/sampling/LogitMath.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace lathe {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

Status checkRange(std::span<const float> logits) {
  size_t at = findOutOfRange(logits);
  if (at == logits.size())
    return Status::success();
  return Status::failure("the logit of token " + std::to_string(at) + " is " +
                         (std::isnan(logits[at]) ? "NaN" : "infinite") +
                         ": the model's arithmetic left the range of its types");
}

Status nothingPossible(bool constrained) {
  return Status::failure(constrained ? "no token is possible: what is allowed here is forbidden or has a logit of "
                                       "-infinity"
                                     : "no token is possible: every logit is -infinity");
}

bool isAllowed(std::span<const uint64_t> allowed, int32_t id) {
  return allowed.empty() || (size_t(id) / 64 < allowed.size() && (allowed[size_t(id) / 64] >> (id % 64) & 1) != 0);
}

/// Keeps the largest candidate, whichever others go.
bool keepsLargest(SamplerKind kind) {
  return kind == SamplerKind::TopK || kind == SamplerKind::TopP || kind == SamplerKind::MinP ||
         kind == SamplerKind::TopNSigma;
}

} // namespace

Result<int32_t> argmax(std::span<const float> logits) {
  if (Status status = checkRange(logits); !status)
    return status;
  size_t best = findLargest(logits);
  if (best == logits.size())
    return nothingPossible(false);
  return int32_t(best);
}

float Distribution::probability(int32_t id) const {
  auto found = std::ranges::lower_bound(ids, id);
  return found == ids.end() || *found != id ? 0.0f : probabilities[size_t(found - ids.begin())];
}

Sampler::Sampler(SamplerOptions options) : options_(std::move(options)) {
  std::ranges::sort(options_.dryBreakers);
  chain_ = options_.activeChain();
  // Under mirostat the temperature is always applied, as in llama.cpp.
  if (options_.mirostat != 0 && options_.temperature != 1 && !std::ranges::count(chain_, SamplerKind::Temperature))
    chain_.push_back(SamplerKind::Temperature);
  // Where only the largest is taken, there is no need to remove others first.
  if (options_.greedy()) {
    auto temperature = std::ranges::find(chain_, SamplerKind::Temperature), first = temperature;
    while (first != chain_.begin() && keepsLargest(*(first - 1)))
      --first;
    chain_.erase(first, temperature);
  }
  auto penalties = std::ranges::find(chain_, SamplerKind::Penalties);
  keepSign_ = penalties != chain_.end() && std::find(chain_.begin(), penalties, SamplerKind::Temperature) != penalties;
}

Status Sampler::prepare(std::span<const float> logits, const DrawPlace &place) {
  if (Status status = checkRange(logits); !status)
    return status;
  candidates_.reset(logits, place.allowed);
  for (auto [number, id] : options_.forced)
    if (number == place.generated) {
      if (!isAllowed(place.allowed, id) || size_t(id) >= logits.size())
        return Status::failure("token " + std::to_string(id) + " is forced as new token " + std::to_string(number) +
                               ", but it is not allowed there");
      candidates_.reset(id, 0);
      return Status::success();
    }
  for (auto [id, bias] : options_.logitBias)
    candidates_.change(id, [bias = bias](float logit) { return logit + bias; });
  repetition_.forbidSequences(candidates_, place.history, options_.banned);
  if (options_.noRepeatNgram > 0)
    repetition_.forbidNgrams(candidates_, place.history, size_t(options_.noRepeatNgram));
  if (place.generated < options_.minTokens)
    for (int32_t id : options_.endTokens)
      candidates_.forbid(id);
  return Status::success();
}

void Sampler::apply(SamplerKind kind, const DrawPlace &place) {
  switch (kind) {
  case SamplerKind::Penalties:
    return repetition_.penalize(candidates_, place.history, options_);
  case SamplerKind::Dry:
    return repetition_.penalizeDry(candidates_, place.history, options_);
  case SamplerKind::TopNSigma:
    return candidates_.keepWithinDeviations(double(options_.topNSigma));
  case SamplerKind::TopK:
    return candidates_.keepTopK(size_t(options_.topK));
  case SamplerKind::TypicalP:
    return candidates_.keepTypical(double(options_.typicalP));
  case SamplerKind::TopP:
    return candidates_.keepTopP(double(options_.topP));
  case SamplerKind::MinP:
    return candidates_.keepAtLeast(candidates_.largest() + std::log(options_.minP));
  case SamplerKind::Xtc:
    // The number is drawn whether there is something to remove or not: one place, one number.
    if (uniformAt(options_.seed, place.sequence, place.position, XtcDraw) < double(options_.xtcProbability))
      candidates_.excludeTopChoices(double(options_.xtcThreshold));
    return;
  case SamplerKind::Temperature:
    if (options_.dynatempRange > 0)
      return candidates_.divideByEntropy(std::max(0.0f, options_.temperature - options_.dynatempRange),
                                         options_.temperature + options_.dynatempRange, options_.dynatempExponent,
                                         keepSign_);
    if (options_.temperature <= 0)
      return candidates_.keepLargest();
    return candidates_.divide(options_.temperature, keepSign_);
  }
}

/// Mirostat (Basu et al., "Mirostat: A Neural Text Decoding Algorithm that Directly Controls Perplexity", algorithm 1;
/// version 2 is its authors' later one): surprises are of the candidates' distribution after the temperature.
void Sampler::truncateForMirostat(size_t vocabulary, const SamplerState &state) {
  float mu = state.started ? state.mu : 2 * options_.mirostatTau;
  float top = candidates_.largest();
  if (!(top > -infinity))
    return;
  if (options_.mirostat == 2) {
    // -log2 p <= mu; the most probable one stays whatever its surprise.
    double least = double(top) + std::log(sumOfWeights(candidates_.logits(), top)) - double(mu) * std::log(2.0);
    return candidates_.keepAtLeast(std::min(top, float(least)));
  }
  constexpr size_t estimatedFrom = 100;
  candidates_.largestInOrder(estimatedFrom, ordered_);
  double products = 0, squares = 0;
  for (size_t i = 0; i + 1 < ordered_.size(); ++i) {
    double t = std::log(double(i + 2) / double(i + 1));
    products += t * (double(ordered_[i].second) - double(ordered_[i + 1].second));
    squares += t * t;
  }
  if (squares == 0)
    return;
  double exponent = products / squares, excess = exponent - 1;
  double k = std::pow(excess * std::exp2(double(mu)) / (1 - std::pow(double(vocabulary), -excess)), 1 / exponent);
  if (std::isfinite(k) && k < double(candidates_.size()))
    candidates_.keepTopK(size_t(std::max(k, 1.0)));
}

Result<Distribution> Sampler::finish() {
  std::span<const float> logits = candidates_.logits();
  float top = candidates_.largest();
  computeWeights(logits, top, probabilities_, blockSums_);
  std::span<const int32_t> ids = candidates_.ids();
  double total = 0;
  for (double sum : blockSums_)
    total += sum;
  auto scale = float(1 / total);
  for (float &probability : probabilities_)
    probability *= scale;
  for (double &sum : blockSums_)
    sum /= total;
  return last_ = {ids, probabilities_};
}

Result<Distribution> Sampler::distribution(std::span<const float> logits, const DrawPlace &place,
                                           const SamplerState &state) {
  last_ = {};
  if (Status status = prepare(logits, place); !status)
    return status;
  for (SamplerKind kind : chain_)
    apply(kind, place);
  if (options_.mirostat != 0 && !options_.greedy())
    truncateForMirostat(logits.size(), state);
  if (!(candidates_.largest() > -infinity))
    return nothingPossible(!place.allowed.empty());
  return finish();
}

int32_t Sampler::draw(const DrawPlace &place) const {
  if (last_.size() == 1)
    return last_.ids[0];
  double target = uniformAt(options_.seed, place.sequence, place.position, TokenDraw), sum = 0;
  size_t block = 0;
  while (block + 1 < blockSums_.size() && sum + blockSums_[block] <= target)
    sum += blockSums_[block++];
  for (size_t i = block * weightBlock; i < last_.size(); ++i) {
    sum += double(last_.probabilities[i]);
    if (target < sum && last_.probabilities[i] > 0)
      return last_.ids[i];
  }
  // Rounding may leave the sum a little below 1.
  size_t i = last_.size() - 1;
  while (i > 0 && last_.probabilities[i] == 0)
    --i;
  return last_.ids[i];
}

void Sampler::accept(int32_t token, SamplerState &state) const {
  if (options_.mirostat == 0)
    return;
  float probability = last_.probability(token);
  if (!state.started)
    state = {2 * options_.mirostatTau, true};
  if (probability > 0)
    state.mu -= options_.mirostatEta * (-std::log2(probability) - options_.mirostatTau);
}

Result<int32_t> Sampler::sample(std::span<const float> logits, const DrawPlace &place, SamplerState &state) {
  auto found = distribution(logits, place, state);
  if (!found)
    return found.status();
  int32_t token = draw(place);
  accept(token, state);
  return token;
}

} // namespace lathe
