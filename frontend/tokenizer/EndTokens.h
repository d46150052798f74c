// Control tokens that end a turn or a text by their published names, for files that name only one end token. Relies on
// runtime/tokenizer.
#pragma once

#include "runtime/tokenizer/TokenizerSpec.h"

namespace lathe {

/// Appends `id` to the tokens that end generation, unless it is there or TokenizerSpec::none.
void addEndToken(TokenizerSpec &spec, int32_t id);
/// Appends the control tokens with such a name.
void addKnownEndTokens(TokenizerSpec &spec);

} // namespace lathe
