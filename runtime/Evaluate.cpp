// See Evaluate.h.
#include "runtime/Evaluate.h"

#include <algorithm>
#include <cmath>

namespace lathe {

namespace {

/// Logits of one step take at most so much memory.
constexpr uint64_t logitBytes = 64 << 20;

double negativeLogLikelihood(std::span<const float> logits, int32_t token) {
  float largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (float logit : logits)
    sum += std::exp(double(logit) - double(largest));
  return double(largest) + std::log(sum) - double(logits[size_t(token)]);
}

/// Sums over scored tokens.
struct Score {
  double sum = 0, squares = 0;
  uint64_t count = 0;

  void add(double value) {
    sum += value;
    squares += value * value;
    ++count;
  }
  Perplexity result() const {
    double mean = sum / double(count), variance = squares / double(count) - mean * mean;
    double value = std::exp(mean);
    return {value, count > 1 && variance > 0 ? std::sqrt(variance / double(count - 1)) * value : 0, count};
  }
};

/// The likelihoods of one step's rows, shared by the threads.
struct Rows {
  const Decoder &decoder;
  std::span<const int32_t> targets;
  std::vector<double> values;

  static void compute(void *self, unsigned, int64_t begin, int64_t end) {
    auto &rows = *static_cast<Rows *>(self);
    for (int64_t i = begin; i < end; ++i)
      rows.values[size_t(i)] = negativeLogLikelihood(rows.decoder.logits(uint32_t(i)), rows.targets[size_t(i)]);
  }
};

/// Scores tokens [first, window.size()) of a window, in an empty sequence.
Status scoreWindow(Decoder &decoder, std::span<const int32_t> window, size_t first, ThreadPool::Cost &cost,
                   Score &score) {
  uint64_t sequence = decoder.addSequence();
  size_t rowsAtOnce = std::clamp<size_t>(logitBytes / 4 / decoder.vocabulary(), 1, decoder.stepTokens());
  // The logits of token i judge token i + 1, so the last token needs no step.
  size_t last = window.size() - 1, firstRow = first - 1;
  Status status = Status::success();
  for (size_t at = 0; at < last && status;) {
    bool scored = at >= firstRow;
    size_t count = scored ? std::min(rowsAtOnce, last - at) : std::min<size_t>(decoder.stepTokens(), firstRow - at);
    Decoder::Part part{sequence, window.subspan(at, count), scored ? uint32_t(count) : 0};
    status = decoder.step({&part, 1});
    if (status && scored) {
      Rows rows{decoder, window.subspan(at + 1, count), std::vector<double>(count)};
      auto turn = decoder.session().pool().lock();
      decoder.session().pool().run(int64_t(count), cost, Rows::compute, &rows);
      for (double value : rows.values) {
        if (!std::isfinite(value)) {
          status =
              Status::failure("the logits at position " + std::to_string(at) + " of a window are not finite numbers");
          break;
        }
        score.add(value);
      }
    }
    at += count;
  }
  decoder.removeSequence(sequence);
  return status;
}

} // namespace

Result<std::vector<int32_t>> evaluationTokens(const Tokenizer &tokenizer, std::string_view text) {
  auto tokens = tokenizer.encode(text, /*addSpecial=*/false, /*parseSpecial=*/false);
  if (tokens)
    tokens->insert(tokens->begin(), tokenizer.spec().prefix.begin(), tokenizer.spec().prefix.end());
  return tokens;
}

Result<Perplexity> perplexity(Decoder &decoder, std::span<const int32_t> tokens, std::optional<int32_t> bos,
                              const PerplexityOptions &options) {
  if (options.window < 2)
    return Status::failure("a window of " + std::to_string(options.window) +
                           " tokens scores none; it must have 2 or more");
  if (options.window > decoder.contextSize())
    return Status::failure("a window of " + std::to_string(options.window) + " tokens, the context holds " +
                           std::to_string(decoder.contextSize()));
  if (options.tokens)
    tokens = tokens.first(std::min<size_t>(tokens.size(), options.tokens));
  bool half = options.rule == ScoreRule::SecondHalf;
  uint64_t windows = half ? tokens.size() / options.window : (tokens.size() + options.window - 1) / options.window;
  Score score;
  ThreadPool::Cost cost;
  std::vector<int32_t> window;
  for (uint64_t i = 0; i < windows; ++i) {
    auto part =
        tokens.subspan(i * options.window, std::min<size_t>(options.window, tokens.size() - i * options.window));
    window.assign(part.begin(), part.end());
    if (half && bos)
      window[0] = *bos;
    size_t first = half ? options.window / 2 + 1 : 1;
    if (first >= window.size())
      continue;
    if (Status status = scoreWindow(decoder, window, first, cost, score); !status)
      return status;
    if (options.cancel && options.cancel->load(std::memory_order_relaxed))
      return Status::failure("interrupted after " + std::to_string(i + 1) + " of " + std::to_string(windows) +
                             " windows");
    if (options.onWindow)
      options.onWindow(i + 1, windows, score.result().perplexity);
  }
  if (score.count == 0)
    return Status::failure("the text has " + std::to_string(tokens.size()) +
                           " tokens, which leaves none to score in windows of " + std::to_string(options.window));
  return score.result();
}

} // namespace lathe
