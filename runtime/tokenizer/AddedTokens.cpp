// A search in the sorted texts: at each place the range of entries that agree with the text so far is narrowed byte by
// byte.
#include "runtime/tokenizer/AddedTokens.h"

#include "runtime/tokenizer/Utf8.h"

#include <algorithm>
#include <utf8proc.h>

namespace lathe {
namespace {

bool isWordCharacter(uint32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_MC:
  case UTF8PROC_CATEGORY_ME:
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_NL:
  case UTF8PROC_CATEGORY_PC:
    return true;
  default:
    return false;
  }
}

/// The code point that ends at `at`.
Utf8Step stepBack(std::string_view text, size_t at) {
  size_t begin = at - 1;
  while (begin > 0 && at - begin < 4 && (static_cast<uint8_t>(text[begin]) & 0xc0) == 0x80)
    --begin;
  Utf8Step step = stepUtf8(text.substr(0, at), begin);
  return begin + step.length == at ? step : Utf8Step{Utf8State::Invalid, 1, 0};
}

bool isSpace(const Utf8Step &step) { return step.state == Utf8State::Valid && isUnicodeSpace(step.codePoint); }
bool isWord(const Utf8Step &step) { return step.state == Utf8State::Valid && isWordCharacter(step.codePoint); }

} // namespace

AddedTokens::AddedTokens(std::vector<Entry> entries) : sorted(std::move(entries)) {
  std::erase_if(sorted, [](const Entry &entry) { return entry.text.empty(); });
  std::sort(sorted.begin(), sorted.end(), [](const Entry &a, const Entry &b) {
    return a.text != b.text ? a.text < b.text : a.token.id < b.token.id;
  });
  for (const Entry &entry : sorted)
    ++firstByte[static_cast<uint8_t>(entry.text[0]) + 1];
  for (size_t b = 1; b < firstByte.size(); ++b)
    firstByte[b] += firstByte[b - 1];
}

const AddedTokens::Entry *AddedTokens::longestAt(std::string_view text, size_t at, bool special) const {
  uint8_t lead = static_cast<uint8_t>(text[at]);
  auto low = sorted.begin() + firstByte[lead], high = sorted.begin() + firstByte[lead + 1];
  const Entry *best = nullptr;
  for (size_t depth = 1; low != high; ++depth) {
    for (; low != high && low->text.size() == depth; ++low)
      if (special || !(low->token.flags & AddedSpecial))
        best = &*low;
    if (at + depth >= text.size())
      break;
    uint8_t byte = static_cast<uint8_t>(text[at + depth]);
    auto byteOf = [depth](const Entry &entry) { return static_cast<uint8_t>(entry.text[depth]); };
    low = std::lower_bound(low, high, byte, [&](const Entry &entry, uint8_t b) { return byteOf(entry) < b; });
    high = std::upper_bound(low, high, byte, [&](uint8_t b, const Entry &entry) { return b < byteOf(entry); });
  }
  return best;
}

std::vector<AddedTokens::Piece> AddedTokens::cut(std::string_view text, bool special) const {
  std::vector<Piece> pieces;
  size_t done = 0; // text before it is in pieces
  for (size_t at = 0; at < text.size() && !sorted.empty();) {
    const Entry *entry = longestAt(text, at, special);
    if (!entry) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + entry->text.size();
    at = end;
    uint32_t flags = entry->token.flags;
    if ((flags & AddedSingleWord) &&
        ((begin > 0 && isWord(stepBack(text, begin))) || (end < text.size() && isWord(stepUtf8(text, end)))))
      continue;
    if (flags & AddedStripLeft)
      for (Utf8Step step; begin > done && isSpace(step = stepBack(text, begin));)
        begin -= step.length;
    if (flags & AddedStripRight)
      for (Utf8Step step; end < text.size() && isSpace(step = stepUtf8(text, end));)
        end += step.length;
    at = std::max(at, end);
    begin = std::max(begin, done);
    if (begin > done)
      pieces.push_back({done, begin, TokenizerSpec::none});
    pieces.push_back({begin, end, entry->token.id});
    done = end;
  }
  if (done < text.size())
    pieces.push_back({done, text.size(), TokenizerSpec::none});
  return pieces;
}

} // namespace lathe
