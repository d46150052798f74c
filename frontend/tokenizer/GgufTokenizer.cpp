// Turns GGUF's spelling into a TokenizerSpec: pieces of byte-level BPE become bytes, merges become ids. The defaults
// for what a file does not say are llama.cpp's.
#include "frontend/tokenizer/GgufTokenizer.h"

#include "frontend/files/Quoted.h"
#include "frontend/tokenizer/EndTokens.h"
#include "frontend/tokenizer/GgufPreTokenizers.h"
#include "runtime/tokenizer/ByteAlphabet.h"

#include <algorithm>
#include <unordered_map>

namespace lathe {
namespace {

constexpr size_t maxTokens = size_t{1} << 24;
constexpr size_t maxMerges = size_t{1} << 25;

Status fail(std::string message) { return Status::failure("tokenizer in GGUF metadata: " + std::move(message)); }

class Builder {
public:
  explicit Builder(const GgufTokenizer &metadata) : from(metadata) {}

  Result<TokenizerSpec> build() {
    if (Status status = checkCounts(); !status)
      return status;
    bool scored = hasScores(), wordPiece = from.model == "bert";
    spec.model = from.model == "llama" ? TokenizerModel::ScoredBpe
                 : scored              ? TokenizerModel::Unigram
                 : wordPiece           ? TokenizerModel::WordPiece
                                       : TokenizerModel::ByteLevelBpe;
    bool addBos = from.model == "llama" || wordPiece;
    if (Status status = scored ? buildScored() : wordPiece ? buildWordPiece() : buildByteLevel(addBos); !status)
      return status;
    addTokens();
    if (Status status = readIds(scored, addBos); !status)
      return status;
    spec.chatTemplate = from.chatTemplate;
    if (Status status = spec.validate(); !status)
      return status;
    return std::move(spec);
  }

private:
  const GgufTokenizer &from;
  TokenizerSpec spec;

  bool hasScores() const { return from.model == "llama" || from.model == "t5"; }

  Status checkCounts() const {
    if (from.tokens.empty() || from.tokens.size() > maxTokens)
      return fail("there are " + std::to_string(from.tokens.size()) + " tokens, expected 1 to " +
                  std::to_string(maxTokens));
    if (!from.types.empty() && from.types.size() != from.tokens.size())
      return fail("there are " + std::to_string(from.types.size()) + " token types for " +
                  std::to_string(from.tokens.size()) + " tokens");
    if (hasScores() && from.scores.size() != from.tokens.size())
      return fail("there are " + std::to_string(from.scores.size()) + " scores for " +
                  std::to_string(from.tokens.size()) + " tokens");
    if (from.merges.size() > maxMerges)
      return fail("there are " + std::to_string(from.merges.size()) + " merges, more than " +
                  std::to_string(maxMerges));
    return Status::success();
  }

  TokenType typeOf(size_t id) const {
    int32_t type = from.types.empty() ? 1 : from.types[id];
    return type >= 1 && type <= 6 ? static_cast<TokenType>(type) : TokenType::Normal;
  }

  Status buildScored() {
    for (size_t id = 0; id < from.tokens.size(); ++id) {
      TokenType type = typeOf(id);
      if (type == TokenType::Byte && TokenizerSpec::byteOfPiece(from.tokens[id]) < 0)
        return fail("token " + std::to_string(id) + " " + quoted(from.tokens[id]) +
                    " has the type of a byte, but is not written <0xNN>");
      spec.addPiece(from.tokens[id], type);
    }
    spec.scores.assign(from.scores.begin(), from.scores.end());
    spec.flags = TokenizerByteFallback | TokenizerDecodeSpaces;
    if (spec.model == TokenizerModel::Unigram) {
      bool bytes = std::find(spec.types.begin(), spec.types.end(), TokenType::Byte) != spec.types.end();
      spec.flags = TokenizerDecodeSpaces | TokenizerFuseUnknown | (bytes ? TokenizerByteFallback : 0);
      if (!from.characterMap.empty())
        spec.normalizers.push_back({NormalizerKind::CharacterMap, 0, from.characterMap, ""});
      if (from.removeExtraWhitespaces.value_or(false)) {
        spec.normalizers.push_back({NormalizerKind::ReplaceRegex, 0, "^ +| +$", ""});
        spec.normalizers.push_back({NormalizerKind::ReplaceRegex, 0, " {2,}", " "});
      }
    }
    if (from.addSpacePrefix.value_or(true)) {
      spec.flags |= TokenizerStripLeadingSpace;
      spec.normalizers.push_back({NormalizerKind::Prepend, 0, "", " "});
    }
    spec.normalizers.push_back({NormalizerKind::Replace, 0, " ", "\xe2\x96\x81"});
    return Status::success();
  }

  /// Pieces that begin a word are written "\u2581x" in these files, others without a prefix.
  Status buildWordPiece() {
    constexpr std::string_view begins = "\xe2\x96\x81";
    spec.continuingPrefix = "##";
    spec.flags = TokenizerDecodeWords | TokenizerCleanUp;
    for (size_t id = 0; id < from.tokens.size(); ++id) {
      std::string_view text = from.tokens[id];
      TokenType type = typeOf(id);
      if (type == TokenType::Byte)
        type = TokenType::Normal;
      if (type != TokenType::Normal)
        spec.addPiece(text, type);
      else if (text.starts_with(begins))
        spec.addPiece(text.substr(begins.size()), type);
      else
        spec.addPiece("##" + std::string(text), type);
    }
    for (auto [kind, flags] : {std::pair{NormalizerKind::CleanControls, 0u},
                               {NormalizerKind::SpaceIdeographs, 0u},
                               {NormalizerKind::Nfd, 0u},
                               {NormalizerKind::DropMarks, 1u},
                               {NormalizerKind::Lowercase, 0u}})
      spec.normalizers.push_back({kind, flags, "", ""});
    for (auto [pattern, behavior] :
         {std::pair{"\\s", SplitBehavior::Removed}, {"[\\p{P}!-/:-@\\[-`{-~]", SplitBehavior::Isolated}})
      spec.preTokenizers.push_back({PreTokenizerKind::Split, behavior, false, false, pattern, ""});
    return Status::success();
  }

  Status buildByteLevel(bool &addBos) {
    std::string_view pre = from.pre.empty() ? std::string_view("default") : from.pre;
    std::optional<GgufPreTokenizer> preTokenizer = ggufPreTokenizer(pre);
    if (!preTokenizer)
      return fail("the pre-tokenizer " + quoted(pre) + " is not known; known: " + ggufPreTokenizerNames());
    spec.preTokenizers = std::move(preTokenizer->steps);
    spec.flags = preTokenizer->ignoreMerges ? TokenizerIgnoreMerges : 0;
    addBos = preTokenizer->addBos;

    std::unordered_map<std::string_view, int32_t> ids;
    ids.reserve(from.tokens.size());
    for (size_t id = 0; id < from.tokens.size(); ++id) {
      ids[from.tokens[id]] = static_cast<int32_t>(id);
      TokenType type = typeOf(id);
      if (type == TokenType::Byte)
        type = TokenType::Normal;
      if (type != TokenType::Normal) {
        spec.addPiece(from.tokens[id], type);
        continue;
      }
      std::optional<std::string> bytes = bytesOfAlphabet(from.tokens[id]);
      spec.addPiece(bytes ? std::string_view(*bytes) : from.tokens[id], bytes ? type : TokenType::Unused);
    }
    spec.merges.reserve(from.merges.size());
    std::string joined;
    for (size_t i = 0; i < from.merges.size(); ++i) {
      std::string_view merge = from.merges[i];
      size_t space = merge.find(' ', 1);
      if (space == std::string_view::npos)
        return fail("merge " + std::to_string(i) + " " + quoted(merge) +
                    " is not two pieces with a space between them");
      std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
      joined.assign(left).append(right);
      auto leftId = ids.find(left), rightId = ids.find(right), result = ids.find(joined);
      if (leftId == ids.end() || rightId == ids.end() || result == ids.end())
        return fail("merge " + std::to_string(i) + " " + quoted(merge) + " uses a piece that is not in the vocabulary");
      spec.merges.push_back({leftId->second, rightId->second, result->second});
    }
    return Status::success();
  }

  void addTokens() {
    for (size_t id = 0; id < spec.size(); ++id) {
      uint32_t flags = 0;
      switch (spec.types[id]) {
      case TokenType::Control:
      case TokenType::Unknown:
        flags = AddedSpecial;
        break;
      case TokenType::UserDefined:
        break;
      default:
        continue;
      }
      // A longer one is never found in a text; llama.cpp would, but no published model has such a token.
      if (!spec.piece(id).empty() && spec.piece(id).size() <= 1024)
        spec.addedTokens.push_back({static_cast<int32_t>(id), flags});
    }
  }

  Status readIds(bool scored, bool addBos) {
    auto id = [&](std::optional<uint32_t> given, uint32_t otherwise) -> int32_t {
      uint32_t value = given && *given < spec.size() ? *given : otherwise;
      return value < spec.size() ? static_cast<int32_t>(value) : TokenizerSpec::none;
    };
    constexpr uint32_t none = UINT32_MAX;
    bool llama = from.model == "llama", t5 = from.model == "t5", bert = from.model == "bert";
    spec.bos = id(from.bosId, llama ? 1 : none);
    spec.eos = id(from.eosId, llama ? 2 : t5 ? 1 : none);
    if (bert) { // [CLS] and [SEP]
      spec.bos = id(from.clsId ? from.clsId : from.bosId, 101);
      spec.eos = id(from.separatorId ? from.separatorId : from.eosId, 102);
    }
    spec.unknown = id(from.unknownId, llama ? 0 : t5 ? 2 : bert ? 100 : none);
    spec.padding = id(from.paddingId, t5 || bert ? 0 : none);
    if (scored || bert)
      spec.unknownSymbol = spec.unknown;
    addBos = from.addBos.value_or(addBos);
    bool addEos = from.addEos.value_or(t5 || bert);
    if (addBos && spec.bos == TokenizerSpec::none)
      return fail("a bos token is to be added, but the file has none");
    if (addEos && spec.eos == TokenizerSpec::none)
      return fail("an eos token is to be added, but the file has none");
    if (addBos)
      spec.prefix = {spec.bos};
    if (addEos)
      spec.suffix = {spec.eos};
    addEndToken(spec, spec.eos);
    addEndToken(spec, id(from.eotId, none));
    addEndToken(spec, id(from.eomId, none));
    addKnownEndTokens(spec);
    return Status::success();
  }
};

} // namespace

bool hasTokenizer(const GgufTokenizer &metadata) {
  return !(metadata.model.empty() || metadata.model == "none" || metadata.model == "no_vocab" ||
           metadata.model == "test");
}

Result<TokenizerSpec> tokenizerFromGguf(const GgufTokenizer &metadata) {
  if (!hasTokenizer(metadata))
    return fail("the file has no tokenizer (model " + quoted(metadata.model) + "); give token ids instead of text");
  if (metadata.model != "gpt2" && metadata.model != "llama" && metadata.model != "t5" && metadata.model != "bert")
    return fail("the model " + quoted(metadata.model) +
                " is not supported; supported: gpt2 (byte-level BPE), llama (SentencePiece BPE), t5 (unigram), bert "
                "(WordPiece)");
  return Builder(metadata).build();
}

} // namespace lathe
