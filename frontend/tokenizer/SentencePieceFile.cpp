// Reads the few fields of sentencepiece_model.proto that say how text becomes tokens. The normalisation is
// SentencePiece's own: the character map (longest entry), white space trimmed, '▁' for spaces.
#include "frontend/tokenizer/SentencePieceFile.h"

#include "frontend/files/Quoted.h"
#include "frontend/tokenizer/EndTokens.h"
#include "frontend/tokenizer/TokenizerSteps.h"

#include <cstring>
#include <nlohmann/json.hpp>

namespace lathe {
namespace {

using nlohmann::json;

constexpr std::string_view spaceSymbol = "\xe2\x96\x81";

/// The fields of a protobuf message, one after another; stops at the first that does not fit.
class Fields {
public:
  explicit Fields(std::string_view bytes) : rest(bytes) {}
  uint64_t number = 0; // of the field
  uint64_t value = 0;  // of a varint or a fixed field
  std::string_view bytes;
  bool broken = false;

  bool next() {
    if (rest.empty())
      return false;
    uint64_t tag = 0;
    bytes = {};
    if (!varint(tag))
      return fail();
    number = tag >> 3;
    switch (tag & 7) {
    case 0:
      return varint(value) || fail();
    case 1:
      return take(8) || fail();
    case 2:
      return (varint(value) && take(value)) || fail();
    case 5:
      return take(4) || fail();
    default:
      return fail();
    }
  }
  float real() const {
    float number = 0;
    if (bytes.size() == sizeof number)
      std::memcpy(&number, bytes.data(), sizeof number);
    return number;
  }

private:
  std::string_view rest;
  bool fail() {
    broken = true;
    return false;
  }
  bool varint(uint64_t &into) {
    into = 0;
    for (int shift = 0; shift < 64 && !rest.empty(); shift += 7) {
      uint8_t byte = static_cast<uint8_t>(rest.front());
      rest.remove_prefix(1);
      into |= uint64_t{byte & 0x7fu} << shift;
      if (!(byte & 0x80))
        return true;
    }
    return false;
  }
  bool take(uint64_t count) {
    if (count > rest.size())
      return false;
    bytes = rest.substr(0, count);
    rest.remove_prefix(count);
    return true;
  }
};

class Builder {
public:
  Builder(const std::string &name, const TokenizerFiles &beside) : name(name), beside(beside) {}

  Result<TokenizerSpec> build(std::string_view file) {
    Status status = read(file);
    if (!status)
      return status;
    if (kind != unigram && kind != bpe)
      return fail("a SentencePiece model of type " + std::to_string(kind) +
                  " is not supported; supported: 1 (unigram), " + "2 (BPE)");
    if (spec.size() == 0)
      return fail("there are no pieces; is it a SentencePiece model?");
    spec.model = kind == bpe ? TokenizerModel::ScoredBpe : TokenizerModel::Unigram;
    spec.flags = TokenizerDecodeSpaces | TokenizerFuseUnknown | (kind == unigram ? TokenizerSingleScores : 0);
    if (byteFallback)
      spec.flags |= TokenizerByteFallback;
    addSteps();
    if (status = readSpecials(); !status)
      return status;
    if (status = spec.validate(); !status)
      return fail(status.message());
    return std::move(spec);
  }

private:
  static constexpr uint64_t unigram = 1, bpe = 2;
  const std::string &name;
  const TokenizerFiles &beside;
  TokenizerSpec spec;
  uint64_t kind = unigram;
  bool byteFallback = false, dummyPrefix = true, trims = true, escapes = true, suffixes = false;
  int64_t unknown = 0, bos = 1, eos = 2, padding = -1;
  std::string characterMap;

  Status fail(const std::string &message) const { return Status::failure(name + ": " + message); }

  Status read(std::string_view file) {
    Fields model(file);
    while (model.next()) {
      Status status = model.number == 1   ? readPiece(model.bytes)
                      : model.number == 2 ? readTrainer(model.bytes)
                      : model.number == 3 ? readNormalizer(model.bytes)
                                          : Status::success();
      if (!status)
        return status;
    }
    return model.broken ? fail("not a SentencePiece model, or a truncated one") : Status::success();
  }

  Status readPiece(std::string_view bytes) {
    std::string_view text;
    double score = 0;
    uint64_t type = 1;
    Fields fields(bytes);
    while (fields.next()) {
      if (fields.number == 1)
        text = fields.bytes;
      else if (fields.number == 2)
        score = fields.real();
      else if (fields.number == 3)
        type = fields.value;
    }
    if (fields.broken || type < 1 || type > 6)
      return fail("piece " + std::to_string(spec.size()) + " is damaged");
    // The file's numbers of types are GGUF's, but for user defined and unused.
    constexpr TokenType types[] = {TokenType::Normal,      TokenType::Unknown, TokenType::Control,
                                   TokenType::UserDefined, TokenType::Unused,  TokenType::Byte};
    TokenType known = types[type - 1];
    if (known == TokenType::Byte && TokenizerSpec::byteOfPiece(text) < 0)
      return fail("piece " + std::to_string(spec.size()) + " " + quoted(text) +
                  " has the type of a byte, but is not written <0xNN>");
    int32_t id = static_cast<int32_t>(spec.size());
    if (known == TokenType::UserDefined || known == TokenType::Control || known == TokenType::Unknown)
      if (!text.empty() && text.size() <= 1024)
        spec.addedTokens.push_back({id, known == TokenType::UserDefined ? AddedVerbatim : AddedSpecial});
    spec.addPiece(text, known);
    spec.scores.push_back(score);
    return Status::success();
  }

  Status readTrainer(std::string_view bytes) {
    Fields fields(bytes);
    auto id = [&] { return static_cast<int64_t>(static_cast<int32_t>(fields.value)); };
    while (fields.next())
      switch (fields.number) {
      case 3:
        kind = fields.value;
        break;
      case 24:
        suffixes = fields.value;
        break;
      case 35:
        byteFallback = fields.value;
        break;
      case 40:
        unknown = id();
        break;
      case 41:
        bos = id();
        break;
      case 42:
        eos = id();
        break;
      case 43:
        padding = id();
        break;
      }
    return fields.broken ? fail("the trainer's settings are damaged") : Status::success();
  }

  Status readNormalizer(std::string_view bytes) {
    Fields fields(bytes);
    while (fields.next())
      switch (fields.number) {
      case 2:
        characterMap = fields.bytes;
        break;
      case 3:
        dummyPrefix = fields.value;
        break;
      case 4:
        trims = fields.value;
        break;
      case 5:
        escapes = fields.value;
        break;
      }
    return fields.broken ? fail("the normalizer's settings are damaged") : Status::success();
  }

  void addSteps() {
    auto add = [&](NormalizerKind step, uint32_t flags, std::string pattern, std::string content) {
      spec.normalizers.push_back({step, flags, std::move(pattern), std::move(content)});
    };
    if (!characterMap.empty())
      add(NormalizerKind::CharacterMap, 0, std::move(characterMap), "");
    if (trims) {
      add(NormalizerKind::ReplaceRegex, 0, "^ +| +$", "");
      add(NormalizerKind::ReplaceRegex, 0, " {2,}", " ");
    }
    if (dummyPrefix && !suffixes) {
      add(NormalizerKind::Prepend, 0, "", " ");
      spec.flags |= TokenizerStripLeadingSpace;
    }
    if (escapes)
      add(NormalizerKind::Replace, 0, " ", std::string(spaceSymbol));
    // Words on their own give the same pieces where none goes on after a space; sums of rounded scores, though, run
    // over the whole text.
    bool inside = suffixes || !escapes || kind == unigram;
    for (size_t id = 0; !inside && id < spec.size(); ++id)
      inside = spec.types[id] == TokenType::Normal && spec.piece(id).find(spaceSymbol, 1) != std::string_view::npos;
    if (!inside)
      spec.preTokenizers.push_back(
          {PreTokenizerKind::Split, SplitBehavior::MergedWithNext, false, false, std::string(spaceSymbol), ""});
  }

  Status readSpecials() {
    auto id = [&](int64_t given) {
      return given >= 0 && given < static_cast<int64_t>(spec.size()) ? static_cast<int32_t>(given)
                                                                     : TokenizerSpec::none;
    };
    spec.unknown = spec.unknownSymbol = id(unknown);
    spec.bos = id(bos);
    spec.eos = id(eos);
    spec.padding = id(padding);
    addEndToken(spec, spec.eos);
    Result<TokenizerBeside> around = readTokenizerBeside(beside);
    if (!around)
      return around.status();
    std::string habit = around->tokenizerClass + " " + around->modelType;
    if (habit.find("XLMRoberta") != std::string::npos || habit.find("Camembert") != std::string::npos ||
        habit.find("Fairseq") != std::string::npos)
      return fail("the ids of " + around->tokenizerClass + " are not those of the file; save a tokenizer.json with " +
                  "AutoTokenizer.from_pretrained(...).save_pretrained(...)");
    auto has = [&](const char *word) { return habit.find(word) != std::string::npos; };
    bool takesBos = has("Llama") || has("llama") || has("Gemma") || has("gemma") || has("istral") || has("ixtral");
    bool takesEos = has("T5") || has("t5") || has("Pegasus");
    if (around->addBos.value_or(takesBos) && spec.bos != TokenizerSpec::none)
      spec.prefix = {spec.bos};
    if (around->addEos.value_or(takesEos) && spec.eos != TokenizerSpec::none)
      spec.suffix = {spec.eos};
    for (const auto &[content, given] : around->added) // tokens beyond the file, as in added_tokens_decoder
      if (given == spec.size() && !content.empty() && content.size() <= 1024) {
        spec.addedTokens.push_back({static_cast<int32_t>(given), AddedSpecial});
        spec.addPiece(content, TokenType::Control);
        spec.scores.push_back(0);
      }
    for (int64_t end : around->endIds)
      if (end >= 0 && end < static_cast<int64_t>(spec.size()))
        addEndToken(spec, static_cast<int32_t>(end));
    spec.chatTemplate = around->chatTemplate;
    return Status::success();
  }
};

} // namespace

Result<TokenizerSpec> parseSentencePiece(const std::string &name, std::string_view bytes,
                                         const TokenizerFiles &beside) {
  return Builder(name, beside).build(bytes);
}

} // namespace lathe
