// See SchemaReader.h: numbers and strings.
#include "runtime/grammar/RegularExpression.h"
#include "runtime/grammar/SchemaReader.h"

namespace lathe::grammar {

namespace {
bool above(const Decimal &a, const Decimal &b) {
  // Bounds come from doubles or 64-bit integers; comparing aligned digits is exact.
  if (a.negative != b.negative)
    return b.negative;
  std::string x = a.digits + std::string(b.places > a.places ? b.places - a.places : 0, '0');
  std::string y = b.digits + std::string(a.places > b.places ? a.places - b.places : 0, '0');
  bool greater = x.size() != y.size() ? x.size() > y.size() : x > y;
  bool equal = x == y;
  return !equal && greater != a.negative;
}
} // namespace

Expression SchemaReader::number(const Parts &parts, unsigned types) {
  NumberRange range;
  range.integer = !(types & Fraction);
  uint64_t multiple = 1;
  for (const Part &part : parts) {
    for (auto [keyword, lower, exclusive] :
         {std::tuple{"minimum", true, false}, std::tuple{"exclusiveMinimum", true, true},
          std::tuple{"maximum", false, false}, std::tuple{"exclusiveMaximum", false, true}}) {
      auto at = part.schema->find(keyword);
      if (at == part.schema->end())
        continue;
      auto value = at->is_number() ? Decimal::of(*at) : std::nullopt;
      if (!value) {
        fail(part.schema, std::string("'") + keyword + "' is no number, or one beyond 10^40");
        return nothing();
      }
      std::optional<Bound> &bound = lower ? range.least : range.most;
      bool tighter = !bound || (lower ? above(*value, bound->value) : above(bound->value, *value));
      bool equal = bound && !above(*value, bound->value) && !above(bound->value, *value);
      if (tighter)
        bound = Bound{*value, exclusive};
      else if (equal)
        bound->exclusive |= exclusive;
    }
    if (auto at = part.schema->find("multipleOf"); at != part.schema->end()) {
      double value = at->is_number() ? at->get<double>() : 0;
      if (value < 1 || value > 2000 || value != double(uint32_t(value))) {
        fail(part.schema,
             "'multipleOf' " + at->dump() + " is not supported; supported are whole numbers from 1 to 2000");
        return nothing();
      }
      uint64_t a = multiple, b = uint64_t(value);
      while (b)
        a = std::exchange(b, a % b);
      multiple = multiple / a * uint64_t(value);
      range.integer = true;
    }
  }
  if (multiple > 20'000) {
    fail(parts[0].schema, "'multipleOf': numbers that are all multiples of " + std::to_string(multiple) + " at once");
    return nothing();
  }
  range.multipleOf = uint32_t(multiple);
  auto made = numbers(range, work_);
  if (!made) {
    fail(parts.empty() ? nullptr : parts[0].schema, made.message());
    return nothing();
  }
  return *made;
}

Expression SchemaReader::anyString() {
  if (!anyString_) {
    anyString_ = uint32_t(rules_.rules.size());
    rules_.rules.push_back(
        {"any string",
         sequence({bytes("\""), repeat(stringCharacter(CharacterSet::all()), 0, unlimited), bytes("\"")})});
  }
  return call(*anyString_);
}

/// What may stand between the quotes; nothing after a failure.
std::optional<Automaton> SchemaReader::contents(const Parts &parts) {
  uint32_t least = 0, most = unlimited;
  std::vector<std::string> found; // searched for
  std::vector<std::string> whole; // the whole text
  const Json *where = parts.empty() ? nullptr : parts[0].schema;
  for (const Part &part : parts) {
    const Json &schema = *part.schema;
    if (schema.is_boolean())
      continue;
    if (auto at = schema.find("minLength"); at != schema.end())
      least = std::max(least, count(&schema, *at, "minLength"));
    if (auto at = schema.find("maxLength"); at != schema.end())
      most = std::min(most, count(&schema, *at, "maxLength"));
    if (auto at = schema.find("pattern"); at != schema.end()) {
      if (!at->is_string()) {
        fail(&schema, "'pattern' is no string");
        return std::nullopt;
      }
      found.push_back(at->get<std::string>());
    }
    if (auto at = schema.find("format"); at != schema.end() && at->is_string()) {
      std::string format = at->get<std::string>();
      if (const char *pattern = formatPattern(format))
        whole.push_back(pattern);
      else
        for (const char *known : {"idn-email", "idn-hostname", "uri-reference", "iri", "iri-reference", "uri-template",
                                  "json-pointer", "relative-json-pointer", "regex"})
          if (format == known) {
            fail(&schema, "the format '" + format + "' is not supported");
            return std::nullopt;
          }
    }
  }
  if (least > 100'000 || (most != unlimited && most > 1'000'000))
    least > 100'000
        ? fail(where, "'minLength' " + std::to_string(least) + " is more than the 100000 that are supported")
        : void(most = unlimited);
  std::optional<Automaton> all;
  auto also = [&](Result<Automaton> automaton) {
    if (automaton && all)
      automaton = intersect(*all, *automaton, work_);
    if (!automaton)
      return fail(where, automaton.message());
    all = std::move(*automaton);
  };
  if (least > 0 || most != unlimited || (found.empty() && whole.empty())) {
    if (least > most)
      also(build(nothing(), work_));
    else
      also(build(repeat(stringCharacter(CharacterSet::all()), least, most), work_));
  }
  for (const auto *list : {&found, &whole})
    for (const std::string &pattern : *list) {
      if (failed())
        return std::nullopt;
      std::string key = (list == &found ? "s" : "w") + pattern;
      std::shared_ptr<const Automaton> &kept = patterns_[key];
      if (!kept) {
        RegularExpressionOptions options{.search = list == &found, .spell = stringCharacter};
        auto expression = readRegularExpression(pattern, options, work_);
        if (!expression) {
          fail(where, expression.message());
          return std::nullopt;
        }
        auto automaton = build(*expression, work_);
        if (!automaton) {
          fail(where, automaton.message());
          return std::nullopt;
        }
        kept = std::make_shared<const Automaton>(std::move(*automaton));
      }
      also(*kept);
    }
  if (failed())
    return std::nullopt;
  return all;
}

Expression SchemaReader::string(const Parts &parts) {
  bool limited = false;
  for (const Part &part : parts)
    for (const char *keyword : {"minLength", "maxLength", "pattern", "format"})
      limited |= part.schema->contains(keyword);
  if (!limited)
    return anyString();
  auto content = contents(parts);
  if (!content)
    return nothing();
  return sequence({bytes("\""), accepting(std::move(*content)), bytes("\"")});
}

} // namespace lathe::grammar
