// Tokenizers that are a vocabulary file and the habits of a class of tokenizers: each is turned into the tokenizer.json
// that it stands for. Relies on TokenizerJson.h.
#pragma once

#include "frontend/tokenizer/TokenizerJson.h"

namespace lathe {

/// vocab.txt: BERT's WordPiece, a token a line. do_lower_case, tokenize_chinese_chars and strip_accents of
/// tokenizer_config.json count; [CLS] and [SEP] go around a text.
Result<TokenizerSpec> parseVocabTxt(std::string_view vocabulary, const TokenizerFiles &beside);

/// vocab.json and merges.txt: GPT-2's byte-level BPE; CLIP's where the pieces end in "</w>". For RoBERTa's classes bos
/// and eos go around a text.
Result<TokenizerSpec> parseVocabJson(std::string_view vocabulary, std::string_view merges,
                                     const TokenizerFiles &beside);

} // namespace lathe
