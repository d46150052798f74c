// How probable tokens were: natural logarithms of probabilities, of the model's own distribution and of what the chain
// of samplers made of it. Relies on Candidates.h.
#pragma once

#include "runtime/sampling/Sampler.h"

namespace lathe {

struct TokenLogprob {
  int32_t id;
  float logprob;
};

struct TokenLogprobs {
  int32_t id = -1;
  float logprob = 0;             ///< of softmax(logits)
  std::vector<TokenLogprob> top; ///< the most probable tokens, most probable first, the lower id among equals
  float chainLogprob = 0;        ///< of what the token was drawn from; 0 for a token that was not drawn
  std::vector<TokenLogprob> chainTop;
};

/// Keeps memory between calls, nothing else.
class LogprobReader {
public:
  /// `id`, `logprob` and the `count` largest of `top`. The logits are in range (Sampler checks them).
  TokenLogprobs read(std::span<const float> logits, int32_t id, size_t count);
  /// Adds `chainLogprob` and `chainTop` of entry.id.
  void readChain(const Distribution &distribution, size_t count, TokenLogprobs &entry);

private:
  Candidates candidates_;
  std::vector<std::pair<int32_t, float>> ordered_;
};

} // namespace lathe
