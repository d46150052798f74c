// Regular expressions in ECMAScript's notation (with u, without flags), read into an expression. Lookaround, backward
// references and word boundaries are refused by name. Relies on Grammar.h.
#pragma once

#include "runtime/grammar/Grammar.h"

#include <functional>

namespace lathe::grammar {

struct RegularExpressionOptions {
  /// Finds the pattern anywhere, unless ^ and $ say otherwise; else the pattern is the whole text.
  bool search = false;
  /// How one character of a set is spelled; as UTF-8 when empty.
  std::function<Expression(const CharacterSet &)> spell;
};

/// ^ and $ may stand at the very beginning and end of a branch.
Result<Expression> readRegularExpression(std::string_view pattern, const RegularExpressionOptions &options, Work &work);
/// The grammar of the texts that are matched from their first to their last character.
Result<std::shared_ptr<const Grammar>> parseRegularExpression(std::string_view pattern);

} // namespace lathe::grammar
