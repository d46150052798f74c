// See Pack.h. A block of 16 rows at a time: each row's words are reordered in registers and stored to its lane.
#include "runtime/cpu/Pack.h"

#include "runtime/Dequantize.h"
#include "runtime/cpu/PackedLayout.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace lathe {

namespace {

using Byte = uint8_t;

uint32_t word(const Byte *bytes) {
  uint32_t value;
  std::memcpy(&value, bytes, 4);
  return value;
}

/// Stores a word of lane `lane` in vector `vector`.
void put(Byte *vectors, unsigned vector, unsigned lane, uint32_t value) {
  std::memcpy(vectors + vector * 64 + lane * 4, &value, 4);
}
void putHalf(Byte *vector, unsigned lane, const Byte *half) { std::memcpy(vector + lane * 2, half, 2); }

constexpr uint32_t lowNibbles = 0x0f0f0f0fu;

/// nibbles(32) from 16 bytes: low nibbles are elements 0..15, high ones 16..31.
void putNibbles16(Byte *vectors, unsigned lane, const Byte *quants) {
  for (unsigned j = 0; j < 2; ++j) {
    uint32_t a = word(quants + 8 * j), b = word(quants + 8 * j + 4);
    put(vectors, j, lane, (a & lowNibbles) | (b & lowNibbles) << 4);
    put(vectors, j + 2, lane, (a >> 4 & lowNibbles) | (b & ~lowNibbles));
  }
}
/// nibbles(32) from 32 bytes, all in the low (shift 0) or the high nibbles (4).
void putNibbles32(Byte *vectors, unsigned lane, const Byte *quants, unsigned shift) {
  for (unsigned j = 0; j < 4; ++j) {
    uint32_t a = word(quants + 8 * j) >> shift, b = word(quants + 8 * j + 4) >> shift;
    put(vectors, j, lane, (a & lowNibbles) | (b & lowNibbles) << 4);
  }
}

/// fifths(32) from 32 bits in the order of the elements.
uint32_t fifths(uint32_t bits) {
  uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    uint32_t every4th = bits >> i & 0x11111111u;
    every4th = (every4th | every4th >> 3) & 0x03030303u;
    every4th = (every4th | every4th >> 6) & 0x000f000fu;
    every4th = (every4th | every4th >> 12) & 0xffu;
    result |= every4th << 8 * i;
  }
  return result;
}

/// One row's block into its lane.
template <LatheType Type> void putBlock(const Byte *block, Byte *head, Byte *body, unsigned lane) {
  if constexpr (Type == LATHE_Q4_0) {
    putHalf(head, lane, block);
    putNibbles16(body, lane, block + 2);
  } else if constexpr (Type == LATHE_Q4_1) {
    putHalf(head, lane, block);
    putHalf(head + 32, lane, block + 2);
    putNibbles16(body, lane, block + 4);
  } else if constexpr (Type == LATHE_Q5_0) {
    putHalf(head, lane, block);
    put(body, 0, lane, fifths(word(block + 2)));
    putNibbles16(body + 64, lane, block + 6);
  } else if constexpr (Type == LATHE_Q5_1) {
    putHalf(head, lane, block);
    putHalf(head + 32, lane, block + 2);
    put(body, 0, lane, fifths(word(block + 4)));
    putNibbles16(body + 64, lane, block + 8);
  } else if constexpr (Type == LATHE_Q8_0) {
    putHalf(head, lane, block);
    for (unsigned j = 0; j < 8; ++j)
      put(body, j, lane, word(block + 2 + 4 * j));
  } else if constexpr (Type == LATHE_INT4) {
    put(head, 0, lane, word(block));
    put(head, 1, lane, word(block + 4));
    putNibbles16(body, lane, block + 8);
  } else if constexpr (Type == LATHE_Q4_K || Type == LATHE_Q5_K) {
    putHalf(head, lane, block);
    putHalf(head + 32, lane, block + 2);
    for (unsigned j = 0; j < 3; ++j)
      put(head, j + 1, lane, word(block + 4 + 4 * j));
    constexpr bool fifth = Type == LATHE_Q5_K;
    const Byte *high = block + 16, *quants = block + (fifth ? 48 : 16);
    for (unsigned group = 0; group < 8; ++group) {
      Byte *vectors = body + group * (fifth ? 320 : 256);
      if (fifth) {
        uint32_t bits = 0;
        for (unsigned v = 0; v < 8; ++v)
          bits |= (word(high + 4 * v) >> group & 0x01010101u) << v;
        put(vectors, 0, lane, bits);
        vectors += 64;
      }
      putNibbles32(vectors, lane, quants + group / 2 * 32, group % 2 * 4);
    }
  } else if constexpr (Type == LATHE_Q6_K) {
    putHalf(head, lane, block + 208);
    for (unsigned j = 0; j < 4; ++j)
      put(head, j + 1, lane, word(block + 192 + 4 * j));
    for (unsigned group = 0; group < 8; ++group) {
      unsigned half = group / 4, quarter = group % 4;
      Byte *vectors = body + group * 384;
      const Byte *pairs = block + 128 + half * 32;
      for (unsigned u = 0; u < 2; ++u) {
        uint32_t bits = 0;
        for (unsigned v = 0; v < 4; ++v)
          bits |= (word(pairs + 16 * u + 4 * v) >> 2 * quarter & 0x03030303u) << 2 * v;
        put(vectors, u, lane, bits);
      }
      putNibbles32(vectors + 128, lane, block + half * 64 + quarter % 2 * 32, quarter / 2 * 4);
    }
  }
}

/// A group of rows of a block type; null rows stay zero.
template <LatheType Type> void packGroup(const Byte *const (&rows)[lanesOfGroup], uint64_t blocks, Byte *out) {
  constexpr LaneBlock shape = laneBlock(Type);
  const uint32_t size = bytesPerBlock(Type);
  bool whole = shape.head % 64 == 0 || blocks % 2 == 0;
  for (unsigned lane = 0; lane < lanesOfGroup; ++lane)
    whole &= rows[lane] != nullptr;
  if (!whole || Type == LATHE_Q6_K)
    std::memset(out, 0, groupBytes(shape, blocks));
  for (uint64_t block = 0; block < blocks; ++block) {
    Byte *head = out + headOffset(shape, block), *body = out + bodyOffset(shape, block);
    for (unsigned lane = 0; lane < lanesOfGroup; ++lane)
      if (rows[lane])
        putBlock<Type>(rows[lane] + block * size, head, body, lane);
  }
}

template <class T> void packPlainGroup(const Byte *const (&rows)[lanesOfGroup], uint64_t columns, Byte *out) {
  // A few columns of all rows at a time, so that stores fill whole lines.
  constexpr uint64_t step = 64 / sizeof(T);
  for (uint64_t column = 0; column < columns; column += step) {
    uint64_t count = std::min(step, columns - column);
    for (unsigned lane = 0; lane < lanesOfGroup; ++lane) {
      T values[step] = {};
      if (rows[lane])
        std::memcpy(values, rows[lane] + column * sizeof(T), count * sizeof(T));
      for (uint64_t i = 0; i < count; ++i)
        std::memcpy(out + ((column + i) * lanesOfGroup + lane) * sizeof(T), &values[i], sizeof(T));
    }
  }
}

uint16_t floatToHalf(float value) {
  uint32_t bits = __builtin_bit_cast(uint32_t, value), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return uint16_t(sign | 0x7e00u);
  if (magnitude >= 0x47800000u)
    return uint16_t(sign | 0x7c00u);
  if (magnitude < 0x38800000u) // 0.5f + x rounds at the half's last place
    return uint16_t(sign | (__builtin_bit_cast(uint32_t, __builtin_bit_cast(float, magnitude) + 0.5f) - 0x3f000000u));
  return uint16_t(sign | (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13);
}
uint16_t floatToBFloat(float value) {
  uint32_t bits = __builtin_bit_cast(uint32_t, value);
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return uint16_t(bits >> 16 | 0x40u);
  return uint16_t((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

bool isPlainFloat(uint32_t type) { return type == LATHE_F32 || type == LATHE_F16 || type == LATHE_BF16; }

/// Finds rows of the stacked pieces in the weight's type.
class Source {
public:
  Source(const LatheWeight &weight, std::span<const PieceBytes> pieces) : weight_(weight), pieces_(pieces) {
    uint64_t row = 0;
    for (const PieceBytes &piece : pieces) {
      starts_.push_back(row);
      row += piece.piece->rows;
    }
    size_ = *bytesOfRows(LatheType(weight.type), 1, weight.columns);
  }

  uint64_t rowBytes() const { return size_; }

  /// Pointers to the rows [begin, begin + count); conversions go to memory of this object, until the next call.
  void rows(uint64_t begin, uint64_t count, const Byte **pointers) {
    for (uint64_t i = 0; i < count;) {
      size_t index = size_t(std::ranges::upper_bound(starts_, begin + i) - starts_.begin()) - 1;
      const PieceBytes &piece = pieces_[index];
      uint64_t first = begin + i - starts_[index], here = std::min(count - i, piece.piece->rows - first);
      piecesRows(piece, first, here, i, count, pointers + i);
      i += here;
    }
  }

private:
  const LatheWeight &weight_;
  std::span<const PieceBytes> pieces_;
  std::vector<uint64_t> starts_;
  uint64_t size_ = 0;
  std::vector<Byte> converted_;
  std::vector<float> floats_;

  void piecesRows(const PieceBytes &from, uint64_t first, uint64_t count, uint64_t slot, uint64_t slots,
                  const Byte **pointers) {
    const LatheWeightPiece &piece = *from.piece;
    const Byte *bytes = reinterpret_cast<const Byte *>(from.bytes.data());
    LatheType type = LatheType(piece.type);
    if (!piece.transposed && piece.type == weight_.type) {
      for (uint64_t i = 0; i < count; ++i)
        pointers[i] = bytes + (first + i) * size_;
      return;
    }
    converted_.resize(slots * size_);
    Byte *out = converted_.data() + slot * size_;
    uint64_t columns = weight_.columns;
    for (uint64_t i = 0; i < count; ++i)
      pointers[i] = out + i * size_;
    uint64_t fileSize = *bytesOfRows(type, 1, piece.transposed ? count : columns);
    if (piece.transposed) {
      // The file has a line of `piece.rows` elements for each column.
      uint64_t element = bytesPerBlock(type);
      floats_.resize(count);
      for (uint64_t column = 0; column < columns; ++column) {
        const Byte *line = bytes + (column * piece.rows + first) * element;
        if (piece.type == weight_.type) {
          for (uint64_t i = 0; i < count; ++i)
            std::memcpy(out + i * size_ + column * element, line + i * element, element);
          continue;
        }
        (void)dequantize(type, std::span(line, fileSize), floats_);
        for (uint64_t i = 0; i < count; ++i)
          store(out + i * size_, column, floats_[i]);
      }
      return;
    }
    floats_.resize(columns);
    for (uint64_t i = 0; i < count; ++i) {
      (void)dequantize(type, std::span(bytes + (first + i) * fileSize, fileSize), floats_);
      storeRow(out + i * size_, floats_);
    }
  }

  void storeRow(Byte *row, std::span<const float> values) const {
    if (weight_.type == LATHE_F32) {
      std::memcpy(row, values.data(), values.size_bytes());
      return;
    }
    for (uint64_t column = 0; column < values.size(); ++column)
      store(row, column, values[column]);
  }

  void store(Byte *row, uint64_t column, float value) const {
    if (weight_.type == LATHE_F32) {
      std::memcpy(row + 4 * column, &value, 4);
      return;
    }
    uint16_t bits = weight_.type == LATHE_F16 ? floatToHalf(value) : floatToBFloat(value);
    std::memcpy(row + 2 * column, &bits, 2);
  }
};

void packRows(const LatheWeight &weight, const Byte *const (&rows)[lanesOfGroup], Byte *out) {
  uint64_t columns = weight.columns, blocks = columns / elementsPerBlock(LatheType(weight.type));
  switch (LatheType(weight.type)) {
  case LATHE_F32:
    return packPlainGroup<uint32_t>(rows, columns, out);
  case LATHE_F16:
  case LATHE_BF16:
    return packPlainGroup<uint16_t>(rows, columns, out);
  case LATHE_Q4_0:
    return packGroup<LATHE_Q4_0>(rows, blocks, out);
  case LATHE_Q4_1:
    return packGroup<LATHE_Q4_1>(rows, blocks, out);
  case LATHE_Q5_0:
    return packGroup<LATHE_Q5_0>(rows, blocks, out);
  case LATHE_Q5_1:
    return packGroup<LATHE_Q5_1>(rows, blocks, out);
  case LATHE_Q8_0:
    return packGroup<LATHE_Q8_0>(rows, blocks, out);
  case LATHE_Q4_K:
    return packGroup<LATHE_Q4_K>(rows, blocks, out);
  case LATHE_Q5_K:
    return packGroup<LATHE_Q5_K>(rows, blocks, out);
  case LATHE_Q6_K:
    return packGroup<LATHE_Q6_K>(rows, blocks, out);
  case LATHE_INT4:
    return packGroup<LATHE_INT4>(rows, blocks, out);
  default:
    return;
  }
}

/// Bytes of a group, or nothing.
std::optional<uint64_t> bytesOfGroup(LatheType type, uint64_t columns) {
  if (isPlainFloat(type))
    return bytesOfRows(type, lanesOfGroup, columns);
  if (!isBlockType(type) || columns % elementsPerBlock(type) != 0)
    return std::nullopt;
  uint64_t blocks = columns / elementsPerBlock(type);
  if (blocks > UINT64_MAX / 16384) // a block of 16 rows, with its head doubled, is smaller
    return std::nullopt;
  return groupBytes(laneBlock(type), blocks);
}

Status check(const LatheWeight &weight, std::span<const PieceBytes> pieces, uint64_t outSize) {
  std::string shape =
      std::to_string(weight.rows) + " x " + std::to_string(weight.columns) + " " + elementTypeName(weight.type);
  if (!isElementType(weight.type) || weight.layout > LATHE_LAYOUT_LANES)
    return Status::failure("a packed weight of unknown type " + std::to_string(weight.type) + " or layout " +
                           std::to_string(weight.layout));
  auto bytes =
      packedBytes(LatheType(weight.type), LatheLayout(weight.layout), weight.rows, weight.columns, weight.interleave);
  if (!bytes)
    return Status::failure("a weight of " + shape + " has no packed form of layout " + std::to_string(weight.layout) +
                           ", interleave " + std::to_string(weight.interleave));
  if (*bytes != outSize)
    return Status::failure("a packed weight of " + shape + " has " + std::to_string(*bytes) + " bytes, room is for " +
                           std::to_string(outSize));
  uint64_t rows = 0;
  for (const PieceBytes &from : pieces) {
    const LatheWeightPiece &piece = *from.piece;
    if (!isElementType(piece.type))
      return Status::failure("a piece of unknown type " + std::to_string(piece.type));
    LatheType type = LatheType(piece.type);
    if (piece.columns != weight.columns || __builtin_add_overflow(rows, piece.rows, &rows))
      return Status::failure("a piece of " + std::to_string(piece.rows) + " x " + std::to_string(piece.columns) +
                             " does not fit into " + shape);
    auto size =
        piece.transposed ? bytesOfRows(type, piece.columns, piece.rows) : bytesOfRows(type, piece.rows, piece.columns);
    if (!size || *size != from.bytes.size())
      return Status::failure("a piece of " + std::to_string(piece.rows) + " x " + std::to_string(piece.columns) + " " +
                             elementTypeName(piece.type) + " has " + std::to_string(from.bytes.size()) + " bytes");
    if (piece.transposed && isBlockType(type))
      return Status::failure(std::string("a transposed piece of ") + elementTypeName(piece.type) +
                             "; only plain element types can be transposed");
    if (piece.type != weight.type && !isPlainFloat(weight.type))
      return Status::failure(std::string("cannot convert ") + elementTypeName(piece.type) + " to " +
                             elementTypeName(weight.type) + "; possible: to F32, F16 and BF16");
  }
  if (rows != weight.rows)
    return Status::failure("a weight of " + shape + " has pieces of " + std::to_string(rows) + " rows");
  return Status::success();
}

} // namespace

std::optional<uint64_t> packedBytes(LatheType type, LatheLayout layout, uint64_t rows, uint64_t columns,
                                    uint32_t interleave) {
  if (!isElementType(type) || (interleave != 0 && interleave != 2) || (interleave == 2 && rows % 2 != 0))
    return std::nullopt;
  if (layout == LATHE_LAYOUT_PLAIN)
    return interleave ? std::nullopt : bytesOfRows(type, rows, columns);
  std::optional<uint64_t> group = bytesOfGroup(type, columns);
  uint64_t bytes;
  if (!group || __builtin_mul_overflow(*group, groupCount(rows, interleave), &bytes))
    return std::nullopt;
  return bytes;
}

uint64_t packingParts(const LatheWeight &weight) {
  return weight.layout == LATHE_LAYOUT_PLAIN ? weight.rows : groupCount(weight.rows, weight.interleave);
}

Status packWeight(const LatheWeight &weight, std::span<const PieceBytes> pieces, std::span<std::byte> out,
                  uint64_t begin, uint64_t end) {
  if (Status status = check(weight, pieces, out.size()); !status)
    return status;
  end = std::min(end, packingParts(weight));
  if (begin >= end || weight.columns == 0)
    return Status::success();
  Source source(weight, pieces);
  Byte *to = reinterpret_cast<Byte *>(out.data());
  if (weight.layout == LATHE_LAYOUT_PLAIN) {
    for (uint64_t row = begin; row < end; row += lanesOfGroup) {
      const Byte *rows[lanesOfGroup];
      uint64_t count = std::min<uint64_t>(lanesOfGroup, end - row);
      source.rows(row, count, rows);
      for (uint64_t i = 0; i < count; ++i)
        std::memcpy(to + (row + i) * source.rowBytes(), rows[i], source.rowBytes());
    }
    return Status::success();
  }
  uint64_t size = *bytesOfGroup(LatheType(weight.type), weight.columns);
  for (uint64_t group = begin; group < end; ++group) {
    const Byte *rows[lanesOfGroup] = {};
    uint64_t first = groupBegin(group, weight.rows, weight.interleave);
    source.rows(first, groupEnd(group, weight.rows, weight.interleave) - first, rows);
    packRows(weight, rows, to + group * size);
  }
  return Status::success();
}

Status packWeight(const LatheWeight &weight, std::span<const PieceBytes> pieces, std::span<std::byte> out) {
  return packWeight(weight, pieces, out, 0, UINT64_MAX);
}

Status packWeight(const LatheWeight &weight, std::span<const LatheWeightPiece> pieces,
                  std::span<const std::span<const std::byte>> bytes, std::span<std::byte> out) {
  if (pieces.size() != bytes.size())
    return Status::failure(std::to_string(pieces.size()) + " pieces have bytes for " + std::to_string(bytes.size()));
  std::vector<PieceBytes> both;
  for (size_t i = 0; i < pieces.size(); ++i)
    both.push_back({&pieces[i], bytes[i]});
  return packWeight(weight, both, out);
}

} // namespace lathe
