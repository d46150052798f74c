// What makes tokens less likely because of the text before them: penalties, DRY, n-grams that must not come again and
// banned sequences. Relies on Candidates.h.
#pragma once

#include "runtime/sampling/Candidates.h"

namespace lathe {

/// Keeps memory between calls, nothing else.
class Repetition {
public:
  /// llama.cpp's penalties: first the logit is divided (when positive) or multiplied by the repeat penalty, then
  /// count * frequency + presence is subtracted.
  void penalize(Candidates &candidates, std::span<const int32_t> history, const SamplerOptions &options);
  /// DRY ("don't repeat yourself", https://github.com/oobabooga/text-generation-webui/pull/5677): a token that would
  /// extend a repetition of the text's end loses multiplier * base ^ (length of the repetition - allowed length).
  void penalizeDry(Candidates &candidates, std::span<const int32_t> history, const SamplerOptions &options);
  /// Forbids the tokens that would make the last `n` tokens a copy of `n` tokens in the history.
  void forbidNgrams(Candidates &candidates, std::span<const int32_t> history, size_t n);
  /// Forbids the last token of every sequence whose other tokens the history ends with.
  void forbidSequences(Candidates &candidates, std::span<const int32_t> history,
                       std::span<const std::vector<int32_t>> sequences);

private:
  uint32_t &count(int32_t id);

  std::vector<uint32_t> counts_; // by token; 0 between calls
  std::vector<int32_t> touched_;
  std::vector<uint32_t> matches_;
};

} // namespace lathe
