// The flags that say how tokens are drawn; llama.cpp's names where it has them.
#include "tools/run/RunOptions.h"

#include <CLI/CLI.hpp>

#include <charconv>

namespace lathe {

namespace {

/// "15043+1.5", "15043-inf": a token and what is added to its logit.
std::string parseBias(const std::string &text, std::vector<std::pair<int32_t, float>> &out) {
  int32_t id = -1;
  auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || id < 0 || at == text.data() + text.size() || (*at != '+' && *at != '-'))
    return "'" + text + "' is not TOKEN_ID+BIAS or TOKEN_ID-BIAS";
  float bias;
  const char *number = *at == '+' ? at + 1 : at, *end = text.data() + text.size();
  auto [rest, wrong] = std::from_chars(number, end, bias);
  if (wrong != std::errc() || rest != end)
    return "'" + text + "' has no number after the token";
  out.emplace_back(id, bias);
  return {};
}

/// "1,2,3".
std::string parseIds(std::string_view text, std::vector<int32_t> &out) {
  const char *at = text.data(), *end = text.data() + text.size();
  for (;;) {
    int32_t id = -1;
    auto [rest, error] = std::from_chars(at, end, id);
    if (error != std::errc() || id < 0 || (rest != end && *rest != ','))
      return "'" + std::string(text) + "' is no list of token ids: 1,2,3";
    out.push_back(id);
    if (rest == end)
      return {};
    at = rest + 1;
  }
}

/// "0:15043".
std::string parseForced(const std::string &text, std::vector<std::pair<uint32_t, int32_t>> &out) {
  uint32_t number = 0;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::vector<int32_t> ids;
  if (error != std::errc() || *rest != ':' || !parseIds(std::string_view(rest + 1), ids).empty() || ids.size() != 1)
    return "'" + text + "' is not N:TOKEN_ID";
  out.emplace_back(number, ids[0]);
  return {};
}

/// A flag that may be given several times, each time with a value that `parse` takes; it returns what is wrong with it.
template <class Parse>
void addRepeatable(CLI::App &app, const char *name, const char *type, const char *help, Parse parse) {
  app.add_option_function<std::vector<std::string>>(
         name,
         [name, parse](const std::vector<std::string> &values) {
           for (const std::string &value : values)
             if (std::string problem = parse(value); !problem.empty())
               throw CLI::ValidationError(name, problem);
         },
         help)
      ->allow_extra_args(false)
      ->type_name(type);
}

} // namespace

void addSamplingOptions(CLI::App &app, RunOptions &options) {
  SamplerOptions &sampling = options.sampling;
  std::string chain;
  for (SamplerKind kind : sampling.chain)
    chain += (chain.empty() ? "" : ";") + std::string(samplerName(kind));
  app.add_option_function<std::string>(
         "--samplers",
         [&sampling](const std::string &text) {
           auto parsed = parseSamplers(text);
           if (!parsed)
             throw CLI::ValidationError("--samplers", parsed.message());
           sampling.chain = *parsed;
         },
         "the samplers in their order; default " + chain)
      ->type_name("NAMES");
  auto add = [&](const char *name, auto &value, const char *help) {
    app.add_option(name, value, help)->capture_default_str();
  };
  add("--temp,--temperature", sampling.temperature, "temperature; 0: always the most probable token");
  add("--dynatemp-range", sampling.dynatempRange, "the temperature moves by so much with the entropy; 0: not");
  add("--dynatemp-exp", sampling.dynatempExponent, "exponent of the entropy for it");
  add("--top-k", sampling.topK, "draw from the K most probable; 0: all");
  add("--top-p", sampling.topP, "draw from the fewest that reach probability P; 1: all");
  add("--min-p", sampling.minP, "draw from those with P times the largest probability; 0: all");
  add("--typical,--typical-p", sampling.typicalP, "draw from the most typical that reach probability P; 1: all");
  add("--top-n-sigma,--top-nsigma", sampling.topNSigma,
      "draw from those within N standard deviations of the largest logit; 0 or less: all");
  add("--xtc-probability", sampling.xtcProbability, "how often the most probable are removed (XTC); 0: never");
  add("--xtc-threshold", sampling.xtcThreshold, "of all tokens with this probability XTC leaves the least one");
  add("--repeat-last-n", sampling.penaltyWindow, "tokens the penalties look back; 0: none, -1: all");
  add("--repeat-penalty", sampling.repeatPenalty, "for tokens that were there; 1: none");
  add("--presence-penalty", sampling.presencePenalty, "for tokens that were there; 0: none");
  add("--frequency-penalty", sampling.frequencyPenalty, "for each time a token was there; 0: none");
  add("--dry-multiplier", sampling.dryMultiplier, "penalty of repeated sequences (DRY); 0: none");
  add("--dry-base", sampling.dryBase, "by which it grows with each token of the sequence");
  add("--dry-allowed-length", sampling.dryAllowedLength, "sequences that are shorter cost nothing");
  add("--dry-penalty-last-n", sampling.dryPenaltyLastN, "tokens DRY looks back; 0: none, -1: all");
  auto first = std::make_shared<bool>(true); // of the breakers: it replaces the default ones
  addRepeatable(app, "--dry-sequence-breaker", "TEXT",
                "sequences end at this text, instead of at newline : \" and * (repeatable); none: nowhere",
                [&sampling, first](const std::string &text) {
                  if (std::exchange(*first, false))
                    sampling.dryBreakerTexts.clear();
                  if (text != "none")
                    sampling.dryBreakerTexts.push_back(text);
                  return std::string();
                });
  add("--mirostat", sampling.mirostat, "1 or 2: hold the surprise steady, instead of top-k to XTC; 0: off");
  add("--mirostat-ent", sampling.mirostatTau, "the surprise that mirostat aims at, in bits");
  add("--mirostat-lr", sampling.mirostatEta, "how fast mirostat learns");
  addRepeatable(app, "--logit-bias", "ID+BIAS", "added to a token's logit: TOKEN_ID+BIAS or TOKEN_ID-BIAS (repeatable)",
                [&sampling](const std::string &text) { return parseBias(text, sampling.logitBias); });
  addRepeatable(app, "--ban", "IDS", "tokens that must not come one after the other: 5 or 5,6,7 (repeatable)",
                [&sampling](const std::string &text) { return parseIds(text, sampling.banned.emplace_back()); });
  addRepeatable(app, "--force", "N:ID", "the N-th new token, from 0, is ID (repeatable)",
                [&sampling](const std::string &text) { return parseForced(text, sampling.forced); });
  add("--no-repeat-ngram", sampling.noRepeatNgram, "no N tokens come a second time; 0: they may");
  add("--min-tokens", sampling.minTokens, "no end token before so many new tokens");
  app.add_option("-s,--seed", options.seed, "of the random numbers; -1: another one every time")->capture_default_str();
  app.add_option("--num-return", options.returned, "texts from one prompt, drawn in the same steps")
      ->check(CLI::Range(1u, 256u))
      ->capture_default_str();
  app.add_option("--logprobs", options.logprobs,
                 "with --json: log probabilities of every new token and of the N most probable ones, before and after "
                 "the samplers")
      ->check(CLI::Range(0, 1000))
      ->type_name("N");
  app.add_option("--prompt-logprobs", options.promptLogprobs, "with --json: the same of the prompt's tokens")
      ->check(CLI::Range(0, 1000))
      ->type_name("N");
}

Status checkSamplingOptions(const RunOptions &options) {
  if (!options.json && (options.logprobs >= 0 || options.promptLogprobs >= 0))
    return Status::failure("log probabilities are printed with --json");
  return options.sampling.validate();
}

} // namespace lathe
