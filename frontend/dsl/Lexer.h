// Tokens of the model language. A newline ends a statement unless it stands in parentheses or brackets or after
// an operator or a comma.
#pragma once

#include "frontend/dsl/Language.h"

namespace lathe::dsl {

struct Token {
  enum class Kind { End, Newline, Name, Integer, Float, Text, Symbol };
  Kind kind = Kind::End;
  uint32_t offset = 0;
  std::string text; // names, symbols, strings without quotes and escapes
  int64_t integer = 0;
  double number = 0;
};

/// All tokens of the text; the last is End.
Result<std::vector<Token>> tokenize(const Source &source);

} // namespace lathe::dsl
