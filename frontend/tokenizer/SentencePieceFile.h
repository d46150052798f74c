// A SentencePiece model file (google/sentencepiece, src/sentencepiece_model.proto): BPE or unigram. Relies on
// TokenizerJson.h.
#pragma once

#include "frontend/tokenizer/TokenizerJson.h"

namespace lathe {

/// `name` is the file's name, for messages. Which of bos and eos go around a text is said by tokenizer_config.json
/// (add_bos_token, add_eos_token), else by the habit of its tokenizer_class or of config.json's model_type: bos for
/// Llama, Mistral and Gemma, eos for T5. Fails for truncated files and for word and character models.
Result<TokenizerSpec> parseSentencePiece(const std::string &name, std::string_view bytes, const TokenizerFiles &beside);

} // namespace lathe
