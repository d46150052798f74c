// See SamplingBench.h.
#include "tools/lathe/SamplingBench.h"

#include "runtime/sampling/Sampler.h"

#include <algorithm>
#include <chrono>

namespace lathe {

namespace {

using Clock = std::chrono::steady_clock;
double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  auto middle = values.begin() + ptrdiff_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

SamplerOptions neutral() {
  SamplerOptions options;
  options.temperature = 1;
  options.topK = 0;
  options.topP = 1;
  options.minP = 0;
  return options;
}

std::vector<std::pair<std::string, SamplerOptions>> chains() {
  std::vector<std::pair<std::string, SamplerOptions>> all;
  all.emplace_back("default", SamplerOptions());
  auto add = [&](const char *name, SamplerOptions options, auto set) {
    set(options);
    all.emplace_back(name, std::move(options));
  };
  add("greedy", SamplerOptions(), [](auto &o) { o.temperature = 0; });
  add("default without top_k", SamplerOptions(), [](auto &o) { o.topK = 0; });
  add("default with penalties", SamplerOptions(), [](auto &o) { o.repeatPenalty = 1.1f; });
  add("temperature", neutral(), [](auto &o) { o.temperature = 0.8f; });
  add("dynamic temperature", neutral(), [](auto &o) { o.dynatempRange = 0.5f; });
  add("top_k", neutral(), [](auto &o) { o.topK = 40; });
  add("top_k of 1000", neutral(), [](auto &o) { o.topK = 1000; });
  add("top_p", neutral(), [](auto &o) { o.topP = 0.95f; });
  add("min_p", neutral(), [](auto &o) { o.minP = 0.05f; });
  add("typ_p", neutral(), [](auto &o) { o.typicalP = 0.9f; });
  add("top_n_sigma", neutral(), [](auto &o) { o.topNSigma = 1; });
  add("xtc", neutral(), [](auto &o) { o.xtcProbability = 1; });
  add("penalties", neutral(), [](auto &o) { o.repeatPenalty = 1.1f; });
  add("penalties over all", neutral(), [](auto &o) { o.repeatPenalty = 1.1f, o.penaltyWindow = -1; });
  add("dry", neutral(), [](auto &o) { o.dryMultiplier = 0.8f; });
  add("mirostat 1", neutral(), [](auto &o) { o.mirostat = 1; });
  add("mirostat 2", neutral(), [](auto &o) { o.mirostat = 2; });
  add("all", SamplerOptions(), [](auto &o) {
    o.repeatPenalty = 1.1f, o.dryMultiplier = 0.8f, o.topNSigma = 2, o.typicalP = 0.9f, o.xtcProbability = 1;
    o.dynatempRange = 0.3f;
  });
  return all;
}

} // namespace

Result<SamplingCost> measureSampling(Decoder &decoder, uint32_t repetitions) {
  constexpr uint32_t textTokens = 256, rowCount = 32;
  if (decoder.contextSize() < textTokens)
    return Status::failure("the context holds " + std::to_string(decoder.contextSize()) +
                           " tokens; measuring samplers takes " + std::to_string(textTokens));
  SamplingCost cost;
  std::vector<int32_t> history = {1};
  uint64_t sequence = decoder.addSequence();
  std::vector<std::vector<float>> rows;
  std::vector<double> times;
  SamplerState state;
  Sampler drawing((SamplerOptions()));
  Status status = Status::success();
  while (status && history.size() < textTokens) {
    Decoder::Part part{sequence, std::span(history).last(1), 1};
    Clock::time_point before = Clock::now();
    if (status = decoder.step({&part, 1}); !status)
      break;
    if (history.size() + rowCount >= textTokens) {
      times.push_back(microseconds(Clock::now() - before));
      rows.emplace_back(decoder.logits(0).begin(), decoder.logits(0).end());
    }
    if (auto token = drawing.sample(decoder.logits(0), {history, 0, uint32_t(history.size())}, state))
      history.push_back(*token);
    else
      status = token.status();
  }
  decoder.removeSequence(sequence);
  if (!status)
    return status;
  cost.stepMicroseconds = median(times);
  for (auto &[name, options] : chains()) {
    Sampler sampler(options);
    times.clear();
    for (uint32_t i = 0; i <= repetitions; ++i) // the first one warms up
      for (size_t row = 0; row < rows.size(); ++row) {
        SamplerState fresh;
        Clock::time_point before = Clock::now();
        auto token = sampler.sample(rows[row], {history, 0, uint32_t(row)}, fresh);
        if (!token)
          return token.status();
        if (i)
          times.push_back(microseconds(Clock::now() - before));
      }
    cost.chains.push_back({name, options.describe(), median(times)});
  }
  return cost;
}

} // namespace lathe
