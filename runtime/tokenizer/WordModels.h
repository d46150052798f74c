// The models that cut a word without merges: WordPiece, Unigram and WordLevel. Relies on PieceTrie.h.
#pragma once

#include "runtime/tokenizer/PieceTrie.h"

#include <array>

namespace lathe {

class WordModels {
public:
  /// `spec` must be valid, of one of these models, and outlive the object.
  explicit WordModels(const TokenizerSpec &spec);

  /// Memory that is used again for the next word; one per thread.
  struct Scratch {
    struct Place {
      double score;   // of the best way that ends here
      uint32_t begin; // where its last piece begins
      int32_t id;     // that piece; none: a code point without one
    };
    struct Part {
      uint32_t begin, end;
      int32_t id;
    };
    std::vector<Place> places; // per byte of the word
    std::vector<Part> way;     // last one first
  };

  /// Appends the tokens of `word`, below 2 GiB. Any bytes are a word; a broken sequence counts as one code point
  /// without a piece. False when the budget is spent.
  bool encodeWord(std::string_view word, StepBudget &budget, Scratch &scratch, std::vector<int32_t> &ids) const;

private:
  const TokenizerSpec &spec;
  PieceTrie pieces;
  uint32_t continuing; // the node after continuingPrefix
  double unknownScore;
  std::array<int32_t, 256> byteTokens;

  bool encodeWordPiece(std::string_view word, StepBudget &budget, std::vector<int32_t> &ids) const;
  bool encodeUnigram(std::string_view word, StepBudget &budget, Scratch &scratch, std::vector<int32_t> &ids) const;
  void addUnknown(std::string_view bytes, std::vector<int32_t> &ids) const;
};

} // namespace lathe
