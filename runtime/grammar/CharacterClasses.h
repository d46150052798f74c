// The sets behind \d, \s, \w and \p{...}. Relies on CharacterSet.h; properties on utf8proc.
#pragma once

#include "runtime/grammar/CharacterSet.h"

#include <optional>
#include <string_view>

namespace lathe::grammar {

CharacterSet digits();
CharacterSet wordCharacters();
CharacterSet spaces();   ///< ECMAScript's white space and line ends
CharacterSet lineEnds(); ///< what . leaves out
/// A general category ("Lu", "L", "Letter" ...), "Any" or "ASCII"; nothing for other properties.
std::optional<CharacterSet> property(std::string_view name);

} // namespace lathe::grammar
