// Methods of strings, lists and dictionaries. Relies on TemplateEvaluator.h.
#pragma once

#include "runtime/chat/TemplateEvaluator.h"

namespace lathe::chat {

/// True if values of this type have the method.
bool hasMethod(const Value &object, std::string_view name);
Value callMethod(const Value &object, std::string_view name, const Arguments &arguments, Budget &budget);

/// What several methods and filters share.
std::string changeCase(std::string_view text, bool upper);
std::string titleCase(std::string_view text);
std::string capitalized(std::string_view text);
/// `sides`: 1 left, 2 right; `characters` empty: white space.
std::string stripped(std::string_view text, std::string_view characters, int sides);
std::string replacedText(std::string_view text, std::string_view from, std::string_view to, int64_t count,
                         Budget &budget);
/// The text of an argument; fails if it is no string.
const std::string &textArgument(const Value &value, std::string_view what);
int64_t integerArgument(const Value &value, std::string_view what);
/// Python's "..." % values.
std::string formatted(std::string_view format, const Value &values, Budget &budget);

} // namespace lathe::chat
