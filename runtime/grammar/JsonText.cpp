// See JsonText.h.
#include "runtime/grammar/JsonText.h"

#include <algorithm>
#include <cstdlib>

namespace lathe::grammar {

namespace {

Expression one(char first, char last) { return character(CharacterSet(uint32_t(first), uint32_t(last))); }
Expression digit() { return one('0', '9'); }

/// The value's digits before and behind the point.
std::pair<std::string, std::string> halves(const Decimal &value) {
  std::string digits = value.digits;
  if (digits.size() <= value.places)
    digits.insert(0, value.places + 1 - digits.size(), '0');
  std::string behind = digits.substr(digits.size() - value.places);
  std::string before = digits.substr(0, digits.size() - value.places);
  while (behind.ends_with('0'))
    behind.pop_back();
  size_t zeros = std::min(before.find_first_not_of('0'), before.size() - 1);
  return {before.substr(zeros), behind};
}

/// "." and digits that are above (`sign` 1) or below (-1) those of `limit`, or equal unless `exclusive`; also nothing
/// at all where that is right. `most` digits.
Expression fraction(const std::string &limit, int sign, bool exclusive, uint32_t most) {
  std::vector<Expression> choices;
  Expression rest = repeat(digit(), 0, most);
  for (size_t i = 0; i < limit.size(); ++i) {
    std::string prefix = "." + limit.substr(0, i);
    char at = limit[i];
    if (sign > 0 && at < '9')
      choices.push_back(sequence({bytes(prefix), one(char(at + 1), '9'), rest}));
    if (sign < 0 && at > '0')
      choices.push_back(sequence({bytes(prefix), one('0', char(at - 1)), rest}));
    if (sign < 0) // shorter than the limit: zeros follow in thought
      choices.push_back(bytes(i ? prefix : ""));
  }
  std::string all = limit.empty() ? "." : "." + limit;
  Expression zeros = repeat(bytes("0"), limit.empty() ? 1 : 0, most);
  if (sign > 0)
    choices.push_back(sequence({bytes(all), repeat(bytes("0"), 0, most), one('1', '9'), rest}));
  if (!exclusive) {
    choices.push_back(sequence({bytes(all), zeros}));
    if (limit.empty())
      choices.push_back(bytes(""));
  }
  return choice(std::move(choices));
}

/// Whole numbers above (below) `limit`, which has no leading zeros; not equal to it.
Expression wholes(const std::string &limit, int sign, uint32_t mostDigits) {
  std::vector<Expression> choices;
  for (size_t i = 0; i < limit.size(); ++i) {
    std::string prefix = limit.substr(0, i);
    uint32_t rest = uint32_t(limit.size() - i - 1);
    char least = i == 0 && limit.size() > 1 ? '1' : '0';
    if (sign > 0 && limit[i] < '9')
      choices.push_back(sequence({bytes(prefix), one(char(limit[i] + 1), '9'), repeat(digit(), rest, rest)}));
    if (sign < 0 && limit[i] > least)
      choices.push_back(sequence({bytes(prefix), one(least, char(limit[i] - 1)), repeat(digit(), rest, rest)}));
  }
  uint32_t length = uint32_t(limit.size());
  if (sign > 0 && mostDigits > length)
    choices.push_back(sequence({one('1', '9'), repeat(digit(), length, mostDigits - 1)}));
  if (sign < 0 && length > 1) {
    choices.push_back(bytes("0"));
    choices.push_back(sequence({one('1', '9'), repeat(digit(), 0, length - 2)}));
  }
  return choice(std::move(choices));
}

struct Form {
  uint32_t before, behind; // most digits
};

/// Numbers without sign that are at least (at most) the limit.
Expression beside(const Bound &limit, int sign, const Form &form) {
  auto [before, behind] = halves(limit.value);
  Expression any = form.behind ? optional(sequence({bytes("."), repeat(digit(), 1, form.behind)})) : bytes("");
  Expression edge;
  if (form.behind)
    edge = fraction(behind, sign, limit.exclusive, form.behind);
  else
    edge = (behind.empty() ? !limit.exclusive : sign < 0) ? bytes("") : nothing();
  return choice({sequence({wholes(before, sign, form.before), any}), sequence({bytes(before), edge})});
}

Result<Automaton> magnitudes(const std::optional<Bound> &least, const std::optional<Bound> &most, const Form &form,
                             Work &work) {
  Expression whole = choice({bytes("0"), sequence({one('1', '9'), repeat(digit(), 0, form.before - 1)})});
  Expression plain =
      form.behind ? sequence({whole, optional(sequence({bytes("."), repeat(digit(), 1, form.behind)}))}) : whole;
  auto result = build(plain, work);
  for (int sign : {1, -1}) {
    const std::optional<Bound> &limit = sign > 0 ? least : most;
    if (!result || !limit)
      continue;
    auto other = build(beside(*limit, sign, form), work);
    if (!other)
      return other;
    result = intersect(*result, *other, work);
  }
  return result;
}

/// Whole numbers that `divisor` divides, by the remainders of what was read.
Expression multiples(uint32_t divisor) {
  Node graph{.kind = Node::Kind::Graph};
  graph.nodes = divisor + 1; // node 0: nothing read; node 1 + r: remainder r
  for (uint32_t d = 0; d < 10; ++d) {
    graph.edges.push_back({0, 1 + d % divisor, bytes(std::string(1, char('0' + d)))});
    for (uint32_t r = 0; r < divisor; ++r)
      graph.edges.push_back({1 + r, 1 + (r * 10 + d) % divisor, bytes(std::string(1, char('0' + d)))});
  }
  graph.finals = {1};
  return make(std::move(graph));
}

} // namespace

std::optional<Decimal> Decimal::of(const Json &number) {
  std::string text = number.dump();
  Decimal out;
  size_t at = 0;
  if (text.starts_with('-')) {
    out.negative = true;
    ++at;
  }
  bool point = false;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    out.digits += text[at];
    out.places += point;
  }
  long exponent = at < text.size() ? std::strtol(text.c_str() + at + 1, nullptr, 10) : 0;
  if (exponent > 40 || exponent < -40)
    return std::nullopt;
  for (; exponent > 0; --exponent)
    out.places ? void(--out.places) : void(out.digits += '0');
  out.places += uint32_t(-exponent);
  while (out.places && out.digits.ends_with('0')) {
    out.digits.pop_back();
    --out.places;
  }
  out.digits.erase(0, std::min(out.digits.find_first_not_of('0'), out.digits.size()));
  if (out.digits.empty())
    out.negative = false, out.places = 0;
  if (out.digits.size() > 40 || out.places > 40)
    return std::nullopt;
  return out;
}

Result<Expression> numbers(const NumberRange &range, Work &work) {
  bool bounded = range.least || range.most;
  Form form{16, 16};
  if (bounded) {
    uint32_t digits = 1, places = 0;
    for (const auto &bound : {range.least, range.most})
      if (bound) {
        digits = std::max(digits, uint32_t(halves(bound->value).first.size()));
        places = std::max(places, uint32_t(halves(bound->value).second.size()));
      }
    form.before = std::max(15u, digits);
    form.behind = std::max(digits < 15 ? std::min(10u, 15 - digits) : 1, places);
  }
  if (range.integer)
    form.behind = 0;
  std::vector<Expression> choices;
  for (bool negative : {false, true}) {
    // The magnitudes of this sign: of negative numbers the bounds change their roles.
    std::optional<Bound> least = negative ? range.most : range.least, most = negative ? range.least : range.most;
    if (most && most->value.negative != negative && !most->value.digits.empty())
      continue;
    if (least && least->value.negative != negative)
      least.reset();
    if (negative && range.most && range.most->value.digits.empty() && range.most->exclusive)
      least = range.most; // not -0
    if (most && most->value.digits.empty() && negative)
      continue; // -0 alone
    if (negative && !least && range.integer)
      least = Bound{Decimal{}, true}; // not -0
    auto automaton = magnitudes(least, most, form, work);
    if (automaton && range.integer && range.multipleOf > 1) {
      auto multiple = build(multiples(range.multipleOf), work);
      if (!multiple)
        return multiple.status();
      automaton = intersect(*automaton, *multiple, work);
    }
    if (!automaton)
      return automaton.status();
    Expression part = accepting(std::move(*automaton));
    if (!bounded && !range.integer)
      part = sequence({part, optional(sequence({choice({bytes("e"), bytes("E")}),
                                                optional(choice({bytes("+"), bytes("-")})), repeat(digit(), 1, 2)}))});
    choices.push_back(negative ? sequence({bytes("-"), part}) : part);
  }
  return choice(std::move(choices));
}

Expression stringCharacter(const CharacterSet &set) {
  CharacterSet escaped(0, 0x1F);
  escaped.add('"');
  escaped.add('\\');
  std::vector<Expression> choices{character(set & escaped.complement())};
  CharacterSet spelled = set & escaped;
  for (CharacterSet::Range range : spelled.ranges())
    for (uint32_t code = range.first; code <= range.last; ++code) {
      std::string dumped = Json(std::string(1, char(code))).dump();
      choices.push_back(bytes(std::string_view(dumped).substr(1, dumped.size() - 2)));
    }
  return choice(std::move(choices));
}

Expression whiteSpace() {
  return optional(choice({bytes(" "), sequence({bytes("\n"), repeat(choice({bytes(" "), bytes("\t")}), 0, 40)})}));
}

const char *formatPattern(std::string_view format) {
#define LATHE_DATE                                                                                                     \
  "(?:(?:\\d{3}[1-9]|\\d\\d[1-9]0|\\d[1-9]00|[1-9]000)-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])"                 \
  "|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))"                                                    \
  "|(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29)"
#define LATHE_TIME "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)"
#define LATHE_BYTE "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
  static constexpr std::pair<std::string_view, const char *> patterns[] = {
      {"date", LATHE_DATE},
      {"time", LATHE_TIME},
      {"date-time", LATHE_DATE "T" LATHE_TIME},
      {"uuid", "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"},
      {"ipv4", LATHE_BYTE "(?:\\." LATHE_BYTE "){3}"},
      {"ipv6", "(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}"},
      {"email",
       "[A-Za-z0-9_+-]{1,32}(?:\\.[A-Za-z0-9_+-]{1,32})*@[A-Za-z0-9]{1,32}(?:[.-][A-Za-z0-9]{1,32})*\\.[A-Za-z]{2,12}"},
      {"hostname", "[A-Za-z0-9]{1,32}(?:[.-][A-Za-z0-9]{1,32})*"},
      {"uri", "https?://[A-Za-z0-9]{1,32}(?:[.-][A-Za-z0-9]{1,32})*(?::[1-9]\\d{0,3})?(?:/[A-Za-z0-9._~-]{0,64})*"},
      {"duration", "P(?:\\d{1,4}W|\\d{1,4}Y(?:\\d{1,2}M)?(?:\\d{1,2}D)?|\\d{1,4}M(?:\\d{1,2}D)?|\\d{1,4}D)"},
  };
  for (auto [name, pattern] : patterns)
    if (name == format)
      return pattern;
  return nullptr;
}

} // namespace lathe::grammar
