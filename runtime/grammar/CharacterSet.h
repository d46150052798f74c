// Sets of Unicode scalar values, and the byte sequences of UTF-8 that spell them. Relies on the standard library alone.
#pragma once

#include <cstdint>
#include <vector>

namespace lathe::grammar {

/// Surrogates are never in a set: they have no UTF-8 form.
class CharacterSet {
public:
  static constexpr uint32_t last = 0x10FFFF;
  struct Range {
    uint32_t first, last;
    bool operator==(const Range &) const = default;
  };

  CharacterSet() = default;
  CharacterSet(uint32_t first, uint32_t last) { add(first, last); }
  static CharacterSet all() { return CharacterSet(0, last); }

  /// Adds `first` .. `last`, cut to what there is; nothing when first > last.
  void add(uint32_t first, uint32_t last);
  void add(uint32_t codePoint) { add(codePoint, codePoint); }
  void add(const CharacterSet &other);
  CharacterSet complement() const;
  CharacterSet operator&(const CharacterSet &other) const;
  bool contains(uint32_t codePoint) const;
  bool empty() const { return ranges_.empty(); }
  bool operator==(const CharacterSet &) const = default;
  /// In ascending order, with gaps between them.
  const std::vector<Range> &ranges() const { return ranges_; }

private:
  std::vector<Range> ranges_;
};

/// A run of code points whose UTF-8 forms are all sequences of one byte of each range.
struct ByteSequence {
  uint32_t length; ///< 1 .. 4
  uint8_t first[4], last[4];
};
/// The forms of all characters of a set.
std::vector<ByteSequence> byteSequences(const CharacterSet &set);

} // namespace lathe::grammar
