// The tokenizer of a model folder, in whichever files it has one. Relies on runtime/tokenizer and frontend/files.
#pragma once

#include "runtime/tokenizer/TokenizerSpec.h"

namespace lathe {

/// Reads the first of these that is there: tokenizer.json; a SentencePiece model (tokenizer.model, spiece.model,
/// sentencepiece.bpe.model); ranks of tiktoken (*.tiktoken, or tokenizer.model in that form); vocab.json with
/// merges.txt; vocab.txt. tokenizer_config.json, special_tokens_map.json, chat_template.jinja, generation_config.json
/// and config.json add what they say about special tokens. Fails for what is damaged or not supported, naming it. The
/// result is valid.
Result<TokenizerSpec> readFolderTokenizer(const std::string &folder);

/// True if `folder` has one of these files.
bool hasFolderTokenizer(const std::string &folder);

} // namespace lathe
