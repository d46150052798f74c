// Decoding of plain and block element types to f32; see Dequantize.h.
#include "runtime/Dequantize.h"
#include "runtime/ElementType.h"

#include <cmath>
#include <cstring>
#include <limits>

// A fused multiply-add would round once where the formulas round twice.
#pragma STDC FP_CONTRACT OFF

namespace lathe {

float halfToFloat(uint16_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  uint32_t exponent = (bits >> 10) & 31;
  uint32_t fraction = bits & 0x3ff;
  if (exponent == 31) // infinity, NaN
    return __builtin_bit_cast(float, sign | 0x7f800000u | fraction << 13);
  if (exponent != 0)
    return __builtin_bit_cast(float, sign | (exponent + 112) << 23 | fraction << 13);
  float magnitude = static_cast<float>(fraction) * 0x1p-24f; // zero and subnormals
  return sign ? -magnitude : magnitude;
}

namespace {

template <class T> T load(const uint8_t *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

float loadHalf(const uint8_t *bytes) { return halfToFloat(load<uint16_t>(bytes)); }

template <class T> void decodePlain(const uint8_t *bytes, std::span<float> out) {
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>(load<T>(bytes + i * sizeof(T)));
}

// The nibbles of 16 bytes: the low ones are elements 0..15, the high ones 16..31.
int nibble(const uint8_t *quants, int i) { return i < 16 ? quants[i] & 15 : quants[i - 16] >> 4; }

// Q4_0: scale f16, 16 bytes of nibbles. x = d * (q - 8)
void decodeQ4_0(const uint8_t *block, float *out) {
  float d = loadHalf(block);
  for (int i = 0; i < 32; ++i)
    out[i] = d * static_cast<float>(nibble(block + 2, i) - 8);
}

// Q4_1: scale f16, minimum f16, 16 bytes of nibbles. x = d * q + m
void decodeQ4_1(const uint8_t *block, float *out) {
  float d = loadHalf(block), m = loadHalf(block + 2);
  for (int i = 0; i < 32; ++i) {
    float product = d * static_cast<float>(nibble(block + 4, i));
    out[i] = product + m;
  }
}

// Q5_0: scale f16, 32 fifth bits, 16 bytes of nibbles. x = d * (q - 16)
void decodeQ5_0(const uint8_t *block, float *out) {
  float d = loadHalf(block);
  uint32_t high = load<uint32_t>(block + 2);
  for (int i = 0; i < 32; ++i)
    out[i] = d * static_cast<float>((nibble(block + 6, i) | static_cast<int>(high >> i & 1) << 4) - 16);
}

// Q5_1: scale f16, minimum f16, 32 fifth bits, 16 bytes of nibbles. x = d * q + m
void decodeQ5_1(const uint8_t *block, float *out) {
  float d = loadHalf(block), m = loadHalf(block + 2);
  uint32_t high = load<uint32_t>(block + 4);
  for (int i = 0; i < 32; ++i) {
    float product = d * static_cast<float>(nibble(block + 8, i) | static_cast<int>(high >> i & 1) << 4);
    out[i] = product + m;
  }
}

// Q8_0: scale f16, 32 int8. x = d * q
void decodeQ8_0(const uint8_t *block, float *out) {
  float d = loadHalf(block);
  for (int i = 0; i < 32; ++i)
    out[i] = d * static_cast<float>(static_cast<int8_t>(block[2 + i]));
}

// 8 scales and 8 minima of 6 bits in 12 bytes: bytes 0..3 hold scales 0..3 in their low bits, bytes 4..7 minima 0..3;
// scales and minima 4..7 have their low 4 bits in bytes 8..11 and their high 2 bits atop bytes 0..7.
struct ScaleAndMinimum {
  int scale, minimum;
};
ScaleAndMinimum unpackScale(const uint8_t *packed, int group) {
  if (group < 4)
    return {packed[group] & 63, packed[group + 4] & 63};
  int low = packed[group + 4];
  return {(low & 15) | (packed[group - 4] >> 6) << 4, (low >> 4) | (packed[group] >> 6) << 4};
}

// Q4_K: scale f16, scale of minima f16, 12 bytes of scales, 128 bytes of nibbles: 32 bytes hold groups 2p (low) and
// 2p+1. x = (d * scale) * q - (dmin * minimum)
void decodeQ4_K(const uint8_t *block, float *out) {
  float d = loadHalf(block), dmin = loadHalf(block + 2);
  for (int group = 0; group < 8; ++group) {
    ScaleAndMinimum packed = unpackScale(block + 4, group);
    float scale = d * static_cast<float>(packed.scale), minimum = dmin * static_cast<float>(packed.minimum);
    const uint8_t *quants = block + 16 + group / 2 * 32;
    for (int i = 0; i < 32; ++i) {
      float product = scale * static_cast<float>(group % 2 ? quants[i] >> 4 : quants[i] & 15);
      out[group * 32 + i] = product - minimum;
    }
  }
}

// Q5_K: as Q4_K with 32 bytes of fifth bits (bit g of byte i: element i of group g) before the nibbles.
void decodeQ5_K(const uint8_t *block, float *out) {
  float d = loadHalf(block), dmin = loadHalf(block + 2);
  const uint8_t *high = block + 16;
  for (int group = 0; group < 8; ++group) {
    ScaleAndMinimum packed = unpackScale(block + 4, group);
    float scale = d * static_cast<float>(packed.scale), minimum = dmin * static_cast<float>(packed.minimum);
    const uint8_t *quants = block + 48 + group / 2 * 32;
    for (int i = 0; i < 32; ++i) {
      int low = group % 2 ? quants[i] >> 4 : quants[i] & 15;
      float product = scale * static_cast<float>(low | (high[i] >> group & 1) << 4);
      out[group * 32 + i] = product - minimum;
    }
  }
}

// Q6_K: 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 int8 scales (one for 16 elements), scale f16. In each
// half of 128 elements, quarter k (32 elements) has its nibbles in bytes 32*(k%2).. (low for k < 2) and its pairs at
// bit 2k. x = (d * scale) * (q - 32)
void decodeQ6_K(const uint8_t *block, float *out) {
  float d = loadHalf(block + 208);
  for (int element = 0; element < 256; ++element) {
    int half = element / 128, quarter = element / 32 % 4, i = element % 32;
    uint8_t low = block[half * 64 + quarter % 2 * 32 + i];
    uint8_t pairs = block[128 + half * 32 + i];
    int quant = ((quarter < 2 ? low & 15 : low >> 4) | (pairs >> 2 * quarter & 3) << 4) - 32;
    float scale = d * static_cast<float>(static_cast<int8_t>(block[192 + element / 16]));
    out[element] = scale * static_cast<float>(quant);
  }
}

// INT4: scale f32, minimum f32, 16 bytes of nibbles. x = scale * q + minimum
void decodeInt4(const uint8_t *block, float *out) {
  float scale = load<float>(block), minimum = load<float>(block + 4);
  for (int i = 0; i < 32; ++i) {
    float product = scale * static_cast<float>(nibble(block + 8, i));
    out[i] = product + minimum;
  }
}

template <void (*Decode)(const uint8_t *, float *)>
void decodeBlocks(LatheType type, const uint8_t *bytes, std::span<float> out) {
  size_t elements = elementsPerBlock(type), size = bytesPerBlock(type);
  for (size_t block = 0; block < out.size() / elements; ++block)
    Decode(bytes + block * size, out.data() + block * elements);
}

} // namespace

float narrowToFloat(LatheType type, uint8_t bits) {
  int exponentBits = 0, fractionBits = 0, bias = 0;
  switch (type) {
  case LATHE_I4:
    return static_cast<float>((bits & 15) - (bits & 8) * 2);
  case LATHE_U4:
    return static_cast<float>(bits & 15);
  case LATHE_I2:
    return static_cast<float>((bits & 3) - (bits & 2) * 2);
  case LATHE_U2:
    return static_cast<float>(bits & 3);
  case LATHE_F8E8M0:
    return bits == 255 ? std::numeric_limits<float>::quiet_NaN() : std::ldexp(1.0f, bits - 127);
  case LATHE_F8E4M3FN:
    exponentBits = 4, fractionBits = 3, bias = 7;
    break;
  case LATHE_F8E4M3FNUZ:
    exponentBits = 4, fractionBits = 3, bias = 8;
    break;
  case LATHE_F8E5M2:
    exponentBits = 5, fractionBits = 2, bias = 15;
    break;
  case LATHE_F8E5M2FNUZ:
    exponentBits = 5, fractionBits = 2, bias = 16;
    break;
  case LATHE_F4E2M1:
    exponentBits = 2, fractionBits = 1, bias = 1;
    break;
  default:
    return 0;
  }
  int sign = bits >> (exponentBits + fractionBits) & 1, magnitude = bits & ((1 << (exponentBits + fractionBits)) - 1);
  if ((type == LATHE_F8E4M3FNUZ || type == LATHE_F8E5M2FNUZ) && sign && magnitude == 0)
    return std::numeric_limits<float>::quiet_NaN();
  if ((type == LATHE_F8E4M3FN && magnitude == 0x7f) || (type == LATHE_F8E5M2 && magnitude > 0x7c))
    return std::copysign(std::numeric_limits<float>::quiet_NaN(), sign ? -1.0f : 1.0f);
  if (type == LATHE_F8E5M2 && magnitude == 0x7c)
    return sign ? -std::numeric_limits<float>::infinity() : std::numeric_limits<float>::infinity();
  int exponent = magnitude >> fractionBits, fraction = magnitude & ((1 << fractionBits) - 1);
  float value = exponent
                    ? std::ldexp(static_cast<float>((1 << fractionBits) + fraction), exponent - bias - fractionBits)
                    : std::ldexp(static_cast<float>(fraction), 1 - bias - fractionBits);
  return sign ? -value : value;
}

Status dequantize(LatheType type, std::span<const uint8_t> bytes, std::span<float> out) {
  if (!isElementType(type))
    return Status::failure("unknown element type " + std::to_string(static_cast<int64_t>(type)));
  if (out.size() % elementsPerBlock(type) != 0)
    return Status::failure(std::to_string(out.size()) + " elements are not whole blocks of " + elementTypeName(type) +
                           ", which have " + std::to_string(elementsPerBlock(type)));
  // bytes.size() is bounded by memory, so this form cannot overflow.
  uint64_t blocks = out.size() / elementsPerBlock(type);
  if (bytes.size() % bytesPerBlock(type) != 0 || bytes.size() / bytesPerBlock(type) != blocks)
    return Status::failure(std::to_string(bytes.size()) + " bytes given for " + std::to_string(out.size()) +
                           " elements of " + elementTypeName(type) + ", which take " +
                           std::to_string(blocks * bytesPerBlock(type)));
  const uint8_t *data = bytes.data();
  switch (type) {
  case LATHE_F32:
    // Not through a float register: signalling NaNs keep their bits.
    if (!out.empty())
      std::memcpy(out.data(), data, bytes.size());
    break;
  case LATHE_F16:
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = loadHalf(data + 2 * i);
    break;
  case LATHE_BF16:
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = bfloat16ToFloat(load<uint16_t>(data + 2 * i));
    break;
  case LATHE_BOOL:
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = data[i] ? 1.0f : 0.0f;
    break;
  case LATHE_F64:
    decodePlain<double>(data, out);
    break;
  case LATHE_I8:
    decodePlain<int8_t>(data, out);
    break;
  case LATHE_I16:
    decodePlain<int16_t>(data, out);
    break;
  case LATHE_I32:
    decodePlain<int32_t>(data, out);
    break;
  case LATHE_I64:
    decodePlain<int64_t>(data, out);
    break;
  case LATHE_U8:
    decodePlain<uint8_t>(data, out);
    break;
  case LATHE_U16:
    decodePlain<uint16_t>(data, out);
    break;
  case LATHE_U32:
    decodePlain<uint32_t>(data, out);
    break;
  case LATHE_U64:
    decodePlain<uint64_t>(data, out);
    break;
  case LATHE_F8E4M3FN:
  case LATHE_F8E4M3FNUZ:
  case LATHE_F8E5M2:
  case LATHE_F8E5M2FNUZ:
  case LATHE_F8E8M0:
  case LATHE_F4E2M1:
  case LATHE_I4:
  case LATHE_U4:
  case LATHE_I2:
  case LATHE_U2:
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = narrowToFloat(type, data[i]);
    break;
  case LATHE_Q4_0:
    decodeBlocks<decodeQ4_0>(type, data, out);
    break;
  case LATHE_Q4_1:
    decodeBlocks<decodeQ4_1>(type, data, out);
    break;
  case LATHE_Q5_0:
    decodeBlocks<decodeQ5_0>(type, data, out);
    break;
  case LATHE_Q5_1:
    decodeBlocks<decodeQ5_1>(type, data, out);
    break;
  case LATHE_Q8_0:
    decodeBlocks<decodeQ8_0>(type, data, out);
    break;
  case LATHE_Q4_K:
    decodeBlocks<decodeQ4_K>(type, data, out);
    break;
  case LATHE_Q5_K:
    decodeBlocks<decodeQ5_K>(type, data, out);
    break;
  case LATHE_Q6_K:
    decodeBlocks<decodeQ6_K>(type, data, out);
    break;
  case LATHE_INT4:
    decodeBlocks<decodeInt4>(type, data, out);
    break;
  }
  return Status::success();
}

} // namespace lathe
