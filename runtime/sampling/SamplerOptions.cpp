// See SamplerOptions.h.
#include "runtime/sampling/SamplerOptions.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace lathe {

namespace {

struct NamedKind {
  SamplerKind kind;
  const char *name;
  std::vector<std::string_view> others;
};

const std::vector<NamedKind> &namedKinds() {
  static const std::vector<NamedKind> kinds = {
      {SamplerKind::Penalties, "penalties", {}},
      {SamplerKind::Dry, "dry", {}},
      {SamplerKind::TopNSigma, "top_n_sigma", {"top-n-sigma"}},
      {SamplerKind::TopK, "top_k", {"top-k"}},
      {SamplerKind::TypicalP, "typ_p", {"typ-p", "typ", "typical", "typical_p", "typical-p"}},
      {SamplerKind::TopP, "top_p", {"top-p", "nucleus"}},
      {SamplerKind::MinP, "min_p", {"min-p"}},
      {SamplerKind::Xtc, "xtc", {}},
      {SamplerKind::Temperature, "temperature", {"temp"}},
  };
  return kinds;
}

std::string number(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", double(value));
  return text;
}

constexpr float infinity = std::numeric_limits<float>::infinity();

} // namespace

const char *samplerName(SamplerKind kind) { return namedKinds()[size_t(kind)].name; }

Result<std::vector<SamplerKind>> parseSamplers(std::string_view text) {
  std::vector<SamplerKind> chain;
  while (!text.empty()) {
    std::string_view name = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(text.size(), name.size() + 1));
    auto found = std::ranges::find_if(namedKinds(), [&](const NamedKind &kind) {
      return kind.name == name || std::ranges::count(kind.others, name) != 0;
    });
    if (found == namedKinds().end()) {
      std::string known;
      for (const NamedKind &kind : namedKinds())
        known += (known.empty() ? "" : ";") + std::string(kind.name);
      return Status::failure("there is no sampler '" + std::string(name.substr(0, 64)) + "'; there are " + known);
    }
    if (std::ranges::count(chain, found->kind))
      return Status::failure("the sampler " + std::string(found->name) + " is in the chain twice");
    chain.push_back(found->kind);
  }
  return chain;
}

bool SamplerOptions::greedy() const {
  return temperature <= 0 && dynatempRange <= 0 &&
         (mirostat != 0 || std::ranges::count(chain, SamplerKind::Temperature));
}

std::vector<SamplerKind> SamplerOptions::activeChain() const {
  auto active = [&](SamplerKind kind) {
    switch (kind) {
    case SamplerKind::Penalties:
      return penaltyWindow != 0 && (repeatPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0);
    case SamplerKind::Dry:
      return dryMultiplier != 0 && dryBase >= 1 && dryPenaltyLastN != 0;
    case SamplerKind::TopNSigma:
      return mirostat == 0 && topNSigma > 0;
    case SamplerKind::TopK:
      return mirostat == 0 && topK > 0;
    case SamplerKind::TypicalP:
      return mirostat == 0 && typicalP < 1;
    case SamplerKind::TopP:
      return mirostat == 0 && topP < 1;
    case SamplerKind::MinP:
      return mirostat == 0 && minP > 0;
    case SamplerKind::Xtc:
      return mirostat == 0 && xtcProbability > 0 && xtcThreshold <= 0.5f;
    case SamplerKind::Temperature:
      return temperature != 1 || dynatempRange > 0;
    }
    return false;
  };
  std::vector<SamplerKind> result;
  for (SamplerKind kind : chain)
    if (active(kind))
      result.push_back(kind);
  return result;
}

std::string SamplerOptions::describe() const {
  std::string text;
  auto add = [&](const std::string &part) { text += (text.empty() ? "" : " -> ") + part; };
  if (!logitBias.empty())
    add("logit_bias of " + std::to_string(logitBias.size()));
  if (!banned.empty())
    add("banned " + std::to_string(banned.size()));
  if (noRepeatNgram > 0)
    add("no_repeat_ngram " + std::to_string(noRepeatNgram));
  if (minTokens > 0)
    add("min_tokens " + std::to_string(minTokens));
  if (!forced.empty())
    add("forced " + std::to_string(forced.size()));
  for (SamplerKind kind : activeChain()) {
    std::string name = samplerName(kind);
    switch (kind) {
    case SamplerKind::Penalties:
      add(name + " (last " + (penaltyWindow < 0 ? "all" : std::to_string(penaltyWindow)) + ", repeat " +
          number(repeatPenalty) + ", frequency " + number(frequencyPenalty) + ", presence " + number(presencePenalty) +
          ")");
      break;
    case SamplerKind::Dry:
      add(name + " (multiplier " + number(dryMultiplier) + ", base " + number(dryBase) + ", allowed length " +
          std::to_string(dryAllowedLength) + ", last " +
          (dryPenaltyLastN < 0 ? "all" : std::to_string(dryPenaltyLastN)) + ")");
      break;
    case SamplerKind::TopNSigma:
      add(name + " " + number(topNSigma));
      break;
    case SamplerKind::TopK:
      add(name + " " + std::to_string(topK));
      break;
    case SamplerKind::TypicalP:
      add(name + " " + number(typicalP));
      break;
    case SamplerKind::TopP:
      add(name + " " + number(topP));
      break;
    case SamplerKind::MinP:
      add(name + " " + number(minP));
      break;
    case SamplerKind::Xtc:
      add(name + " (probability " + number(xtcProbability) + ", threshold " + number(xtcThreshold) + ")");
      break;
    case SamplerKind::Temperature:
      add(name + " " + number(temperature) +
          (dynatempRange > 0 ? " +- " + number(dynatempRange) + " (exponent " + number(dynatempExponent) + ")" : ""));
      break;
    }
  }
  if (greedy())
    add("greedy");
  else if (mirostat != 0)
    add("mirostat " + std::to_string(mirostat) + " (entropy " + number(mirostatTau) + ", learning rate " +
        number(mirostatEta) + ")");
  else
    add("draw");
  return text;
}

Status SamplerOptions::validate() const {
  struct Range {
    const char *name;
    float value, least, most;
    const char *hint;
  };
  const Range ranges[] = {
      {"temperature", temperature, -infinity, infinity, "0 or less takes the most probable token"},
      {"the dynamic temperature's range", dynatempRange, 0, infinity, "0 means none"},
      {"the dynamic temperature's exponent", dynatempExponent, 0, infinity, "1 is the default"},
      {"top-p", topP, 0, 1, "1 keeps all"},
      {"min-p", minP, 0, 1, "0 keeps all"},
      {"typical", typicalP, 0, 1, "1 keeps all"},
      {"top-n-sigma", topNSigma, -infinity, infinity, "0 or less keeps all"},
      {"the XTC probability", xtcProbability, 0, 1, "0 means never"},
      {"the XTC threshold", xtcThreshold, 0, 1, "above 0.5 means never"},
      {"frequency penalty", frequencyPenalty, -infinity, infinity, "0 means none"},
      {"presence penalty", presencePenalty, -infinity, infinity, "0 means none"},
      {"the DRY multiplier", dryMultiplier, 0, infinity, "0 means no DRY"},
      {"the DRY base", dryBase, 0, infinity, "below 1 means no DRY"},
      {"the mirostat entropy", mirostatTau, 0, infinity, "5 is the default"},
      {"the mirostat learning rate", mirostatEta, 0, infinity, "0.1 is the default"},
  };
  for (const Range &range : ranges) {
    if (!std::isfinite(range.value))
      return Status::failure(std::string(range.name) + " is not a finite number");
    if (range.value < range.least || range.value > range.most)
      return Status::failure(std::string(range.name) + " is " + number(range.value) + ", it must be " +
                             (range.most < infinity ? "from " + number(range.least) + " to " + number(range.most)
                                                    : number(range.least) + " or more") +
                             "; " + range.hint);
  }
  if (!(repeatPenalty > 0) || !std::isfinite(repeatPenalty))
    return Status::failure("repeat penalty is " + number(repeatPenalty) +
                           ", it must be a number above 0; 1 means none");
  if (penaltyWindow < -1)
    return Status::failure("the penalties' window is " + std::to_string(penaltyWindow) + "; -1 means all tokens");
  if (dryPenaltyLastN < -1)
    return Status::failure("the DRY window is " + std::to_string(dryPenaltyLastN) + "; -1 means all tokens");
  if (dryAllowedLength < 0)
    return Status::failure("the DRY allowed length is " + std::to_string(dryAllowedLength) + ", it must be 0 or more");
  if (mirostat < 0 || mirostat > 2)
    return Status::failure("mirostat is " + std::to_string(mirostat) + ", it must be 0 (off), 1 or 2");
  if (noRepeatNgram < 0)
    return Status::failure("the n-grams not to repeat are of " + std::to_string(noRepeatNgram) +
                           " tokens, it must be 0 (off) or more");
  for (auto [id, bias] : logitBias)
    if (std::isnan(bias) || bias == infinity)
      return Status::failure("the bias of token " + std::to_string(id) + " is not a number");
  constexpr size_t longestBreaker = 40;
  for (const std::string &text : dryBreakerTexts)
    if (text.empty() || text.size() > longestBreaker)
      return Status::failure("a DRY sequence breaker has " + std::to_string(text.size()) +
                             " bytes, it must have 1 to " + std::to_string(longestBreaker));
  for (const auto &sequence : banned)
    if (sequence.empty())
      return Status::failure("a banned sequence has no token");
  return Status::success();
}

Status SamplerOptions::validateTokens(uint32_t vocabulary) const {
  auto check = [&](const char *what, int32_t id) {
    return id >= 0 && uint32_t(id) < vocabulary
               ? Status::success()
               : Status::failure(std::string(what) + " names token " + std::to_string(id) + ", the vocabulary has " +
                                 std::to_string(vocabulary));
  };
  Status status = Status::success();
  for (size_t i = 0; i < logitBias.size() && status; ++i)
    status = check("a logit bias", logitBias[i].first);
  for (size_t i = 0; i < forced.size() && status; ++i)
    status = check("a forced token", forced[i].second);
  for (const auto &sequence : banned)
    for (size_t i = 0; i < sequence.size() && status; ++i)
      status = check("a banned sequence", sequence[i]);
  return status;
}

} // namespace lathe
