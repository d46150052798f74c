// The pre-tokenizers that tokenizer.ggml.pre names. Relies on runtime/tokenizer.
#pragma once

#include "runtime/tokenizer/TokenizerSpec.h"

#include <optional>

namespace lathe {

struct GgufPreTokenizer {
  std::vector<PreTokenizerStep> steps;
  bool ignoreMerges = false;
  bool addBos = false; ///< where the file does not say it
};

/// Nothing if the name is not known.
std::optional<GgufPreTokenizer> ggufPreTokenizer(std::string_view name);
/// All names, for a message.
std::string ggufPreTokenizerNames();

} // namespace lathe
