// From logits to a token: penalties, then top-k, top-p, min-p, temperature and a draw, in llama.cpp's default order.
// Relies on Random.h.
#pragma once

#include "runtime/Status.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lathe {

/// Defaults and meaning are llama.cpp's.
struct SamplerOptions {
  float temperature = 0.8f; ///< 0 or less: greedy
  int32_t topK = 40;        ///< keep the K largest; 0 or less: all
  float topP = 0.95f;       ///< keep the fewest whose probabilities reach P; 1 or more: all
  float minP = 0.05f;       ///< keep those with at least P times the largest probability; 0 or less: all
  uint64_t seed = 0;
  int32_t penaltyWindow = 64; ///< tokens the penalties look back; 0: none, -1: all of `history`
  float repeatPenalty = 1;    ///< divides positive, multiplies negative logits of tokens in the window
  float frequencyPenalty = 0; ///< subtracted for every time a token is in the window
  float presencePenalty = 0;  ///< subtracted once for a token in the window
  std::vector<std::pair<int32_t, float>> logitBias; ///< added before everything else; -inf forbids a token
  bool greedy() const { return temperature <= 0; }
  /// Fails for values that mean nothing (NaN, a penalty of 0 or less for repeatPenalty).
  Status validate() const;
};

/// A token that may be drawn.
struct Candidate {
  int32_t id;
  float logit;
  float probability; ///< set by `distribution`
};

/// Keeps memory between draws; no state that a draw depends on.
class Sampler {
public:
  /// `options` must be valid.
  explicit Sampler(SamplerOptions options) : options_(std::move(options)) {}
  const SamplerOptions &options() const { return options_; }

  /// The token for `position` of sequence `sequence`, whose tokens so far are `history`. Greedy takes the largest
  /// logit, the lowest id among equals. Fails when a logit is NaN or +inf, or when no token is left.
  Result<int32_t> sample(std::span<const float> logits, std::span<const int32_t> history, uint64_t sequence,
                         uint32_t position);
  /// What `sample` draws from: the candidates that are left, most probable first, with probabilities that sum to 1.
  /// Valid until the next call.
  Result<std::span<const Candidate>> distribution(std::span<const float> logits, std::span<const int32_t> history);

private:
  std::span<const float> adjust(std::span<const float> logits, std::span<const int32_t> history);
  void penalize(std::span<const int32_t> history);
  void keepTopK(std::span<const float> logits);
  void keepTopPAndMinP();
  void sortFirst(size_t count);
  void softmax();

  SamplerOptions options_;
  std::vector<Candidate> candidates_; // from the most probable on
  std::vector<float> adjusted_;       // logits after bias and penalties
  std::vector<int32_t> window_;
};

/// The largest logit's index, the lowest among equals. Fails for NaN.
Result<int32_t> argmax(std::span<const float> logits);

} // namespace lathe
