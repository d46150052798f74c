// See Continuation.h.
#include "runtime/Continuation.h"

#include "runtime/sampling/DryBreakers.h"

#include <algorithm>
#include <chrono>

namespace lathe {

Status completeSampling(SamplerOptions &sampling, const TextModel &model) {
  if (Status status = sampling.validate(); !status)
    return status;
  if (Status status = sampling.validateTokens(model.decoder.vocabulary()); !status)
    return status;
  if (sampling.minTokens > 0) {
    sampling.endTokens = model.decoder.model().metadata().endIds;
    if (model.tokenizer)
      sampling.endTokens.insert(sampling.endTokens.end(), model.tokenizer->spec().endIds.begin(),
                                model.tokenizer->spec().endIds.end());
  }
  if (sampling.dryMultiplier != 0 && sampling.dryBreakers.empty() && model.tokenizer)
    sampling.dryBreakers = dryBreakers(*model.tokenizer, sampling.dryBreakerTexts);
  return Status::success();
}

Continuation::Continuation(const TextModel &model, std::vector<int32_t> &history, const GenerateOptions &options,
                           uint64_t stream)
    : model_(model), history_(history), options_(options), stream_(stream), sampler_(options.sampling),
      stops_(options.stops) {
  if (!model.tokenizer)
    return;
  bool atStart = std::ranges::all_of(history, [&](int32_t id) { return model.tokenizer->isSpecial(id); });
  decoder_.emplace(model.tokenizer, /*skipSpecial=*/true, atStart);
}

/// What can be shown now: whole characters, nothing of a stop string. Sets the result's `stop` when one was hit.
std::string Continuation::push(int32_t token) {
  if (!decoder_)
    return {};
  StopStrings::Found found = stops_.push(decoder_->push(token));
  result_.stop = found.stop;
  return std::move(found.text);
}

void Continuation::readLogprobs(std::span<const float> logits, int32_t token) {
  if (options_.logprobs < 0)
    return;
  TokenLogprobs entry = logprobs_.read(logits, token, size_t(options_.logprobs));
  logprobs_.readChain(sampler_.last(), size_t(options_.logprobs), entry);
  result_.logprobs.push_back(std::move(entry));
}

/// The logits with those of the tokens that the constraint does not allow at minus infinity; `over` when none is left
/// because the text is complete.
Result<std::span<const float>> Continuation::constrain(std::span<const float> logits, bool &over) {
  TokenConstraint &constraint = *options_.constraint;
  if (!constraint_) {
    auto start = constraint.start();
    if (!start)
      return start.status();
    constraint_ = std::move(*start);
  }
  auto mask = constraint.mask(*constraint_);
  if (!mask)
    return mask.status();
  constrained_.assign(logits.begin(), logits.end());
  (*mask)->apply(constrained_);
  bool possible = !(*mask)->none(), complete = constraint.mayEnd(*constraint_);
  if (complete && !options_.ignoreEos) {
    std::span<const int32_t> fromModel = model_.decoder.model().metadata().endIds;
    std::span<const int32_t> fromTokenizer;
    if (model_.tokenizer)
      fromTokenizer = model_.tokenizer->spec().endIds;
    for (std::span<const int32_t> ids : {fromModel, fromTokenizer})
      for (int32_t id : ids)
        if (id >= 0 && size_t(id) < logits.size()) {
          constrained_[size_t(id)] = logits[size_t(id)];
          possible = true;
        }
  }
  over = complete && !possible;
  if (!possible && !complete)
    return Status::failure("grammar: no token of the vocabulary goes on with the text");
  return std::span<const float>(constrained_);
}

Result<bool> Continuation::take(std::span<const float> logits) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point before = Clock::now();
  DrawPlace place{history_, stream_, uint32_t(history_.size()), generated_, {}};
  std::span<const float> allowed = logits;
  if (options_.constraint) {
    bool over = false;
    auto constrained = constrain(logits, over);
    if (!constrained)
      return constrained.status();
    if (over) {
      result_.reason = FinishReason::EndToken;
      return false;
    }
    allowed = *constrained;
  }
  auto token = sampler_.sample(allowed, place, state_);
  result_.timings.sampleSeconds += std::chrono::duration<double>(Clock::now() - before).count();
  ++result_.timings.samples;
  if (!token)
    return token.status();
  history_.push_back(*token);
  ++generated_;
  if (!options_.ignoreEos && model_.isEnd(*token)) {
    result_.reason = FinishReason::EndToken;
    return false;
  }
  if (options_.constraint) {
    auto next = options_.constraint->advance(*constraint_, *token);
    if (!next)
      return next.status();
    constraint_ = std::move(*next);
  }
  readLogprobs(logits, *token);
  result_.tokens.push_back(*token);
  std::string text = push(*token);
  result_.text += text;
  bool goOn = !options_.onToken || options_.onToken(*token, text);
  if (result_.stop >= 0)
    result_.reason = FinishReason::StopString;
  else if (!goOn || (options_.cancel && options_.cancel->load(std::memory_order_relaxed)))
    result_.reason = FinishReason::Cancelled;
  else if (options_.predict >= 0 && result_.tokens.size() >= size_t(options_.predict))
    result_.reason = FinishReason::Limit;
  else if (history_.size() > model_.decoder.contextSize())
    result_.reason = FinishReason::ContextFull;
  else
    return true;
  return false;
}

Generation Continuation::finish() {
  if (result_.stop < 0 && decoder_) {
    StopStrings::Found found = stops_.push(decoder_->finish());
    std::string rest = found.text + (found.stop < 0 ? stops_.finish() : "");
    result_.text += rest;
    if (!rest.empty() && options_.onToken)
      options_.onToken(-1, rest);
  }
  return std::move(result_);
}

} // namespace lathe
