// A file of ranks as tiktoken has them: a line a token, base64 bytes and a rank. Relies on TokenizerJson.h.
#pragma once

#include "frontend/tokenizer/TokenizerJson.h"

namespace lathe {

/// True when the first line is base64, a space and a number.
bool isTiktoken(std::string_view text);

/// The regular expression and the special tokens are not in such a file: they are those of Qwen for *.tiktoken of a
/// tokenizer_class that starts with "Qwen" or of a model_type "qwen", of Llama 3 for 128,000 ranks; any other file is
/// refused.
Result<TokenizerSpec> parseTiktoken(const std::string &name, std::string_view text, const TokenizerFiles &beside);

} // namespace lathe
