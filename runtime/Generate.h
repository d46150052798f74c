// The generation loop: a prompt in, tokens and text out, with everything that ends it. Relies on Decoder, Sampler and
// the tokenizer's streaming parts.
#pragma once

#include "runtime/Decoder.h"
#include "runtime/grammar/TokenConstraint.h"
#include "runtime/sampling/Logprobs.h"
#include "runtime/tokenizer/Tokenizer.h"

#include <functional>

namespace lathe {

struct GenerateOptions {
  int32_t predict = -1;           ///< most new tokens; negative: until something else ends it
  bool ignoreEos = false;         ///< go on after a token that ends a text; the logits are left as they are
  std::vector<std::string> stops; ///< texts that end it; they need a tokenizer
  SamplerOptions sampling;
  /// The text of the new tokens is one of its grammar, unless something else ends it before; null: any text.
  std::shared_ptr<TokenConstraint> constraint;
  uint64_t stream = 0;         ///< the sequence's name for the random numbers
  int32_t logprobs = -1;       ///< of every new token, with so many of the most probable ones; negative: none
  int32_t promptLogprobs = -1; ///< the same of the prompt's tokens from the second on, as far as they are fed
  const std::atomic<bool> *cancel = nullptr; ///< true ends it soon, with what there is
  /// Called with every new token and the text that became complete with it (empty without a tokenizer), at the end
  /// perhaps with token -1 and text that was held back until then. False ends it.
  std::function<bool(int32_t token, std::string_view text)> onToken;
};

enum class FinishReason { Limit, EndToken, StopString, ContextFull, Cancelled };
/// "length", "stop", ...: as in OpenAI's API where that has a name.
const char *finishReasonName(FinishReason reason);

struct Timings {
  double loadSeconds = 0, promptSeconds = 0, evalSeconds = 0, sampleSeconds = 0, totalSeconds = 0;
  uint64_t promptTokens = 0; ///< tokens fed before the first new one
  uint64_t evalRuns = 0;     ///< steps of one token
  uint64_t samples = 0;
  /// The five lines of llama.cpp's report.
  std::string print() const;
};

struct Generation {
  std::vector<int32_t> tokens; ///< the new ones, without the one that ended it
  std::string text;            ///< without the stop string
  FinishReason reason = FinishReason::Limit;
  int stop = -1;                             ///< which stop string
  std::vector<TokenLogprobs> logprobs;       ///< of `tokens`, when they were asked for
  std::vector<TokenLogprobs> promptLogprobs; ///< of the tokens that were fed before the first new one, without chain
  Timings timings;
};

/// A model with what its texts are made of. The tokenizer may be null.
struct TextModel {
  Decoder &decoder;
  std::shared_ptr<const Tokenizer> tokenizer;
  bool isEnd(int32_t token) const;
};

/// Feeds the tokens of `history` that `sequence` does not have yet (at least one), then appends new ones to it and to
/// the sequence until something ends it. An end token is in `history` afterwards, but not in the result. `history` may
/// end with one token more than the sequence has positions: the next call feeds it.
Result<Generation> generate(const TextModel &model, uint64_t sequence, std::vector<int32_t> &history,
                            const GenerateOptions &options);

/// A text for each of `sequences`, which are new and empty; all begin with `prompt` and share their steps. The n-th is
/// what `generate` gives with stream options.stream + n. Times are those of all together, in the first one.
Result<std::vector<Generation>> generateSeveral(const TextModel &model, std::span<const uint64_t> sequences,
                                                std::span<const int32_t> prompt, const GenerateOptions &options);

} // namespace lathe
