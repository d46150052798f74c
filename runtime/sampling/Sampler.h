// From logits to a token: what is allowed, biases and bans, the chain of samplers, and a draw with counter-based random
// numbers. Relies on Candidates.h, Repetition.h and Random.h.
#pragma once

#include "runtime/sampling/Candidates.h"
#include "runtime/sampling/Random.h"
#include "runtime/sampling/Repetition.h"
#include "runtime/sampling/SamplerOptions.h"

namespace lathe {

/// Where in which text a token is drawn.
struct DrawPlace {
  std::span<const int32_t> history; ///< the tokens so far, the prompt included
  uint64_t sequence = 0;            ///< the sequence's index within its request
  uint32_t position = 0;            ///< of the token that is drawn
  uint32_t generated = 0;           ///< how many of `history` are new: for forced tokens and the least number of tokens
  /// The tokens a grammar allows, a bit each, 64 to a word, lowest first; empty: all.
  std::span<const uint64_t> allowed = {};
};

/// What draws of a sequence hand on to later ones; a plain value, so that it can be kept, copied and gone back to.
struct SamplerState {
  float mu = 0; ///< mirostat's, once it has started
  bool started = false;
};

/// What is drawn from: ids in ascending order with probabilities that sum to 1 (some may be 0).
struct Distribution {
  std::span<const int32_t> ids;
  std::span<const float> probabilities;
  size_t size() const { return ids.size(); }
  /// 0 for a token that cannot be drawn.
  float probability(int32_t id) const;
};

/// Keeps memory between draws, and nothing that a draw depends on.
class Sampler {
public:
  /// `options` must be valid.
  explicit Sampler(SamplerOptions options);
  const SamplerOptions &options() const { return options_; }

  /// The token at `place`, with `state` brought forward. The draw depends on the seed, the place's sequence and
  /// position and on the distribution alone. Greedy takes the largest logit, the lowest id among equals. Fails when a
  /// logit is NaN or +inf, or when no token is left.
  Result<int32_t> sample(std::span<const float> logits, const DrawPlace &place, SamplerState &state);

  /// The same in parts, for who accepts and rejects tokens by their probabilities. What the chain leaves; valid until
  /// the next call.
  Result<Distribution> distribution(std::span<const float> logits, const DrawPlace &place, const SamplerState &state);
  /// Draws from the last distribution.
  int32_t draw(const DrawPlace &place) const;
  /// The last distribution.
  Distribution last() const { return last_; }
  /// Brings `state` forward by a token of the last distribution.
  void accept(int32_t token, SamplerState &state) const;

  /// Which of several random numbers at one position is for what.
  enum Draw : uint32_t { TokenDraw = 0, XtcDraw = 1, firstFreeDraw = 16 };

private:
  Status prepare(std::span<const float> logits, const DrawPlace &place);
  void apply(SamplerKind kind, const DrawPlace &place);
  void truncateForMirostat(size_t vocabulary, const SamplerState &state);
  Result<Distribution> finish();

  SamplerOptions options_;
  std::vector<SamplerKind> chain_; // what of it does something
  bool keepSign_ = false;          // penalties come after the temperature and look at signs
  Candidates candidates_;
  Repetition repetition_;
  Distribution last_;
  std::vector<float> probabilities_;
  std::vector<double> blockSums_;
  std::vector<std::pair<int32_t, float>> ordered_;
};

/// The largest logit's index, the lowest among equals. Fails for NaN, +inf, and when all are -inf.
Result<int32_t> argmax(std::span<const float> logits);

} // namespace lathe
