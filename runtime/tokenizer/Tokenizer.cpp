// The way of a text: added tokens, normalizer, added tokens of the normalised text, pre-tokenizer, the model over each
// word.
#include "runtime/tokenizer/Tokenizer.h"

#include "runtime/tokenizer/AddedTokens.h"
#include "runtime/tokenizer/Bpe.h"
#include "runtime/tokenizer/Normalizer.h"
#include "runtime/tokenizer/PreTokenizer.h"
#include "runtime/tokenizer/StreamingDecoder.h"
#include "runtime/tokenizer/WordModels.h"

#include <algorithm>

namespace lathe {
namespace {

constexpr size_t maxText = size_t{64} << 20;             // a word needs 36 bytes a byte
constexpr std::string_view spaceSymbol = "\xe2\x96\x81"; // U+2581

} // namespace

struct Tokenizer::Parts {
  explicit Parts(TokenizerSpec given) : spec(std::move(given)), all(spec, [](size_t) { return true; }) {
    if (spec.model == TokenizerModel::WordPiece || spec.model == TokenizerModel::Unigram ||
        spec.model == TokenizerModel::WordLevel)
      words.emplace(spec);
    else
      bpe.emplace(spec);
  }

  TokenizerSpec spec;
  std::optional<Bpe> bpe; // or
  std::optional<WordModels> words;
  PieceTable all;
  std::optional<Normalizer> normalizer;
  std::optional<PreTokenizer> preTokenizer;
  std::optional<AddedTokens> addedRaw, addedNormalized;
  std::vector<bool> special;

  struct Run {
    RegexBudget budget;
    StepBudget steps;
    Bpe::Scratch scratch;
    WordModels::Scratch wordScratch;
    PreTokenizer::Words words;
    std::vector<int32_t> ids;
  };
  Status prepare();
  Status encodeText(std::string_view text, bool atStart, bool parseSpecial, Run &run) const;
};

Status Tokenizer::Parts::prepare() {
  Result<Normalizer> madeNormalizer = Normalizer::create(spec.normalizers);
  if (!madeNormalizer)
    return madeNormalizer.status();
  normalizer = std::move(*madeNormalizer);
  Result<PreTokenizer> madePreTokenizer = PreTokenizer::create(spec.preTokenizers);
  if (!madePreTokenizer)
    return madePreTokenizer.status();
  preTokenizer = std::move(*madePreTokenizer);

  special.resize(spec.size());
  for (size_t id = 0; id < spec.size(); ++id)
    special[id] = spec.types[id] == TokenType::Control || spec.types[id] == TokenType::Unknown;
  std::vector<AddedTokens::Entry> raw, normalized, verbatim;
  for (const AddedToken &token : spec.addedTokens) {
    std::string text(spec.piece(token.id));
    if (token.flags & AddedSpecial)
      special[token.id] = true;
    if (token.flags & AddedVerbatim) {
      verbatim.push_back({text, token});
      normalized.push_back({std::move(text), token});
      continue;
    }
    if (!(token.flags & AddedNormalized)) {
      raw.push_back({std::move(text), token});
      continue;
    }
    RegexBudget budget(text.size());
    Result<std::string> changed = normalizer->apply(text, budget);
    if (!changed)
      return changed.status();
    if (changed->size() <= 64 * 1024)
      normalized.push_back({std::move(*changed), token});
  }
  if (!verbatim.empty())
    normalizer->keep(AddedTokens(std::move(verbatim)));
  addedRaw.emplace(std::move(raw));
  addedNormalized.emplace(std::move(normalized));
  return Status::success();
}

Status Tokenizer::Parts::encodeText(std::string_view text, bool atStart, bool parseSpecial, Run &run) const {
  std::string changed;
  if (!normalizer->empty()) {
    Result<std::string> normalized = normalizer->apply(text, run.budget);
    if (!normalized)
      return normalized.status();
    changed = std::move(*normalized);
    text = changed;
  }
  for (const AddedTokens::Piece &piece : addedNormalized->cut(text, parseSpecial)) {
    if (piece.id != TokenizerSpec::none) {
      run.ids.push_back(piece.id);
      continue;
    }
    std::string_view part = text.substr(piece.begin, piece.end - piece.begin);
    if (Status status = preTokenizer->cut(part, atStart && piece.begin == 0, run.budget, run.words); !status)
      return status;
    for (std::string_view word : run.words.list) {
      if (bpe)
        bpe->encodeWord(word, run.scratch, run.ids);
      else if (!words->encodeWord(word, run.steps, run.wordScratch, run.ids))
        return Status::failure("tokenizer: the long pieces of this vocabulary need too many steps for a text of " +
                               std::to_string(text.size()) + " bytes");
    }
  }
  return Status::success();
}

Tokenizer::Tokenizer(std::unique_ptr<Parts> parts) : parts(std::move(parts)) {}
Tokenizer::~Tokenizer() = default;

Result<std::shared_ptr<const Tokenizer>> Tokenizer::create(TokenizerSpec spec) {
  if (Status status = spec.validate(); !status)
    return status;
  auto parts = std::make_unique<Parts>(std::move(spec));
  if (Status status = parts->prepare(); !status)
    return status;
  return std::shared_ptr<const Tokenizer>(new Tokenizer(std::move(parts)));
}

const TokenizerSpec &Tokenizer::spec() const { return parts->spec; }

Result<std::vector<int32_t>> Tokenizer::encode(std::string_view text, bool addSpecial, bool parseSpecial) const {
  if (text.size() > maxText)
    return Status::failure("tokenizer: a text of " + std::to_string(text.size()) + " bytes is longer than " +
                           std::to_string(maxText));
  const TokenizerSpec &spec = parts->spec;
  Parts::Run run{RegexBudget(text.size()), StepBudget(text.size()), {}, {}, {}, {}};
  if (addSpecial)
    run.ids = spec.prefix;
  for (const AddedTokens::Piece &piece : parts->addedRaw->cut(text, parseSpecial)) {
    if (piece.id != TokenizerSpec::none) {
      run.ids.push_back(piece.id);
      continue;
    }
    std::string_view part = text.substr(piece.begin, piece.end - piece.begin);
    if (Status status = parts->encodeText(part, piece.begin == 0, parseSpecial, run); !status)
      return status;
  }
  if (addSpecial)
    run.ids.insert(run.ids.end(), spec.suffix.begin(), spec.suffix.end());
  return std::move(run.ids);
}

bool Tokenizer::isSpecial(int32_t id) const {
  return id < 0 || static_cast<size_t>(id) >= parts->spec.size() || parts->special[id];
}

bool Tokenizer::isEnd(int32_t id) const {
  const std::vector<int32_t> &ends = parts->spec.endIds;
  return std::find(ends.begin(), ends.end(), id) != ends.end();
}

int32_t Tokenizer::find(std::string_view text) const { return parts->all.find(text); }

void Tokenizer::appendPiece(int32_t id, std::string &out) const {
  const TokenizerSpec &spec = parts->spec;
  if (id < 0 || static_cast<size_t>(id) >= spec.size())
    return;
  std::string_view piece = spec.piece(id);
  if (spec.types[id] == TokenType::Byte) {
    out += static_cast<char>(TokenizerSpec::byteOfPiece(piece));
    return;
  }
  if (!(spec.flags & TokenizerDecodeSpaces) || parts->special[id]) {
    out += piece;
    return;
  }
  for (size_t at = 0;;) {
    size_t found = piece.find(spaceSymbol, at);
    out.append(piece, at, found - at);
    if (found == std::string_view::npos)
      return;
    out += ' ';
    at = found + spaceSymbol.size();
  }
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skipSpecial) const {
  std::string out;
  DecodeState state;
  for (int32_t id : ids)
    state.append(*this, id, skipSpecial, out);
  return out;
}

} // namespace lathe
