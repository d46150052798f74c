// See Generate.h.
#include "runtime/Generate.h"

#include "runtime/Continuation.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

namespace lathe {

namespace {

using Clock = std::chrono::steady_clock;
double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

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

namespace {

Status check(const TextModel &model, GenerateOptions &options) {
  if (Status status = completeSampling(options.sampling, model); !status)
    return status;
  if (!options.stops.empty() && !model.tokenizer)
    return Status::failure("stop strings need a tokenizer, and the model has none");
  return Status::success();
}

/// Feeds what `sequence` does not have of `history`; with prompt logprobs in pieces, each with the logits of all its
/// tokens.
Status feedPrompt(Decoder &decoder, uint64_t sequence, std::span<const int32_t> history, const GenerateOptions &options,
                  std::vector<TokenLogprobs> &logprobs) {
  std::span<const int32_t> rest = history.subspan(decoder.length(sequence));
  if (options.promptLogprobs < 0)
    return decoder.feed(sequence, rest, options.cancel);
  constexpr size_t piece = 32; // a row of logits each
  LogprobReader reader;
  while (!rest.empty()) {
    Decoder::Part part{sequence, rest.first(std::min({rest.size(), piece, size_t(decoder.stepTokens())})), 0};
    part.wanted = uint32_t(part.tokens.size());
    if (Status status = decoder.step({&part, 1}); !status)
      return status;
    for (uint32_t row = 0; row < decoder.rows() && row + 1 < rest.size(); ++row)
      logprobs.push_back(reader.read(decoder.logits(row), rest[row + 1], size_t(options.promptLogprobs)));
    rest = rest.subspan(part.tokens.size());
    if (!rest.empty() && options.cancel && options.cancel->load(std::memory_order_relaxed))
      return decoder.feed(sequence, rest, options.cancel);
  }
  return Status::success();
}

} // namespace

Result<Generation> generate(const TextModel &model, uint64_t sequence, std::vector<int32_t> &history,
                            const GenerateOptions &given) {
  GenerateOptions options = given;
  if (Status status = check(model, options); !status)
    return status;
  Decoder &decoder = model.decoder;
  uint32_t length = decoder.length(sequence);
  if (history.size() <= length)
    return Status::failure("the prompt is empty: there is no token to begin with");
  Continuation text(model, history, options, options.stream);
  std::vector<TokenLogprobs> promptLogprobs;

  Clock::time_point start = Clock::now();
  text.timings().promptTokens = history.size() - length;
  if (Status status = feedPrompt(decoder, sequence, history, options, promptLogprobs); !status)
    return status;
  text.timings().promptSeconds = seconds(Clock::now() - start);
  bool cancelled = decoder.length(sequence) < history.size();
  if (cancelled)
    text.end(FinishReason::Cancelled);
  uint32_t row = decoder.rows() - 1;
  bool goesOn = !cancelled && options.predict != 0;
  while (goesOn) {
    auto taken = text.take(decoder.logits(row));
    if (!taken)
      return taken.status();
    goesOn = *taken;
    if (!goesOn)
      break;
    Clock::time_point before = Clock::now();
    Decoder::Part part{sequence, std::span(history).last(1), 1};
    if (Status status = decoder.step({&part, 1}); !status)
      return status;
    row = 0;
    text.timings().evalSeconds += seconds(Clock::now() - before);
    ++text.timings().evalRuns;
  }
  Generation result = text.finish();
  result.promptLogprobs = std::move(promptLogprobs);
  result.timings.totalSeconds = seconds(Clock::now() - start);
  return result;
}

Result<std::vector<Generation>> generateSeveral(const TextModel &model, std::span<const uint64_t> sequences,
                                                std::span<const int32_t> prompt, const GenerateOptions &given) {
  GenerateOptions options = given;
  if (Status status = check(model, options); !status)
    return status;
  if (prompt.empty())
    return Status::failure("the prompt is empty: there is no token to begin with");
  Decoder &decoder = model.decoder;
  size_t count = sequences.size();
  std::vector<std::vector<int32_t>> histories(count, {prompt.begin(), prompt.end()});
  std::vector<std::unique_ptr<Continuation>> texts;
  Timings timings;
  std::vector<TokenLogprobs> promptLogprobs;
  Clock::time_point start = Clock::now();
  std::vector<uint32_t> open; // the texts that go on
  for (uint32_t i = 0; i < count; ++i) {
    texts.push_back(std::make_unique<Continuation>(model, histories[i], options, options.stream + i));
    Clock::time_point before = Clock::now();
    std::vector<TokenLogprobs> sameLogprobs;
    if (Status status = feedPrompt(decoder, sequences[i], histories[i], options, i ? sameLogprobs : promptLogprobs);
        !status)
      return status;
    timings.promptSeconds += seconds(Clock::now() - before);
    timings.promptTokens += prompt.size();
    if (decoder.length(sequences[i]) < prompt.size()) {
      texts[i]->end(FinishReason::Cancelled);
      continue;
    }
    if (options.predict == 0)
      continue;
    auto taken = texts[i]->take(decoder.logits(decoder.rows() - 1));
    if (!taken)
      return taken.status();
    if (*taken)
      open.push_back(i);
  }
  while (!open.empty()) {
    Clock::time_point before = Clock::now();
    std::vector<Decoder::Part> parts;
    for (uint32_t i : open)
      parts.push_back({sequences[i], texts[i]->history().last(1), 1});
    if (Status status = decoder.step(parts); !status)
      return status;
    timings.evalSeconds += seconds(Clock::now() - before);
    timings.evalRuns += open.size();
    std::vector<uint32_t> stillOpen;
    for (uint32_t row = 0; row < open.size(); ++row) {
      auto taken = texts[open[row]]->take(decoder.logits(row));
      if (!taken)
        return taken.status();
      if (*taken)
        stillOpen.push_back(open[row]);
    }
    open = std::move(stillOpen);
  }
  std::vector<Generation> results;
  for (const auto &text : texts) {
    results.push_back(text->finish());
    timings.sampleSeconds += results.back().timings.sampleSeconds;
    timings.samples += results.back().timings.samples;
  }
  timings.totalSeconds = seconds(Clock::now() - start);
  if (!results.empty()) {
    results[0].timings = timings;
    results[0].promptLogprobs = std::move(promptLogprobs);
  }
  return results;
}

} // namespace lathe
