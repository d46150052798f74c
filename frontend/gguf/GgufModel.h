// What the rest of the frontend wants of a GGUF file: parameters for the model language, and the tokenizer.
#pragma once

#include "frontend/dsl/ModelSource.h"
#include "frontend/gguf/GgufFile.h"
#include "runtime/tokenizer/TokenizerSpec.h"

namespace lathe {

/// Parameters and weights of the file, which must outlive the result. An array of equal numbers counts as that number.
ModelSource sourceOf(const GgufFile &file);

/// The tokenizer of the file's metadata, or nothing when it has none. The message names the file.
Result<std::optional<TokenizerSpec>> tokenizerOf(const GgufFile &file);

} // namespace lathe
