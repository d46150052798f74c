// A tokenizer from the texts of tokenizer.json and of the files beside it. Relies on runtime/tokenizer and
// frontend/files.
#pragma once

#include "frontend/tokenizer/TokenizerBeside.h"
#include "runtime/tokenizer/TokenizerSpec.h"

namespace lathe {

/// Fails for what is damaged and, naming it, for every part of a tokenizer.json that is not supported. The result is
/// valid.
Result<TokenizerSpec> parseTokenizerJson(const TokenizerFiles &files);

} // namespace lathe
