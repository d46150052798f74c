// See CharacterSet.h. The cutting of ranges: Russ Cox, "Regular Expression Matching in the Wild" (UTF-8 ranges).
#include "runtime/grammar/CharacterSet.h"

#include <algorithm>

namespace lathe::grammar {

namespace {

uint32_t encode(uint32_t code, uint8_t *out) {
  if (code < 0x80) {
    out[0] = uint8_t(code);
    return 1;
  }
  uint32_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (uint32_t i = length; --i > 0; code >>= 6)
    out[i] = uint8_t(0x80 | (code & 0x3F));
  out[0] = uint8_t((length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0) | code);
  return length;
}

void cut(uint32_t first, uint32_t last, std::vector<ByteSequence> &out) {
  for (uint32_t edge : {0x7Fu, 0x7FFu, 0xFFFFu})
    if (first <= edge && last > edge) {
      cut(first, edge, out);
      return cut(edge + 1, last, out);
    }
  if (last >= 0x80)
    for (uint32_t bits : {6u, 12u, 18u}) {
      uint32_t mask = (1u << bits) - 1;
      if ((first & ~mask) == (last & ~mask))
        break;
      if (first & mask) {
        cut(first, first | mask, out);
        return cut((first | mask) + 1, last, out);
      }
      if ((last & mask) != mask) {
        cut(first, (last & ~mask) - 1, out);
        return cut(last & ~mask, last, out);
      }
    }
  ByteSequence sequence{};
  sequence.length = encode(first, sequence.first);
  encode(last, sequence.last);
  out.push_back(sequence);
}

} // namespace

void CharacterSet::add(uint32_t first, uint32_t last) {
  last = std::min(last, CharacterSet::last);
  if (first <= 0xDFFF && last >= 0xD800) {
    if (first < 0xD800)
      add(first, 0xD7FF);
    if (last > 0xDFFF)
      add(0xE000, last);
    return;
  }
  if (first > last)
    return;
  // The ranges that touch or overlap the new one become part of it.
  auto begin = std::ranges::lower_bound(ranges_, first, {}, [](const Range &range) { return range.last + 1; });
  auto end = begin;
  for (; end != ranges_.end() && end->first <= last + 1; ++end) {
    first = std::min(first, end->first);
    last = std::max(last, end->last);
  }
  begin = ranges_.erase(begin, end);
  ranges_.insert(begin, {first, last});
}

void CharacterSet::add(const CharacterSet &other) {
  for (const Range &range : other.ranges_)
    add(range.first, range.last);
}

CharacterSet CharacterSet::complement() const {
  CharacterSet out;
  uint32_t next = 0;
  for (const Range &range : ranges_) {
    if (range.first > next)
      out.add(next, range.first - 1);
    next = range.last + 1;
  }
  if (next <= last)
    out.add(next, last);
  return out;
}

CharacterSet CharacterSet::operator&(const CharacterSet &other) const {
  CharacterSet out = complement();
  out.add(other.complement());
  return out.complement();
}

bool CharacterSet::contains(uint32_t codePoint) const {
  auto at = std::ranges::lower_bound(ranges_, codePoint, {}, &Range::last);
  return at != ranges_.end() && at->first <= codePoint;
}

std::vector<ByteSequence> byteSequences(const CharacterSet &set) {
  std::vector<ByteSequence> out;
  for (const CharacterSet::Range &range : set.ranges())
    cut(range.first, range.last, out);
  return out;
}

} // namespace lathe::grammar
