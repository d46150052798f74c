// Validation of a tokenizer's data and its form in an artifact: little endian, arrays and strings with their lengths in
// front. Relies on a little-endian machine, as runtime/artifact.h does.
#include "runtime/tokenizer/TokenizerSpec.h"

#include <cmath>
#include <cstring>

namespace lathe {
namespace {

constexpr uint32_t specMagic = 0x4b4f544c; // "LTOK"
constexpr uint32_t specVersion = 2;
constexpr size_t maxTokens = size_t{1} << 24;
constexpr size_t maxMerges = size_t{1} << 25;
constexpr size_t maxSteps = 64;
constexpr size_t maxAddedText = 1024; // a search compares at most so many bytes at every place
constexpr size_t maxStepText = 64 * 1024;
constexpr size_t maxCharacterMap = size_t{4} << 20;
constexpr size_t maxAffix = 64;
constexpr size_t maxTemplate = 1024 * 1024;

Status fail(std::string message) { return Status::failure("tokenizer: " + std::move(message)); }

class Writer {
public:
  std::string bytes;
  void number(uint32_t value) { bytes.append(reinterpret_cast<const char *>(&value), sizeof value); }
  void text(std::string_view value) {
    number(static_cast<uint32_t>(value.size()));
    bytes.append(value);
  }
  template <class T> void array(const std::vector<T> &values) {
    number(static_cast<uint32_t>(values.size()));
    bytes.append(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
  }
};

/// Reads until the first thing that does not fit; then `good` stays false and everything read is empty.
class Reader {
public:
  explicit Reader(std::string_view bytes) : rest(bytes) {}
  bool good = true;
  std::string_view rest;

  uint32_t number() {
    uint32_t value = 0;
    if (take(sizeof value))
      std::memcpy(&value, taken.data(), sizeof value);
    return value;
  }
  int32_t id() { return static_cast<int32_t>(number()); }
  std::string text() {
    uint64_t length = number();
    return good && take(length) ? std::string(taken) : std::string();
  }
  template <class T> void array(std::vector<T> &values) {
    uint64_t count = number();
    if (!good || !take(count * sizeof(T)))
      return;
    values.resize(count);
    if (count)
      std::memcpy(values.data(), taken.data(), taken.size());
  }

private:
  std::string_view taken;
  bool take(uint64_t length) {
    if (!good || length > rest.size())
      return good = false;
    taken = rest.substr(0, length);
    rest.remove_prefix(length);
    return true;
  }
};

Status checkStepText(std::string_view what, std::string_view pattern, std::string_view content,
                     size_t limit = maxStepText) {
  size_t longest = std::max(pattern.size(), content.size());
  if (longest > limit)
    return fail("the text of a " + std::string(what) + " has " + std::to_string(longest) + " bytes, more than " +
                std::to_string(limit));
  return Status::success();
}

} // namespace

void TokenizerSpec::addPiece(std::string_view piece, TokenType type) {
  pieceText.append(piece);
  pieceEnds.push_back(static_cast<uint32_t>(std::min<size_t>(pieceText.size(), UINT32_MAX)));
  types.push_back(type);
}

int TokenizerSpec::byteOfPiece(std::string_view piece) {
  auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
  };
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>' || digit(piece[3]) < 0 || digit(piece[4]) < 0)
    return -1;
  return digit(piece[3]) * 16 + digit(piece[4]);
}

Status TokenizerSpec::validate() const {
  auto isId = [&](int32_t id) { return id >= 0 && static_cast<size_t>(id) < size(); };
  auto checkId = [&](const char *name, int32_t id) {
    return id == none || isId(id) ? Status::success()
                                  : fail(std::string(name) + " is token " + std::to_string(id) +
                                         ", but the vocabulary has " + std::to_string(size()) + " tokens");
  };
  if (model < TokenizerModel::ByteLevelBpe || model > TokenizerModel::ScoredBytes)
    return fail("unknown model kind " + std::to_string(static_cast<uint32_t>(model)));
  if (flags >= TokenizerSingleScores * 2)
    return fail("unknown flags " + std::to_string(flags));
  if (size() == 0 || size() > maxTokens)
    return fail("the vocabulary has " + std::to_string(size()) + " tokens, expected 1 to " + std::to_string(maxTokens));
  if (types.size() != size())
    return fail(std::to_string(types.size()) + " token types for " + std::to_string(size()) + " tokens");
  if (scores.size() != (hasScores() ? size() : 0))
    return fail(std::to_string(scores.size()) + " scores for " + std::to_string(size()) + " tokens");
  uint32_t last = 0;
  for (uint32_t end : pieceEnds) {
    if (end < last || end > pieceText.size())
      return fail("a piece ends at byte " + std::to_string(end) + " after one that ends at " + std::to_string(last) +
                  ", of " + std::to_string(pieceText.size()));
    last = end;
  }
  if (last != pieceText.size())
    return fail("the pieces take " + std::to_string(last) + " of " + std::to_string(pieceText.size()) + " bytes");
  for (TokenType type : types)
    if (type < TokenType::Normal || type > TokenType::Byte)
      return fail("unknown token type " + std::to_string(static_cast<int>(type)));
  for (size_t id = 0; id < size(); ++id)
    if (types[id] == TokenType::Byte && byteOfPiece(piece(id)) < 0)
      return fail("token " + std::to_string(id) + " has the type of a byte, but is not written <0xNN>");
  for (double score : scores)
    if (std::isnan(score) || (model == TokenizerModel::Unigram && std::isinf(score)))
      return fail("a token's score is not a number");
  if (merges.size() > maxMerges)
    return fail(std::to_string(merges.size()) + " merges are more than " + std::to_string(maxMerges));
  for (const BpeMerge &merge : merges)
    if (!isId(merge.left) || !isId(merge.right) || !isId(merge.result))
      return fail("a merge of tokens " + std::to_string(merge.left) + " and " + std::to_string(merge.right) + " into " +
                  std::to_string(merge.result) + " leaves the vocabulary of " + std::to_string(size()) + " tokens");
  if (addedTokens.size() > size())
    return fail(std::to_string(addedTokens.size()) + " added tokens in a vocabulary of " + std::to_string(size()));
  for (const AddedToken &token : addedTokens) {
    if (!isId(token.id))
      return checkId("an added token", token.id == none ? INT32_MIN : token.id);
    if (size_t length = piece(token.id).size(); length > maxAddedText)
      return fail("the added token " + std::to_string(token.id) + " has " + std::to_string(length) +
                  " bytes, more than " + std::to_string(maxAddedText));
    if (token.flags >= AddedVerbatim * 2)
      return fail("unknown flags " + std::to_string(token.flags) + " of the added token " + std::to_string(token.id));
  }
  if (normalizers.size() > maxSteps || preTokenizers.size() > maxSteps)
    return fail(std::to_string(std::max(normalizers.size(), preTokenizers.size())) + " steps are more than " +
                std::to_string(maxSteps));
  for (const NormalizerStep &step : normalizers) {
    if (step.kind < NormalizerKind::Prepend || step.kind > NormalizerKind::CharacterMap)
      return fail("unknown normalizer " + std::to_string(static_cast<uint32_t>(step.kind)));
    if (Status status = checkStepText("normalizer", step.pattern, step.content,
                                      step.kind == NormalizerKind::CharacterMap ? maxCharacterMap : maxStepText);
        !status)
      return status;
  }
  for (const PreTokenizerStep &step : preTokenizers) {
    if (step.kind < PreTokenizerKind::Split || step.kind > PreTokenizerKind::ByteAlphabet)
      return fail("unknown pre-tokenizer " + std::to_string(static_cast<uint32_t>(step.kind)));
    if (step.behavior < SplitBehavior::Removed || step.behavior > SplitBehavior::Contiguous)
      return fail("unknown split behavior " + std::to_string(static_cast<uint32_t>(step.behavior)));
    if (Status status = checkStepText("pre-tokenizer", step.pattern, step.content); !status)
      return status;
  }
  if (size_t longest = std::max(continuingPrefix.size(), wordSuffix.size()); longest > maxAffix)
    return fail("the prefix or suffix of pieces has " + std::to_string(longest) + " bytes, more than " +
                std::to_string(maxAffix));
  const std::pair<const char *, int32_t> named[] = {
      {"bos", bos}, {"eos", eos}, {"unk", unknown}, {"pad", padding}, {"the unknown symbol", unknownSymbol}};
  for (auto [name, id] : named)
    if (Status status = checkId(name, id); !status)
      return status;
  for (const std::vector<int32_t> *list : {&endIds, &prefix, &suffix}) {
    if (list->size() > size())
      return fail("a list of " + std::to_string(list->size()) + " special tokens is longer than the vocabulary");
    for (int32_t id : *list)
      if (!isId(id))
        return checkId("a special token", id == none ? INT32_MIN : id);
  }
  if (chatTemplate.size() > maxTemplate)
    return fail("the chat template has " + std::to_string(chatTemplate.size()) + " bytes, more than " +
                std::to_string(maxTemplate));
  return Status::success();
}

std::string TokenizerSpec::serialize() const {
  Writer out;
  out.bytes.reserve(pieceText.size() + pieceEnds.size() * 9 + merges.size() * sizeof(BpeMerge) + 4096 +
                    chatTemplate.size());
  out.number(specMagic);
  out.number(specVersion);
  out.number(static_cast<uint32_t>(model));
  out.number(flags);
  out.text(pieceText);
  out.array(pieceEnds);
  out.array(types);
  out.array(scores);
  out.array(merges);
  out.array(addedTokens);
  out.number(static_cast<uint32_t>(normalizers.size()));
  for (const NormalizerStep &step : normalizers) {
    out.number(static_cast<uint32_t>(step.kind));
    out.number(step.flags);
    out.text(step.pattern);
    out.text(step.content);
  }
  out.number(static_cast<uint32_t>(preTokenizers.size()));
  for (const PreTokenizerStep &step : preTokenizers) {
    out.number(static_cast<uint32_t>(step.kind));
    out.number(static_cast<uint32_t>(step.behavior));
    out.number((step.invert ? 1 : 0) | (step.firstOnly ? 2 : 0));
    out.text(step.pattern);
    out.text(step.content);
  }
  out.text(continuingPrefix);
  out.text(wordSuffix);
  out.number(maxWordCharacters);
  for (int32_t id : {bos, eos, unknown, padding, unknownSymbol})
    out.number(static_cast<uint32_t>(id));
  out.array(endIds);
  out.array(prefix);
  out.array(suffix);
  out.text(chatTemplate);
  return std::move(out.bytes);
}

Result<TokenizerSpec> TokenizerSpec::deserialize(std::string_view bytes) {
  Reader in(bytes);
  if (in.number() != specMagic)
    return fail("the section does not start with LTOK");
  if (uint32_t version = in.number(); version != specVersion)
    return fail("the section has version " + std::to_string(version) + ", this runtime reads version " +
                std::to_string(specVersion) + "; compile the model again");
  TokenizerSpec spec;
  spec.model = static_cast<TokenizerModel>(in.number());
  spec.flags = in.number();
  spec.pieceText = in.text();
  in.array(spec.pieceEnds);
  in.array(spec.types);
  in.array(spec.scores);
  in.array(spec.merges);
  in.array(spec.addedTokens);
  for (uint32_t count = in.number(); in.good && spec.normalizers.size() < count;) {
    NormalizerStep step;
    step.kind = static_cast<NormalizerKind>(in.number());
    step.flags = in.number();
    step.pattern = in.text();
    step.content = in.text();
    spec.normalizers.push_back(std::move(step));
  }
  for (uint32_t count = in.number(); in.good && spec.preTokenizers.size() < count;) {
    PreTokenizerStep step;
    step.kind = static_cast<PreTokenizerKind>(in.number());
    step.behavior = static_cast<SplitBehavior>(in.number());
    uint32_t bits = in.number();
    step.invert = bits & 1;
    step.firstOnly = bits & 2;
    step.pattern = in.text();
    step.content = in.text();
    spec.preTokenizers.push_back(std::move(step));
  }
  spec.continuingPrefix = in.text();
  spec.wordSuffix = in.text();
  spec.maxWordCharacters = in.number();
  for (int32_t *id : {&spec.bos, &spec.eos, &spec.unknown, &spec.padding, &spec.unknownSymbol})
    *id = in.id();
  in.array(spec.endIds);
  in.array(spec.prefix);
  in.array(spec.suffix);
  spec.chatTemplate = in.text();
  if (!in.good)
    return fail("the section of " + std::to_string(bytes.size()) + " bytes ends too early");
  if (!in.rest.empty())
    return fail("the section has " + std::to_string(in.rest.size()) + " bytes more than the tokenizer needs");
  if (Status status = spec.validate(); !status)
    return status;
  return spec;
}

} // namespace lathe
