// Chat template text to tokens, with Jinja's rules for white space around blocks: trim_blocks and lstrip_blocks are on,
// as transformers sets them. Relies on TemplateValue.h for errors.
#pragma once

#include "runtime/chat/TemplateValue.h"

namespace lathe::chat {

struct Token {
  enum class Kind { Text, OutputBegin, OutputEnd, BlockBegin, BlockEnd, Name, String, Integer, Float, Operator, End };
  Kind kind;
  int line;
  std::string text; ///< of a String: what it means
};

/// Throws TemplateError with the line. The last token is End.
std::vector<Token> lexTemplate(std::string_view text);

} // namespace lathe::chat
