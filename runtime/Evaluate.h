// Perplexity of a text, by the two rules of `lathe eval`. Relies on Decoder and the tokenizer.
#pragma once

#include "runtime/Decoder.h"
#include "runtime/tokenizer/Tokenizer.h"

#include <functional>
#include <optional>

namespace lathe {

enum class ScoreRule {
  All,       ///< every token of a window but its first; a shorter last window counts too
  SecondHalf ///< llama.cpp's: tokens N/2 + 1 .. N - 1 of each full window, whose first token is replaced by BOS
};

struct PerplexityOptions {
  uint32_t window = 512; ///< tokens; windows do not overlap, each begins with an empty cache
  uint64_t tokens = 0;   ///< of the text, from its beginning; 0: all
  ScoreRule rule = ScoreRule::All;
  const std::atomic<bool> *cancel = nullptr;
  /// Called after each window with the windows done, their number, and the perplexity so far.
  std::function<void(uint64_t done, uint64_t windows, double perplexity)> onWindow = nullptr;
};

struct Perplexity {
  double perplexity = 0;
  double error = 0; ///< standard error, as llama.cpp computes it
  uint64_t scored = 0;
};

/// Tokens of a text as `perplexity` wants them: the tokenizer's prefix (BOS) in front, special tokens read as text.
Result<std::vector<int32_t>> evaluationTokens(const Tokenizer &tokenizer, std::string_view text);

/// exp of the mean negative log likelihood of the scored tokens. `bos` replaces the first token of windows under
/// SecondHalf, where the tokenizer adds one. Fails when no token is scored and when the window is larger than the
/// context.
Result<Perplexity> perplexity(Decoder &decoder, std::span<const int32_t> tokens, std::optional<int32_t> bos,
                              const PerplexityOptions &options);

} // namespace lathe
