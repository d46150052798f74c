// One text that is being generated: from the logits after its last token to the next token, its text, and what ends it.
// Who computes the logits, and of how many texts at once, is the caller's part (Generate.cpp). Relies on Generate.h.
#pragma once

#include "runtime/Generate.h"
#include "runtime/tokenizer/StopStrings.h"
#include "runtime/tokenizer/StreamingDecoder.h"

#include <optional>

namespace lathe {

/// Gives `sampling` what only the model knows: its end tokens, and the tokens of the texts at which DRY stops. Fails
/// for values that mean nothing, and for tokens that the model does not have.
Status completeSampling(SamplerOptions &sampling, const TextModel &model);

class Continuation {
public:
  /// `options` are complete (completeSampling). All arguments must outlive it; `history` holds the prompt and takes the
  /// new tokens.
  Continuation(const TextModel &model, std::vector<int32_t> &history, const GenerateOptions &options, uint64_t stream);

  /// Takes the logits after the last token of the history: draws a token and appends it. True when the text goes on:
  /// the new token is to be fed next. `history` may then have one token more than the context, in which case the text
  /// has ended (ContextFull).
  Result<bool> take(std::span<const float> logits);
  /// Ends it from outside.
  void end(FinishReason reason) { result_.reason = reason; }
  /// Gives the text that was held back, and the result; call it once.
  Generation finish();

  std::span<const int32_t> history() const { return history_; }
  Timings &timings() { return result_.timings; }

private:
  std::string push(int32_t token);
  Result<std::span<const float>> constrain(std::span<const float> logits, bool &over);
  void readLogprobs(std::span<const float> logits, int32_t token);

  const TextModel &model_;
  std::vector<int32_t> &history_;
  const GenerateOptions &options_;
  uint64_t stream_;
  uint32_t generated_ = 0;
  Sampler sampler_;
  SamplerState state_;
  std::optional<TokenConstraint::State> constraint_;
  std::vector<float> constrained_;
  std::optional<StreamingDecoder> decoder_;
  StopStrings stops_;
  LogprobReader logprobs_;
  Generation result_;
};

} // namespace lathe
