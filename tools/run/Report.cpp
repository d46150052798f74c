// See Report.h.
#include "tools/run/Report.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>

namespace lathe {

namespace {

using nlohmann::json;

json timingsJson(const Timings &timings) {
  return {{"load_ms", timings.loadSeconds * 1e3},     {"prompt_tokens", timings.promptTokens},
          {"prompt_ms", timings.promptSeconds * 1e3}, {"eval_runs", timings.evalRuns},
          {"eval_ms", timings.evalSeconds * 1e3},     {"sample_ms", timings.sampleSeconds * 1e3},
          {"total_ms", timings.totalSeconds * 1e3}};
}

/// JSON has no infinity; it is null.
json number(float value) { return std::isfinite(value) ? json(value) : json(nullptr); }

class LogprobsPrinter {
public:
  explicit LogprobsPrinter(const RunContext &context) : tokenizer_(context.tokenizer.get()) {}

  json print(std::span<const TokenLogprobs> entries, bool hasChain) const {
    json list = json::array();
    for (const TokenLogprobs &entry : entries) {
      json item = token(entry.id, entry.logprob);
      item["top_logprobs"] = tokens(entry.top);
      if (hasChain) {
        item["sampling_logprob"] = number(entry.chainLogprob);
        item["sampling_top_logprobs"] = tokens(entry.chainTop);
      }
      list.push_back(std::move(item));
    }
    return list;
  }

private:
  json token(int32_t id, float logprob) const {
    json item = {{"id", id}, {"logprob", number(logprob)}};
    if (tokenizer_) {
      std::string text;
      tokenizer_->appendPiece(id, text);
      item["token"] = text;
    }
    return item;
  }
  json tokens(std::span<const TokenLogprob> entries) const {
    json list = json::array();
    for (TokenLogprob entry : entries)
      list.push_back(token(entry.id, entry.logprob));
    return list;
  }

  const Tokenizer *tokenizer_;
};

json generationJson(const RunContext &context, const Generation &result) {
  json item = {{"tokens", result.tokens}, {"text", result.text}, {"finish_reason", finishReasonName(result.reason)}};
  if (context.options.logprobs >= 0)
    item["logprobs"] = LogprobsPrinter(context).print(result.logprobs, true);
  return item;
}

std::string idLine(const Generation &result) {
  std::string line;
  for (int32_t token : result.tokens)
    line += (line.empty() ? "" : ",") + std::to_string(token);
  return line + "\n";
}

} // namespace

void report(const RunContext &context, size_t promptTokens, std::span<const Generation> results) {
  const RunOptions &options = context.options;
  if (options.json) {
    json whole = generationJson(context, results[0]);
    if (results.size() > 1) {
      whole = json::object();
      for (const Generation &result : results)
        whole["sequences"].push_back(generationJson(context, result));
    }
    if (options.promptLogprobs >= 0)
      whole["prompt_logprobs"] = LogprobsPrinter(context).print(results[0].promptLogprobs, false);
    whole["prompt_tokens"] = promptTokens;
    whole["seed"] = context.seed;
    whole["sampling"] = options.sampling.describe();
    whole["timings"] = timingsJson(results[0].timings);
    show(whole.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
  } else if (options.printIds) {
    for (const Generation &result : results)
      show(idLine(result));
  } else if (results.size() == 1) {
    show("\n");
  } else {
    for (size_t i = 0; i < results.size(); ++i)
      show("==> " + std::to_string(i) + " <==\n" + results[i].text + "\n");
  }
  if (options.quiet)
    return;
  for (const Generation &result : results)
    if (result.reason == FinishReason::ContextFull) {
      std::fprintf(stderr, "%s: the context of %u tokens is full (-c)\n", context.program,
                   context.decoder->contextSize());
      break;
    }
  std::fprintf(stderr, "\n%s", results[0].timings.print().c_str());
}

} // namespace lathe
