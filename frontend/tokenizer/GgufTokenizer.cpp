// Turns GGUF's spelling into a TokenizerSpec: pieces of byte-level BPE become bytes, merges become ids. The defaults
// for what a file does not say are llama.cpp's.
#include "frontend/tokenizer/GgufTokenizer.h"

#include "frontend/files/Quoted.h"
#include "frontend/tokenizer/EndTokens.h"
#include "frontend/tokenizer/GgufPreTokenizers.h"
#include "runtime/tokenizer/ByteAlphabet.h"

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
    bool scored = from.model == "llama";
    spec.model = scored ? TokenizerModel::ScoredBpe : TokenizerModel::ByteLevelBpe;
    bool addBos = scored;
    if (Status status = scored ? buildScored() : buildByteLevel(addBos); !status)
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

  Status checkCounts() const {
    if (from.tokens.empty() || from.tokens.size() > maxTokens)
      return fail("there are " + std::to_string(from.tokens.size()) + " tokens, expected 1 to " +
                  std::to_string(maxTokens));
    if (!from.types.empty() && from.types.size() != from.tokens.size())
      return fail("there are " + std::to_string(from.types.size()) + " token types for " +
                  std::to_string(from.tokens.size()) + " tokens");
    if (from.model == "llama" && from.scores.size() != from.tokens.size())
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
    spec.scores = from.scores;
    spec.flags = TokenizerByteFallback | TokenizerDecodeSpaces;
    if (from.addSpacePrefix.value_or(true)) {
      spec.flags |= TokenizerStripLeadingSpace;
      spec.normalizers.push_back({NormalizerKind::Prepend, 0, "", " "});
    }
    spec.normalizers.push_back({NormalizerKind::Replace, 0, " ", "\xe2\x96\x81"});
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
    spec.bos = id(from.bosId, scored ? 1 : none);
    spec.eos = id(from.eosId, scored ? 2 : none);
    spec.unknown = id(from.unknownId, scored ? 0 : none);
    spec.padding = id(from.paddingId, none);
    if (scored)
      spec.unknownSymbol = spec.unknown;
    addBos = from.addBos.value_or(addBos);
    bool addEos = from.addEos.value_or(false);
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
  if (metadata.model != "gpt2" && metadata.model != "llama")
    return fail("the model " + quoted(metadata.model) + " is not supported" +
                (metadata.model == "bert" ? " (WordPiece)"
                 : metadata.model == "t5" ? " (unigram)"
                                          : "") +
                "; supported: gpt2 (byte-level BPE), llama (SentencePiece BPE)");
  return Builder(metadata).build();
}

} // namespace lathe
