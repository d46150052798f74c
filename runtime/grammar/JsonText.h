// How JSON values are written under a grammar: every string in one form, numbers with bounds, white space. Relies on
// Automaton.h and nlohmann json.
#pragma once

#include "runtime/grammar/Automaton.h"

#include <nlohmann/json.hpp>
#include <optional>

namespace lathe::grammar {

using Json = nlohmann::ordered_json;

/// A character inside of a JSON string: as it is, or as its only escape (\" \\ \b \f \n \r \t, else \u00XX).
Expression stringCharacter(const CharacterSet &set);
/// Nothing, a space, or a new line with up to 40 spaces or tabs.
Expression whiteSpace();

/// A decimal number: digits * 10^-places.
struct Decimal {
  bool negative = false;
  std::string digits; ///< without leading zeros; empty for 0
  uint32_t places = 0;
  /// Nothing when it has more than 40 digits.
  static std::optional<Decimal> of(const Json &number);
};
struct Bound {
  Decimal value;
  bool exclusive;
};
struct NumberRange {
  std::optional<Bound> least, most;
  bool integer = false;
  uint32_t multipleOf = 1; ///< for integers
};
/// Numbers without exponent, unless there are no bounds; up to 16 digits before the point, or as the bounds need, and
/// as many behind it as a double tells apart.
Result<Expression> numbers(const NumberRange &range, Work &work);

/// The pattern of the contents of a string of a format; nullptr when the format is not known.
const char *formatPattern(std::string_view format);

} // namespace lathe::grammar
