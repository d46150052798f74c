// Everything a tokenizer is made of, as plain data: what the readers of tokenizer.json and GGUF fill in, what the
// artifact stores (LATHE_SECTION_TOKENIZER) and what Tokenizer::create() turns into a working tokenizer. Relies on
// Status.h.
#pragma once

#include "runtime/Status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

enum class TokenizerModel : uint32_t {
  /// Merges by rank over bytes. Pieces are the bytes themselves, not the printable alphabet of the files.
  ByteLevelBpe = 1,
  /// Merges by rank over code points ('▁' for the space), with a token per byte for what has no piece.
  RankedBpe = 2,
  /// SentencePiece BPE: of all neighbours whose concatenation is a piece, the one with the highest score is joined
  /// first.
  ScoredBpe = 3,
  /// Of each word the longest pieces from the left; later ones start with `continuingPrefix` (BERT).
  WordPiece = 4,
  /// The pieces of a word whose scores have the highest sum (SentencePiece's unigram language model).
  Unigram = 5,
  /// A word is one token, or the unknown one.
  WordLevel = 6,
  /// Over bytes: of all neighbours whose concatenation is a piece, the one with the highest score is joined first
  /// (tiktoken, with minus the rank as score).
  ScoredBytes = 7,
};

/// The values are those of GGUF's tokenizer.ggml.token_type.
enum class TokenType : uint8_t { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };

struct BpeMerge {
  int32_t left, right, result;
};

/// A token that is found in the text before anything else happens to it. Its text is its piece, at most 1,024 bytes.
struct AddedToken {
  int32_t id;
  uint32_t flags; ///< AddedTokenFlags
};
enum AddedTokenFlags : uint32_t {
  AddedSpecial = 1,     ///< only found when the caller asks for special tokens
  AddedSingleWord = 2,  ///< only between characters that are not of a word
  AddedStripLeft = 4,   ///< swallows white space before it
  AddedStripRight = 8,  ///< swallows white space after it
  AddedNormalized = 16, ///< looked for in the normalised text, its own text normalised too
  AddedVerbatim = 32,   ///< looked for in the normalised text, its own text as it is
};

enum class NormalizerKind : uint32_t {
  Prepend = 1,
  Replace,
  ReplaceRegex,
  Nfc,
  Nfd,
  Nfkc,
  Nfkd,
  Lowercase,
  Strip,
  DropMarks,       ///< combining marks; flags 1: nonspacing ones alone
  CleanControls,   ///< BERT: control characters dropped, every white space one ' '
  SpaceIdeographs, ///< BERT: a ' ' on both sides of each CJK ideograph
  Nmt,             ///< SentencePiece's "nmt": some controls dropped, odd spaces become ' '
  CharacterMap,    ///< SentencePiece's precompiled map, in `pattern` (runtime/tokenizer/CharacterMap.h); flags 1: by
                   ///< grapheme and shortest entry, as Hugging Face's library does, otherwise the longest entry
};
struct NormalizerStep {
  NormalizerKind kind;
  uint32_t flags = 0;  ///< Strip: 1 left, 2 right; others as said above
  std::string pattern; ///< Replace, ReplaceRegex, CharacterMap
  std::string content; ///< Prepend, Replace, ReplaceRegex
};

enum class PreTokenizerKind : uint32_t {
  Split = 1,    ///< by the regular expression `pattern`
  Prepend,      ///< `content`, unless the text starts with it
  Replace,      ///< every `pattern` (literal) by `content`
  ByteAlphabet, ///< what follows sees bytes spelled in the byte alphabet
};
enum class SplitBehavior : uint32_t { Removed = 1, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };
struct PreTokenizerStep {
  PreTokenizerKind kind;
  SplitBehavior behavior = SplitBehavior::Isolated;
  bool invert = false;    ///< Split: the pattern describes the words, not what lies between
  bool firstOnly = false; ///< Prepend: only at the very start of the text
  std::string pattern;
  std::string content;
};

enum TokenizerFlags : uint32_t {
  TokenizerByteFallback = 1,       ///< code points without a piece become tokens <0x00> .. <0xFF>
  TokenizerFuseUnknown = 2,        ///< neighbouring unknown tokens become one
  TokenizerIgnoreMerges = 4,       ///< a word that is a piece is that piece, whatever the merges say
  TokenizerDecodeSpaces = 8,       ///< decoding turns '▁' into a space
  TokenizerStripLeadingSpace = 16, ///< decoding drops one space at the start of the text
  TokenizerJoinWithSpaces = 32,    ///< decoding puts a space between tokens
  TokenizerDecodeWords = 64,       ///< decoding puts a space before each token but those with `continuingPrefix`
  TokenizerDecodeSuffix = 128,     ///< decoding turns `wordSuffix` into a space, but for the last token
  TokenizerCleanUp = 256,          ///< decoding takes back spaces before punctuation and English contractions
  TokenizerSingleScores = 512,     ///< Unigram: sums of scores are rounded to 32 bits, as SentencePiece's are
};

struct TokenizerSpec {
  static constexpr int32_t none = -1;

  TokenizerModel model = TokenizerModel::ByteLevelBpe;
  uint32_t flags = 0; ///< TokenizerFlags

  std::string pieceText;           ///< all pieces, one after another
  std::vector<uint32_t> pieceEnds; ///< per token: where its piece ends in pieceText
  std::vector<TokenType> types;    ///< per token
  std::vector<double> scores;      ///< per token for ScoredBpe, ScoredBytes and Unigram, otherwise empty
  std::vector<BpeMerge> merges;    ///< best first
  std::vector<AddedToken> addedTokens;
  std::vector<NormalizerStep> normalizers;
  std::vector<PreTokenizerStep> preTokenizers;
  std::string continuingPrefix;     ///< of pieces inside of a word: "##" of BERT; part of the piece's text
  std::string wordSuffix;           ///< of pieces that end a word: "</w>" of CLIP; part of the piece's text
  uint32_t maxWordCharacters = 100; ///< WordPiece: a longer word is unknown

  int32_t bos = none, eos = none, unknown = none, padding = none;
  int32_t unknownSymbol = none;        ///< what a symbol without a piece becomes; none: it is dropped
  std::vector<int32_t> endIds;         ///< every token that ends generation, `eos` included
  std::vector<int32_t> prefix, suffix; ///< what `addSpecial` puts around a text
  std::string chatTemplate;            ///< empty: none

  size_t size() const { return pieceEnds.size(); }
  /// `id` must be below size().
  std::string_view piece(size_t id) const {
    uint32_t begin = id ? pieceEnds[id - 1] : 0;
    return std::string_view(pieceText).substr(begin, pieceEnds[id] - begin);
  }
  /// Appends a token; pieces together stay below 4 GiB (checked by validate()).
  void addPiece(std::string_view piece, TokenType type);
  /// The byte that a piece "<0xNN>" stands for, or -1.
  static int byteOfPiece(std::string_view piece);
  bool hasScores() const {
    return model == TokenizerModel::ScoredBpe || model == TokenizerModel::ScoredBytes ||
           model == TokenizerModel::Unigram;
  }
  bool addsBos() const { return bos != none && !prefix.empty() && prefix.front() == bos; }

  /// Every size, id and enumerator is in range. Patterns are compiled later, by Tokenizer::create().
  Status validate() const;

  /// The bytes of LATHE_SECTION_TOKENIZER; `*this` must be valid.
  std::string serialize() const;
  /// Reads what serialize() wrote; any other bytes give a failure. The result is valid.
  static Result<TokenizerSpec> deserialize(std::string_view bytes);
};

} // namespace lathe
