// Longest match first, and the best path of a unigram model (Kudo 2018, "Subword Regularization"), with the details of
// Hugging Face's tokenizers: what has no piece costs 10 more than the worst piece, and neighbours of that kind are one.
#include "runtime/tokenizer/WordModels.h"

#include "runtime/tokenizer/Utf8.h"

#include <algorithm>

namespace lathe {
namespace {

constexpr double unknownPenalty = 10;
constexpr uint32_t unreached = UINT32_MAX;

/// Control tokens are found by their own step (AddedTokens.h) or not at all: no text spells one by accident.
bool canBeWritten(const TokenizerSpec &spec, size_t id) {
  TokenType also = spec.model == TokenizerModel::Unigram ? TokenType::Byte : TokenType::UserDefined;
  return spec.types[id] == TokenType::Normal || spec.types[id] == also;
}

} // namespace

WordModels::WordModels(const TokenizerSpec &spec)
    : spec(spec), pieces(spec, [&](size_t id) { return canBeWritten(spec, id); }),
      continuing(pieces.walk(PieceTrie::root, spec.continuingPrefix)), unknownScore(0) {
  byteTokens.fill(TokenizerSpec::none);
  for (size_t id = 0; id < spec.size(); ++id)
    if (spec.types[id] == TokenType::Byte)
      byteTokens[TokenizerSpec::byteOfPiece(spec.piece(id)) & 0xff] = static_cast<int32_t>(id);
  if (!spec.scores.empty())
    unknownScore = *std::min_element(spec.scores.begin(), spec.scores.end()) - unknownPenalty;
}

bool WordModels::encodeWord(std::string_view word, StepBudget &budget, Scratch &scratch,
                            std::vector<int32_t> &ids) const {
  if (word.empty())
    return true;
  if (spec.model == TokenizerModel::WordPiece)
    return encodeWordPiece(word, budget, ids);
  if (spec.model == TokenizerModel::Unigram)
    return encodeUnigram(word, budget, scratch, ids);
  uint32_t node = pieces.walk(PieceTrie::root, word);
  int32_t id = node == PieceTrie::nowhere ? TokenizerSpec::none : pieces.token(node);
  if (id == TokenizerSpec::none)
    id = spec.unknownSymbol;
  if (id != TokenizerSpec::none)
    ids.push_back(id);
  return true;
}

bool WordModels::encodeWordPiece(std::string_view word, StepBudget &budget, std::vector<int32_t> &ids) const {
  size_t characters = 0, before = ids.size();
  for (size_t at = 0; at < word.size(); at += stepUtf8(word, at).length)
    ++characters;
  bool known = characters <= spec.maxWordCharacters;
  for (size_t at = 0; known && at < word.size();) {
    uint32_t node = at == 0 ? PieceTrie::root : continuing;
    size_t end = at;
    int32_t id = TokenizerSpec::none;
    for (size_t next = at; node != PieceTrie::nowhere && next < word.size();) {
      if (!budget.take())
        return false;
      node = pieces.step(node, static_cast<uint8_t>(word[next++]));
      if (node != PieceTrie::nowhere && pieces.token(node) != TokenizerSpec::none)
        id = pieces.token(node), end = next;
    }
    known = id != TokenizerSpec::none;
    if (known)
      ids.push_back(id);
    at = end;
  }
  if (known)
    return true;
  ids.resize(before);
  if (spec.unknownSymbol != TokenizerSpec::none)
    ids.push_back(spec.unknownSymbol);
  return true;
}

bool WordModels::encodeUnigram(std::string_view word, StepBudget &budget, Scratch &scratch,
                               std::vector<int32_t> &ids) const {
  auto &[places, way] = scratch;
  places.assign(word.size() + 1, {0, unreached, TokenizerSpec::none});
  bool single = spec.flags & TokenizerSingleScores;
  auto offer = [&](size_t begin, size_t end, int32_t id, double more) {
    Scratch::Place &place = places[end];
    double score = places[begin].score + more;
    if (single)
      score = static_cast<float>(score);
    if (place.begin == unreached || score > place.score)
      place = {score, static_cast<uint32_t>(begin), id};
  };
  for (size_t at = 0; at < word.size();) {
    size_t length = stepUtf8(word, at).length;
    bool alone = false;
    uint32_t node = PieceTrie::root;
    for (size_t end = at; end < word.size();) {
      if (!budget.take())
        return false;
      node = pieces.step(node, static_cast<uint8_t>(word[end++]));
      if (node == PieceTrie::nowhere)
        break;
      int32_t id = pieces.token(node);
      if (id == TokenizerSpec::none)
        continue;
      offer(at, end, id, spec.scores[id]);
      alone |= end - at == length;
    }
    if (!alone)
      offer(at, at + length, TokenizerSpec::none, unknownScore);
    at += length;
  }
  way.clear();
  for (size_t end = word.size(); end > 0;) {
    const Scratch::Place &place = places[end];
    // What is called unknown in the vocabulary has no text of its own.
    bool unknown = place.id == TokenizerSpec::none || place.id == spec.unknownSymbol;
    if (unknown && (spec.flags & TokenizerFuseUnknown) && !way.empty() && way.back().id == TokenizerSpec::none)
      way.back().begin = place.begin;
    else
      way.push_back({place.begin, static_cast<uint32_t>(end), unknown ? TokenizerSpec::none : place.id});
    end = place.begin;
  }
  for (size_t i = way.size(); i-- > 0;) {
    if (way[i].id != TokenizerSpec::none)
      ids.push_back(way[i].id);
    else
      addUnknown(word.substr(way[i].begin, way[i].end - way[i].begin), ids);
  }
  return true;
}

void WordModels::addUnknown(std::string_view bytes, std::vector<int32_t> &ids) const {
  // Unknown neighbours together may be a piece.
  uint32_t node = pieces.walk(PieceTrie::root, bytes);
  if (node != PieceTrie::nowhere && pieces.token(node) != TokenizerSpec::none) {
    ids.push_back(pieces.token(node));
    return;
  }
  bool known = spec.flags & TokenizerByteFallback;
  for (size_t i = 0; known && i < bytes.size(); ++i)
    known = byteTokens[static_cast<uint8_t>(bytes[i])] != TokenizerSpec::none;
  for (size_t i = 0; known && i < bytes.size(); ++i)
    ids.push_back(byteTokens[static_cast<uint8_t>(bytes[i])]);
  if (!known && spec.unknownSymbol != TokenizerSpec::none)
    ids.push_back(spec.unknownSymbol);
}

} // namespace lathe
