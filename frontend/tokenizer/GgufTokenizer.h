// A tokenizer from what the metadata of a GGUF file says. Relies on runtime/tokenizer; sees no GGUF file itself.
#pragma once

#include "runtime/tokenizer/TokenizerSpec.h"

#include <optional>

namespace lathe {

/// The keys tokenizer.ggml.* as they stand in the file; what the file does not have stays as it is here. The views must
/// be valid while tokenizerFromGguf() runs.
struct GgufTokenizer {
  std::string model;                    ///< tokenizer.ggml.model: "gpt2", "llama", ...
  std::string pre;                      ///< tokenizer.ggml.pre
  std::vector<std::string_view> tokens; ///< tokenizer.ggml.tokens
  std::vector<float> scores;            ///< tokenizer.ggml.scores
  std::vector<int32_t> types;           ///< tokenizer.ggml.token_type
  std::vector<std::string_view> merges; ///< tokenizer.ggml.merges, "left right"
  std::optional<uint32_t> bosId, eosId, unknownId, paddingId, eotId, eomId, separatorId,
      clsId;                                  ///< tokenizer.ggml.*_token_id
  std::optional<bool> addBos, addEos;         ///< tokenizer.ggml.add_bos_token, add_eos_token
  std::optional<bool> addSpacePrefix;         ///< tokenizer.ggml.add_space_prefix
  std::optional<bool> removeExtraWhitespaces; ///< tokenizer.ggml.remove_extra_whitespaces
  std::string characterMap;                   ///< tokenizer.ggml.precompiled_charsmap
  std::string chatTemplate;                   ///< tokenizer.chat_template
};

/// False for files that say they have none (model absent, "none", "no_vocab" or llama.cpp's "test").
bool hasTokenizer(const GgufTokenizer &metadata);

/// Fails, listing what is known, for models and pre-tokenizers that are not supported, and for data that does not fit
/// together. The result is valid.
Result<TokenizerSpec> tokenizerFromGguf(const GgufTokenizer &metadata);

} // namespace lathe
