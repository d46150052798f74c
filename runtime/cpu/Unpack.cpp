// unpackRow of Pack.h: reads PackedLayout.h element by element, written from its table and not from Pack.cpp.
#include "runtime/Dequantize.h"
#include "runtime/cpu/Pack.h"
#include "runtime/cpu/PackedLayout.h"

#include <cstring>

#pragma STDC FP_CONTRACT OFF

namespace lathe {

namespace {

struct Lane {
  const uint8_t *head, *body;
  unsigned lane;

  uint32_t word(const uint8_t *vector) const {
    uint32_t value;
    std::memcpy(&value, vector + lane * 4, 4);
    return value;
  }
  float half(const uint8_t *vector) const {
    uint16_t bits;
    std::memcpy(&bits, vector + lane * 2, 2);
    return halfToFloat(bits);
  }
  int nibble(const uint8_t *vectors, unsigned e) const {
    return int(word(vectors + e / 8 * 64) >> (e % 4 * 8 + e % 8 / 4 * 4) & 15);
  }
  int fifth(const uint8_t *vector, unsigned e) const { return int(word(vector) >> (e % 4 * 8 + e / 4) & 1) << 4; }
  int pair(const uint8_t *vector, unsigned e) const { return int(word(vector) >> (e % 4 * 8 + e / 4 * 2) & 3) << 4; }
};

float plusMinimum(float scale, int quant, float minimum) {
  float product = scale * float(quant);
  return product + minimum;
}

float element(LatheType type, const Lane &at, unsigned e) {
  switch (type) {
  case LATHE_Q4_0:
    return at.half(at.head) * float(at.nibble(at.body, e) - 8);
  case LATHE_Q4_1:
    return plusMinimum(at.half(at.head), at.nibble(at.body, e), at.half(at.head + 32));
  case LATHE_Q5_0:
    return at.half(at.head) * float((at.nibble(at.body + 64, e) | at.fifth(at.body, e)) - 16);
  case LATHE_Q5_1:
    return plusMinimum(at.half(at.head), at.nibble(at.body + 64, e) | at.fifth(at.body, e), at.half(at.head + 32));
  case LATHE_Q8_0:
    return at.half(at.head) * float(int8_t(at.word(at.body + e / 4 * 64) >> e % 4 * 8));
  case LATHE_INT4:
    return plusMinimum(__builtin_bit_cast(float, at.word(at.head)), at.nibble(at.body, e),
                       __builtin_bit_cast(float, at.word(at.head + 64)));
  case LATHE_Q4_K:
  case LATHE_Q5_K: {
    unsigned group = e / 32, i = e % 32, shift = group % 4 * 8;
    uint32_t a = at.word(at.head + 64), b = at.word(at.head + 128), c = at.word(at.head + 192);
    uint32_t scale = group < 4 ? a >> shift & 63 : (c >> shift & 15) | (a >> (shift + 6) & 3) << 4;
    uint32_t minimum = group < 4 ? b >> shift & 63 : (c >> (shift + 4) & 15) | (b >> (shift + 6) & 3) << 4;
    const uint8_t *vectors = at.body + group * (type == LATHE_Q5_K ? 320 : 256);
    int quant = type == LATHE_Q5_K ? at.nibble(vectors + 64, i) | at.fifth(vectors, i) : at.nibble(vectors, i);
    return plusMinimum(at.half(at.head) * float(scale), quant, -(at.half(at.head + 32) * float(minimum)));
  }
  case LATHE_Q6_K: {
    unsigned group = e / 32, i = e % 32;
    const uint8_t *vectors = at.body + group * 384;
    int quant = (at.nibble(vectors + 128, i) | at.pair(vectors + i / 16 * 64, i % 16)) - 32;
    int8_t scale = int8_t(at.word(at.head + 64 + e / 64 * 64) >> e / 16 % 4 * 8);
    return at.half(at.head) * float(scale) * float(quant);
  }
  default:
    return 0;
  }
}

} // namespace

Status unpackRow(const LatheWeight &weight, std::span<const std::byte> packed, uint64_t row, std::span<float> out) {
  LatheType type = LatheType(weight.type);
  auto bytes = packedBytes(type, LatheLayout(weight.layout), weight.rows, weight.columns, weight.interleave);
  if (!bytes || *bytes != packed.size() || row >= weight.rows || out.size() != weight.columns)
    return Status::failure("row " + std::to_string(row) + " of a packed weight of " + std::to_string(weight.rows) +
                           " x " + std::to_string(weight.columns) + " in " + std::to_string(packed.size()) + " bytes");
  const uint8_t *data = reinterpret_cast<const uint8_t *>(packed.data());
  if (weight.layout == LATHE_LAYOUT_PLAIN) {
    uint64_t size = *bytesOfRows(type, 1, weight.columns);
    return dequantize(type, std::span(data + row * size, size), out);
  }
  uint64_t half = weight.interleave == 2 ? weight.rows / 2 : weight.rows, inHalf = row % half;
  uint64_t group = weight.interleave == 2 ? inHalf / lanesOfGroup * 2 + row / half : row / lanesOfGroup;
  unsigned lane = unsigned(inHalf % lanesOfGroup);
  const uint8_t *base = data + group * (*bytes / groupCount(weight.rows, weight.interleave));
  if (!isBlockType(type)) {
    uint64_t size = bytesPerBlock(type);
    for (uint64_t k = 0; k < weight.columns; ++k)
      if (Status status = dequantize(type, std::span(base + (k * lanesOfGroup + lane) * size, size), out.subspan(k, 1));
          !status)
        return status;
    return Status::success();
  }
  uint32_t elements = elementsPerBlock(type);
  LaneBlock block = laneBlock(type);
  for (uint64_t k = 0; k < weight.columns; ++k) {
    uint64_t index = k / elements;
    Lane at{base + headOffset(block, index), base + bodyOffset(block, index), lane};
    out[k] = element(type, at, unsigned(k % elements));
  }
  return Status::success();
}

} // namespace lathe
