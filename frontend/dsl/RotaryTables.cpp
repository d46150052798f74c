// rope_frequencies: the frequencies of rotary pairs under the rules that stretch trained positions over longer
// contexts. Sources: Chen et al. 2023, arXiv:2306.15595 (linear); Llama 3: arXiv:2407.21783; Peng et al. 2023,
// arXiv:2309.00071 (yarn).
#include "frontend/dsl/ModelBuilder.h"
#include "frontend/dsl/Names.h"
#include "frontend/files/Quoted.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lathe::dsl {

namespace {

constexpr int64_t maximalPairs = 1 << 15;

struct Rule {
  std::string scaling = "none";
  double base = 10000, factor = 1, original = 0, low = 1, high = 4, slow = 1, fast = 32;
  int64_t dims = 0;
  bool truncate = true;
};

/// Waves longer than original / low are stretched by the factor, those shorter than original / high are kept, those
/// between are blended.
double llama3(const Rule &rule, double frequency) {
  double turns = rule.original * frequency / (2 * std::numbers::pi);
  if (turns < rule.low)
    return frequency / rule.factor;
  if (turns > rule.high)
    return frequency;
  double smooth = (turns - rule.low) / (rule.high - rule.low);
  return (1 - smooth) * frequency / rule.factor + smooth * frequency;
}

/// Pairs that turn more than `fast` times in the trained length are kept, those that turn less than `slow` times are
/// stretched; between them a ramp over the pairs.
double yarn(const Rule &rule, double frequency, int64_t pair) {
  auto pairOf = [&](double turns) {
    return rule.dims * std::log(rule.original / (turns * 2 * std::numbers::pi)) / (2 * std::log(rule.base));
  };
  double first = pairOf(rule.fast), last = pairOf(rule.slow);
  if (rule.truncate)
    first = std::floor(first), last = std::ceil(last);
  first = std::max(first, 0.0), last = std::min(last, static_cast<double>(rule.dims - 1));
  double span = first == last ? 0.001 : last - first;
  double stretched = std::clamp((static_cast<double>(pair) - first) / span, 0.0, 1.0);
  return frequency / rule.factor * stretched + frequency * (1 - stretched);
}

} // namespace

/// A list of dims / 2 frequencies, or none where base^(-2i / dims) are meant.
bool ModelBuilder::callTable(const Expression &call, Datum &result) {
  Rule rule;
  for (const NamedArgument &argument : call.named) {
    Datum value;
    if (!evaluate(*argument.value, value))
      return false;
    if (argument.name == "scaling"    ? value.kind != Datum::Kind::Text
        : argument.name == "truncate" ? value.kind != Datum::Kind::Bool
        : argument.name == "dims"     ? value.kind != Datum::Kind::Int
                                      : !value.isNumber())
      return fail(argument.offset, "'" + argument.name + "' of '" + call.text + "' cannot be " + value.kindName());
    if (argument.name == "scaling")
      rule.scaling = value.text;
    else if (argument.name == "truncate")
      rule.truncate = value.integer != 0;
    else if (argument.name == "dims")
      rule.dims = value.integer;
    else
      (argument.name == "base"       ? rule.base
       : argument.name == "factor"   ? rule.factor
       : argument.name == "original" ? rule.original
       : argument.name == "low"      ? rule.low
       : argument.name == "high"     ? rule.high
       : argument.name == "slow"     ? rule.slow
                                     : rule.fast) = value.asNumber();
  }
  // A factor of 0 is how some files say none. "dynamic" (NTK) raises the base with a sequence's length from the trained
  // context on, and keys that are cached keep the base of their call: what a token is then depends on how a text was cut
  // into calls. Up to there, where Lathe's contexts end, it changes nothing.
  result = Datum();
  if (rule.scaling == "none" || rule.scaling == "default" || rule.scaling == "dynamic" || rule.factor == 0)
    return true;
  bool isLinear = rule.scaling == "linear", isLlama3 = rule.scaling == "llama3", isYarn = rule.scaling == "yarn";
  if (!isLinear && !isLlama3 && !isYarn)
    return failModel("the rope scaling " + quoted(rule.scaling) + " is not supported by the model " + model_.name +
                     "; supported: 'dynamic', 'linear', 'llama3', 'yarn'");
  if (rule.dims <= 0 || rule.dims % 2 != 0 || rule.dims / 2 > maximalPairs)
    return failModel("rotary positions over " + std::to_string(rule.dims) + " elements of a head");
  if (!(rule.factor > 0) || !(rule.base > 1) || (!isLinear && !(rule.original > 0)) ||
      (isLlama3 && rule.low == rule.high) || (isYarn && !(rule.fast > 0 && rule.slow > 0)))
    return failModel("the rope scaling " + quoted(rule.scaling) + " with a factor of " + std::to_string(rule.factor) +
                     ", a base of " + std::to_string(rule.base) + " and an original context of " +
                     std::to_string(rule.original) + " makes no sense");
  std::vector<Datum> list;
  for (int64_t pair = 0; pair < rule.dims / 2; ++pair) {
    double frequency = std::pow(rule.base, -2.0 * static_cast<double>(pair) / static_cast<double>(rule.dims));
    list.push_back(Datum::ofFloat(isLinear   ? frequency / rule.factor
                                  : isLlama3 ? llama3(rule, frequency)
                                             : yarn(rule, frequency, pair)));
  }
  result = Datum::ofList(std::move(list));
  return true;
}

} // namespace lathe::dsl
