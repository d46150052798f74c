// See Repetition.h.
#include "runtime/sampling/Repetition.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lathe {

namespace {

std::span<const int32_t> window(std::span<const int32_t> history, int32_t size) {
  return size < 0 ? history : history.last(std::min(history.size(), size_t(size)));
}

/// How many of the last tokens may be part of one repetition: those after the last breaker.
size_t tokensAfterBreaker(std::span<const int32_t> text, const SamplerOptions &options) {
  if (options.dryBreakers.empty())
    return text.size();
  for (size_t after = 0; after < text.size(); ++after) {
    int32_t head = text[text.size() - 1 - after];
    std::span<const int32_t> next = text.last(after);
    auto same = std::ranges::equal_range(options.dryBreakers, head, {}, [](const auto &entry) { return entry.first; });
    size_t longest = 0;
    bool found = false;
    for (const auto &[first, tail] : same)
      if (tail.size() <= after && std::ranges::equal(tail, next.first(tail.size()))) {
        found = true;
        longest = std::max(longest, tail.size());
      }
    if (found)
      return after - longest;
  }
  return text.size();
}

} // namespace

uint32_t &Repetition::count(int32_t id) {
  if (size_t(id) >= counts_.size())
    counts_.resize(size_t(id) + 1, 0);
  if (counts_[size_t(id)] == 0)
    touched_.push_back(id);
  return counts_[size_t(id)];
}

void Repetition::penalize(Candidates &candidates, std::span<const int32_t> history, const SamplerOptions &options) {
  touched_.clear();
  for (int32_t id : window(history, options.penaltyWindow))
    if (candidates.has(id))
      ++count(id);
  for (int32_t id : touched_) {
    float times = float(std::exchange(counts_[size_t(id)], 0u));
    candidates.change(id, [&](float logit) {
      logit = logit <= 0 ? logit * options.repeatPenalty : logit / options.repeatPenalty;
      return logit - (times * options.frequencyPenalty + options.presencePenalty);
    });
  }
}

void Repetition::penalizeDry(Candidates &candidates, std::span<const int32_t> history, const SamplerOptions &options) {
  std::span<const int32_t> text = window(history, options.dryPenaltyLastN);
  size_t length = text.size(), allowed = size_t(options.dryAllowedLength);
  if (length <= allowed)
    return;
  size_t limit = tokensAfterBreaker(text, options);
  if (limit < allowed)
    return;
  // matches_[k]: how many tokens before the last k agree with the end of the text (the Z function of it in reverse).
  auto reversed = [&](size_t i) { return text[length - 1 - i]; };
  matches_.assign(length, 0);
  size_t left = 0, right = 0; // the match that reaches furthest: reversed [left, right) is a copy of its beginning
  for (size_t k = 1; k < length; ++k) {
    size_t match = k < right ? std::min(right - k, size_t(matches_[k - left])) : 0;
    while (k + match < length && reversed(match) == reversed(k + match))
      ++match;
    matches_[k] = uint32_t(match);
    if (k + match > right) {
      left = k;
      right = k + match;
    }
  }
  // The longest repetition that each token would extend, plus 1.
  touched_.clear();
  for (size_t k = 1; k < length; ++k) {
    size_t repeated = std::min<size_t>(matches_[k], limit);
    int32_t next = reversed(k - 1);
    if (repeated < allowed || !candidates.has(next))
      continue;
    uint32_t &longest = count(next);
    longest = std::max(longest, uint32_t(repeated) + 1);
  }
  for (int32_t id : touched_) {
    size_t repeated = std::exchange(counts_[size_t(id)], 0u) - 1;
    auto same = std::ranges::equal_range(options.dryBreakers, id, {}, [](const auto &entry) { return entry.first; });
    if (std::ranges::any_of(same, [](const auto &entry) { return entry.second.empty(); }))
      continue;
    float penalty = options.dryMultiplier * std::pow(options.dryBase, float(repeated - allowed));
    candidates.change(id, [&](float logit) { return logit - std::min(penalty, 1e30f); });
  }
}

void Repetition::forbidNgrams(Candidates &candidates, std::span<const int32_t> history, size_t n) {
  if (n == 0 || history.size() < n)
    return;
  std::span<const int32_t> end = history.last(n - 1);
  for (size_t i = 0; i + n <= history.size(); ++i)
    if (std::ranges::equal(history.subspan(i, n - 1), end))
      candidates.forbid(history[i + n - 1]);
}

void Repetition::forbidSequences(Candidates &candidates, std::span<const int32_t> history,
                                 std::span<const std::vector<int32_t>> sequences) {
  for (const std::vector<int32_t> &sequence : sequences) {
    std::span<const int32_t> before = std::span(sequence).first(sequence.size() - 1);
    if (before.size() <= history.size() && std::ranges::equal(history.last(before.size()), before))
      candidates.forbid(sequence.back());
  }
}

} // namespace lathe
