// How tokens are drawn: the samplers of the chain with their parameters, names and order. Names, defaults and meaning
// are llama.cpp's; the parameters that it does not have are Hugging Face's.
#pragma once

#include "runtime/Status.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lathe {

enum class SamplerKind : uint8_t { Penalties, Dry, TopNSigma, TopK, TypicalP, TopP, MinP, Xtc, Temperature };

/// "penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature".
const char *samplerName(SamplerKind kind);
/// Names separated by semicolons; llama.cpp's other spellings ("top-k", "typical", "nucleus", "temp") are understood.
/// Fails for a name that is unknown or there twice. An empty text is an empty chain.
Result<std::vector<SamplerKind>> parseSamplers(std::string_view text);

struct SamplerOptions {
  std::vector<SamplerKind> chain = {SamplerKind::Penalties, SamplerKind::Dry,      SamplerKind::TopNSigma,
                                    SamplerKind::TopK,      SamplerKind::TypicalP, SamplerKind::TopP,
                                    SamplerKind::MinP,      SamplerKind::Xtc,      SamplerKind::Temperature};
  uint64_t seed = 0;

  float temperature = 0.8f;   ///< 0 or less: the most probable token
  float dynatempRange = 0;    ///< the temperature is between `temperature` less and plus this; 0: always `temperature`
  float dynatempExponent = 1; ///< of the share that the entropy has of the largest possible one
  int32_t topK = 40;          ///< keep the K largest; 0 or less: all
  float topP = 0.95f;         ///< keep the fewest whose probabilities reach P; 1: all
  float minP = 0.05f;         ///< keep those with at least P times the largest probability; 0: all
  float typicalP = 1;         ///< keep those with the most typical surprise until they reach P; 1: all
  float topNSigma = -1;       ///< keep those within N standard deviations of the largest logit; 0 or less: all
  float xtcProbability = 0;   ///< how often XTC removes all but the least of the tokens above its threshold
  float xtcThreshold = 0.1f;  ///< above 0.5: never
  int32_t penaltyWindow = 64; ///< tokens the penalties look back; 0: none, -1: all of the history
  float repeatPenalty = 1;    ///< divides positive, multiplies negative logits of tokens in the window
  float frequencyPenalty = 0; ///< subtracted for every time a token is in the window
  float presencePenalty = 0;  ///< subtracted once for a token in the window
  float dryMultiplier = 0;    ///< 0: no DRY
  float dryBase = 1.75f;      ///< a token that makes a repeat of length n lose multiplier * base ^ (n - allowed length)
  int32_t dryAllowedLength = 2; ///< shorter repeats cost nothing
  int32_t dryPenaltyLastN = -1; ///< tokens DRY looks back; 0: none, -1: all of the history
  std::vector<std::string> dryBreakerTexts = {"\n", ":", "\"", "*"}; ///< repeats end at these; they need a tokenizer
  /// Their tokens: the first one and what must follow it (DryBreakers.h).
  std::vector<std::pair<int32_t, std::vector<int32_t>>> dryBreakers;
  int32_t mirostat = 0;     ///< 1 or 2: instead of what the chain has beside penalties, dry and temperature
  float mirostatTau = 5;    ///< the surprise that is aimed at, in bits
  float mirostatEta = 0.1f; ///< how fast it is learned

  // Before the chain, whatever its order.
  std::vector<std::pair<int32_t, float>> logitBias; ///< added to a token's logit; -inf forbids it
  std::vector<std::vector<int32_t>> banned;         ///< sequences of tokens that must not come to be
  std::vector<std::pair<uint32_t, int32_t>> forced; ///< (n, token): the n-th new token, from 0, is this one
  int32_t noRepeatNgram = 0;                        ///< no N tokens come twice in the history; 0: they may
  uint32_t minTokens = 0; ///< as long as there are fewer new tokens, `endTokens` are forbidden
  std::vector<int32_t> endTokens;

  /// True when the most probable token is taken every time (of those that the chain leaves).
  bool greedy() const;
  /// What of `chain` does something with these parameters, in order.
  std::vector<SamplerKind> activeChain() const;
  /// "top_k 40 -> top_p 0.95 -> temperature 0.8": what does something, before the chain and in it, in order.
  std::string describe() const;
  /// Fails for values that mean nothing; the message names the value and its range.
  Status validate() const;
  /// Fails when a token is named that a vocabulary of this size does not have.
  Status validateTokens(uint32_t vocabulary) const;
};

} // namespace lathe
