// Texts to vectors with an encoder: its hidden states pooled over the tokens and normalised. Relies on Session and the
// tokenizer. Source: Reimers and Gurevych 2019, arXiv:1908.10084; sentence-transformers' Pooling and Normalize.
#pragma once

#include "runtime/Session.h"
#include "runtime/tokenizer/Tokenizer.h"

#include <optional>

namespace lathe {

/// How the hidden states of a text's tokens become one vector.
enum class Pooling {
  Mean,     ///< of all tokens
  MeanRoot, ///< their sum divided by the square root of their number
  Max,      ///< the largest of each element
  First,    ///< the first token's ("cls")
  Last      ///< the last token's
};

/// By the name in metadata and on the command line: mean, mean_sqrt, max, cls, last; nothing for others.
std::optional<Pooling> poolingOf(std::string_view name);

struct EmbeddingOptions {
  std::optional<Pooling> pooling; ///< nothing: as the model's metadata says, else the mean
  std::optional<bool> normalize;  ///< to length 1; nothing: as the model's metadata says, else yes
  bool truncate = false;          ///< a text that is too long is cut at its end; otherwise it is refused
};

/// One caller at a time.
class Embedder {
public:
  /// Fails for a model whose function "forward" is no encoder: it needs the input input_ids (batch, tokens), otherwise
  /// only attention_mask, token_type_ids and position_ids of the same shape, and gives last_hidden_state (batch, tokens,
  /// size), sentence_embedding (batch, size), or one output of rank 3.
  static Result<std::unique_ptr<Embedder>> create(std::shared_ptr<const LoadedModel> model,
                                                  std::shared_ptr<ThreadPool> pool,
                                                  std::shared_ptr<const Tokenizer> tokenizer,
                                                  const EmbeddingOptions &options);

  /// The vector of a text. The model's own special tokens go around it.
  Result<std::vector<float>> embed(std::string_view text);
  /// The vector of tokens, special ones included.
  Result<std::vector<float>> embedTokens(std::span<const int32_t> ids);
  /// Tokens that a text may have, special ones included; 0: not known.
  uint32_t longest() const { return longest_; }

private:
  Embedder(std::shared_ptr<const LoadedModel> model, std::shared_ptr<ThreadPool> pool)
      : session_(std::move(model), std::move(pool)) {}

  Session session_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  const LatheFunction *function_ = nullptr;
  size_t output_ = 0; // of the function
  bool pooled_ = false; // the graph pools
  Pooling pooling_ = Pooling::Mean;
  bool normalize_ = true, truncate_ = false;
  uint32_t longest_ = 0;
};

} // namespace lathe
