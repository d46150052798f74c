// Byte pair encoding. The order of joins is that of the original programs: best rank or score first, leftmost of
// equals.
#include "runtime/tokenizer/Bpe.h"

#include "runtime/tokenizer/Utf8.h"

#include <algorithm>
#include <charconv>

namespace lathe {
namespace {

bool canBeWritten(TokenizerModel model, TokenType type) {
  switch (type) {
  case TokenType::Normal:
    return true;
  case TokenType::UserDefined: // of byte-level BPE: literal text, not a spelling of bytes
    return model != TokenizerModel::ByteLevelBpe && model != TokenizerModel::ScoredBytes;
  case TokenType::Unused:
    return model == TokenizerModel::ScoredBpe;
  default:
    return false;
  }
}

using Join = Bpe::Scratch::Join;
struct WorseRank {
  bool operator()(const Join &a, const Join &b) const { return a.rank != b.rank ? a.rank > b.rank : a.left > b.left; }
};
struct WorseScore {
  bool operator()(const Join &a, const Join &b) const {
    return a.score != b.score ? a.score < b.score : a.left > b.left;
  }
};

template <class Worse> Join popJoin(std::vector<Join> &heap) {
  std::pop_heap(heap.begin(), heap.end(), Worse());
  Join best = heap.back();
  heap.pop_back();
  return best;
}

/// Joins the symbol after `left` into it.
void join(std::vector<Bpe::Scratch::Symbol> &symbols, int32_t left, int32_t id) {
  auto &symbol = symbols[left];
  auto &right = symbols[symbol.next];
  symbol.id = id;
  symbol.length += right.length;
  right.length = 0;
  symbol.next = right.next;
  if (symbol.next >= 0)
    symbols[symbol.next].previous = left;
}

} // namespace

Bpe::Bpe(const TokenizerSpec &spec)
    : spec(spec), pieces(spec, [&](size_t id) { return canBeWritten(spec.model, spec.types[id]); }),
      merges(spec.merges) {
  byteTokens.fill(TokenizerSpec::none);
  for (size_t id = 0; id < spec.size(); ++id) {
    std::string_view piece = spec.piece(id);
    if (overBytes()) {
      if (piece.size() != 1 || (spec.types[id] != TokenType::Normal && spec.types[id] != TokenType::UserDefined))
        continue;
      int32_t &token = byteTokens[static_cast<uint8_t>(piece[0])];
      if (token < 0 || spec.types[id] == TokenType::Normal)
        token = static_cast<int32_t>(id);
    } else if (spec.types[id] == TokenType::Byte) {
      byteTokens[TokenizerSpec::byteOfPiece(piece) & 0xff] = static_cast<int32_t>(id);
    }
  }
}

void Bpe::addUnknown(Scratch &scratch, size_t begin, size_t length, bool afterUnknown) const {
  if (spec.unknownSymbol == TokenizerSpec::none)
    return;
  if (afterUnknown && (spec.flags & TokenizerFuseUnknown)) {
    scratch.symbols.back().length += static_cast<uint32_t>(length);
    return;
  }
  scratch.symbols.push_back({spec.unknownSymbol, 0, 0, static_cast<uint32_t>(begin), static_cast<uint32_t>(length)});
}

int32_t Bpe::findSymbol(std::string_view word, size_t begin, size_t end) const {
  std::string text(begin > 0 ? std::string_view(spec.continuingPrefix) : std::string_view());
  text.append(word, begin, end - begin);
  if (end == word.size())
    text += spec.wordSuffix;
  return pieces.find(text);
}

void Bpe::cutBytes(std::string_view word, Scratch &scratch) const {
  bool unknown = false, affixes = !spec.continuingPrefix.empty() || !spec.wordSuffix.empty();
  for (size_t at = 0; at < word.size(); ++at) {
    int32_t id = affixes ? findSymbol(word, at, at + 1) : byteTokens[static_cast<uint8_t>(word[at])];
    if (id >= 0)
      scratch.symbols.push_back({id, 0, 0, static_cast<uint32_t>(at), 1});
    else
      addUnknown(scratch, at, 1, unknown);
    unknown = id < 0;
  }
}

void Bpe::cutCodePoints(std::string_view word, Scratch &scratch) const {
  bool unknown = false;
  for (size_t at = 0; at < word.size();) {
    size_t length = stepUtf8(word, at).length;
    int32_t id = spec.continuingPrefix.empty() && spec.wordSuffix.empty() ? pieces.find(word.substr(at, length))
                                                                          : findSymbol(word, at, at + length);
    if (byScore()) { // a code point without a piece may still be part of one
      scratch.symbols.push_back({id, 0, 0, static_cast<uint32_t>(at), static_cast<uint32_t>(length)});
      at += length;
      continue;
    }
    bool bytes = id < 0 && (spec.flags & TokenizerByteFallback);
    for (size_t i = 0; bytes && i < length; ++i)
      bytes = byteTokens[static_cast<uint8_t>(word[at + i])] >= 0;
    if (id >= 0)
      scratch.symbols.push_back({id, 0, 0, static_cast<uint32_t>(at), static_cast<uint32_t>(length)});
    for (size_t i = 0; bytes && i < length; ++i)
      scratch.symbols.push_back(
          {byteTokens[static_cast<uint8_t>(word[at + i])], 0, 0, static_cast<uint32_t>(at + i), 1});
    if (id < 0 && !bytes)
      addUnknown(scratch, at, length, unknown);
    unknown = id < 0 && !bytes;
    at += length;
  }
}

void Bpe::joinByRank(Scratch &scratch) const {
  auto &[symbols, heap] = scratch;
  auto consider = [&](int32_t left) {
    if (left < 0 || symbols[left].next < 0)
      return;
    int32_t rank = merges.find(symbols[left].id, symbols[symbols[left].next].id);
    if (rank < 0)
      return;
    heap.push_back({0, rank, left, 0});
    std::push_heap(heap.begin(), heap.end(), WorseRank());
  };
  for (size_t i = 0; i + 1 < symbols.size(); ++i)
    consider(static_cast<int32_t>(i));
  while (!heap.empty()) {
    Join best = popJoin<WorseRank>(heap);
    const auto &left = symbols[best.left];
    if (left.length == 0 || left.next < 0 || merges.find(left.id, symbols[left.next].id) != best.rank)
      continue;
    join(symbols, best.left, spec.merges[best.rank].result);
    consider(symbols[best.left].previous);
    consider(best.left);
  }
}

void Bpe::joinByScore(std::string_view word, Scratch &scratch) const {
  auto &[symbols, heap] = scratch;
  auto consider = [&](int32_t left) {
    if (left < 0 || symbols[left].next < 0)
      return;
    const auto &a = symbols[left], &b = symbols[a.next];
    uint32_t length = a.length + b.length;
    int32_t id = pieces.find(word.substr(a.begin, length));
    if (id < 0)
      return;
    heap.push_back({spec.scores[id], id, left, length});
    std::push_heap(heap.begin(), heap.end(), WorseScore());
  };
  for (size_t i = 0; i + 1 < symbols.size(); ++i)
    consider(static_cast<int32_t>(i));
  while (!heap.empty()) {
    Join best = popJoin<WorseScore>(heap);
    const auto &left = symbols[best.left];
    if (left.length == 0 || left.next < 0 || left.length + symbols[left.next].length != best.length)
      continue;
    join(symbols, best.left, best.rank);
    consider(symbols[best.left].previous);
    consider(best.left);
  }
}

void Bpe::encodeWord(std::string_view word, Scratch &scratch, std::vector<int32_t> &ids) const {
  if (spec.flags & TokenizerIgnoreMerges)
    if (int32_t id = pieces.find(word); id >= 0) {
      ids.push_back(id);
      return;
    }
  auto &symbols = scratch.symbols;
  symbols.clear();
  scratch.heap.clear();
  if (overBytes())
    cutBytes(word, scratch);
  else
    cutCodePoints(word, scratch);
  for (size_t i = 0; i < symbols.size(); ++i) {
    symbols[i].previous = static_cast<int32_t>(i) - 1;
    symbols[i].next = i + 1 < symbols.size() ? static_cast<int32_t>(i) + 1 : -1;
  }
  if (byScore())
    joinByScore(word, scratch);
  else
    joinByRank(scratch);
  bool unknown = false;
  for (const Scratch::Symbol &symbol : symbols) {
    if (symbol.length == 0)
      continue;
    if (symbol.id >= 0)
      ids.push_back(symbol.id);
    unknown = symbol.id < 0 && !writeBytes(word.substr(symbol.begin, symbol.length), unknown, ids);
  }
}

bool Bpe::writeBytes(std::string_view bytes, bool afterUnknown, std::vector<int32_t> &ids) const {
  bool known = spec.flags & TokenizerByteFallback;
  for (size_t i = 0; known && i < bytes.size(); ++i)
    known = byteTokens[static_cast<uint8_t>(bytes[i])] >= 0;
  for (size_t i = 0; known && i < bytes.size(); ++i)
    ids.push_back(byteTokens[static_cast<uint8_t>(bytes[i])]);
  if (!known && spec.unknownSymbol != TokenizerSpec::none && !(afterUnknown && (spec.flags & TokenizerFuseUnknown)))
    ids.push_back(spec.unknownSymbol);
  return known;
}

} // namespace lathe
