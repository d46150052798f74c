// See Generate.h.
#include "runtime/Generate.h"

#include "runtime/tokenizer/StopStrings.h"
#include "runtime/tokenizer/StreamingDecoder.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

namespace lathe {

namespace {

using Clock = std::chrono::steady_clock;
double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

/// New tokens become text that can be shown: whole characters, nothing of a stop string.
class TextOut {
public:
  TextOut(std::shared_ptr<const Tokenizer> tokenizer, bool atStart, const std::vector<std::string> &stops)
      : stops_(stops) {
    if (tokenizer)
      decoder_.emplace(std::move(tokenizer), /*skipSpecial=*/true, atStart);
  }
  /// What can be shown now; sets `stop` when a stop string was hit.
  std::string push(int32_t token, int &stop) {
    if (!decoder_)
      return {};
    StopStrings::Found found = stops_.push(decoder_->push(token));
    stop = found.stop;
    return std::move(found.text);
  }
  std::string finish() {
    if (!decoder_)
      return {};
    StopStrings::Found found = stops_.push(decoder_->finish());
    return found.text + (found.stop < 0 ? stops_.finish() : "");
  }

private:
  std::optional<StreamingDecoder> decoder_;
  StopStrings stops_;
};

void appendLine(std::string &out, const char *name, double time, uint64_t count, const char *unit) {
  char line[200];
  double milliseconds = time * 1000, each = count ? milliseconds / double(count) : 0;
  std::snprintf(line, sizeof line,
                "lathe_print_timings: %16s = %10.2f ms / %5llu %-6s (%8.2f ms per token, %8.2f tokens per second)\n",
                name, milliseconds, static_cast<unsigned long long>(count), unit, each,
                time > 0 ? double(count) / time : 0.0);
  out += line;
}

} // namespace

const char *finishReasonName(FinishReason reason) {
  switch (reason) {
  case FinishReason::EndToken:
  case FinishReason::StopString:
    return "stop";
  case FinishReason::Limit:
  case FinishReason::ContextFull:
    return "length";
  case FinishReason::Cancelled:
    return "cancelled";
  }
  return "?";
}

std::string Timings::print() const {
  std::string out;
  char line[200];
  appendLine(out, "sampling time", sampleSeconds, samples, "runs");
  std::snprintf(line, sizeof line, "lathe_print_timings: %16s = %10.2f ms\n", "load time", loadSeconds * 1000);
  out += line;
  appendLine(out, "prompt eval time", promptSeconds, promptTokens, "tokens");
  appendLine(out, "eval time", evalSeconds, evalRuns, "runs");
  std::snprintf(line, sizeof line, "lathe_print_timings: %16s = %10.2f ms / %5llu tokens\n", "total time",
                totalSeconds * 1000, static_cast<unsigned long long>(promptTokens + evalRuns));
  out += line;
  return out;
}

bool TextModel::isEnd(int32_t token) const {
  return std::ranges::count(decoder.model().metadata().endIds, token) != 0 || (tokenizer && tokenizer->isEnd(token));
}

Result<Generation> generate(const TextModel &model, uint64_t sequence, std::vector<int32_t> &history,
                            const GenerateOptions &options) {
  if (Status status = options.sampling.validate(); !status)
    return status;
  if (!options.stops.empty() && !model.tokenizer)
    return Status::failure("stop strings need a tokenizer, and the model has none");
  Decoder &decoder = model.decoder;
  uint32_t length = decoder.length(sequence);
  if (history.size() <= length)
    return Status::failure("the prompt is empty: there is no token to begin with");
  bool atStart =
      model.tokenizer && std::ranges::all_of(history, [&](int32_t id) { return model.tokenizer->isSpecial(id); });

  Generation result;
  Sampler sampler(options.sampling);
  TextOut out(model.tokenizer, atStart, options.stops);
  auto cancelled = [&] { return options.cancel && options.cancel->load(std::memory_order_relaxed); };

  Clock::time_point start = Clock::now();
  result.timings.promptTokens = history.size() - length;
  if (Status status = decoder.feed(sequence, std::span(history).subspan(length), options.cancel); !status)
    return status;
  Clock::time_point fed = Clock::now();
  result.timings.promptSeconds = seconds(fed - start);
  if (decoder.cancelled())
    result.reason = FinishReason::Cancelled;

  bool done = decoder.cancelled() || options.predict == 0;
  while (!done) {
    Clock::time_point before = Clock::now();
    auto token = sampler.sample(decoder.logits(0), history, options.stream, uint32_t(history.size()));
    result.timings.sampleSeconds += seconds(Clock::now() - before);
    ++result.timings.samples;
    if (!token)
      return token.status();
    history.push_back(*token);
    if (!options.ignoreEos && model.isEnd(*token)) {
      result.reason = FinishReason::EndToken;
      break;
    }
    result.tokens.push_back(*token);
    std::string text = out.push(*token, result.stop);
    result.text += text;
    bool goOn = !options.onToken || options.onToken(*token, text);
    if (result.stop >= 0) {
      result.reason = FinishReason::StopString;
      break;
    }
    if (!goOn || cancelled()) {
      result.reason = FinishReason::Cancelled;
      break;
    }
    if (options.predict >= 0 && result.tokens.size() >= size_t(options.predict)) {
      result.reason = FinishReason::Limit;
      break;
    }
    if (history.size() > decoder.contextSize()) {
      result.reason = FinishReason::ContextFull;
      break;
    }
    before = Clock::now();
    Decoder::Part part{sequence, std::span(history).last(1), 1};
    if (Status status = decoder.step({&part, 1}); !status)
      return status;
    result.timings.evalSeconds += seconds(Clock::now() - before);
    ++result.timings.evalRuns;
  }
  if (result.stop < 0) {
    std::string rest = out.finish();
    result.text += rest;
    if (!rest.empty() && options.onToken)
      options.onToken(-1, rest);
  }
  result.timings.totalSeconds = seconds(Clock::now() - start);
  return result;
}

} // namespace lathe
