// Storage, reading and rounding of the evaluator's tensors; see Tensor.h.
#include "ir/reference/Tensor.h"
#include "runtime/Dequantize.h"

#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

namespace lathe::reference {

namespace {

constexpr uint64_t maximumBytes = uint64_t(4) << 30;

template <class T> T load(const uint8_t *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

/// Element count and bytes of a tensor, or why there is no such tensor.
struct Extent {
  int64_t elements;
  uint64_t bytes;
};
Result<Extent> extentOf(LatheType type, std::span<const int64_t> shape) {
  uint64_t elements = 1;
  bool overflow = false, empty = false;
  for (int64_t size : shape) {
    if (size < 0)
      return Status::failure("shape " + shapeText(shape) + " has a negative size");
    empty |= size == 0;
    overflow |= size != 0 && __builtin_mul_overflow(elements, static_cast<uint64_t>(size), &elements);
  }
  uint64_t block = elementsPerBlock(type), bytes = 0;
  if (block > 1 && (shape.empty() || shape.back() % block != 0))
    return Status::failure("rows of " + std::to_string(shape.empty() ? 1 : shape.back()) +
                           " elements are not whole blocks of " + elementTypeName(type) + ", which have " +
                           std::to_string(block));
  if (empty)
    return Extent{0, 0};
  overflow |= __builtin_mul_overflow(elements / block, static_cast<uint64_t>(bytesPerBlock(type)), &bytes);
  if (overflow || elements > static_cast<uint64_t>(INT64_MAX))
    return Status::failure(std::string("a tensor ") + elementTypeName(type) + shapeText(shape) + " is too large");
  return Extent{static_cast<int64_t>(elements), bytes};
}

/// Rounds to `bits` fraction bits with exponents from `least`, halves to even.
double roundFraction(double value, int bits, int least) {
  int exponent = std::max(std::ilogb(value), least);
  return std::ldexp(std::nearbyint(std::ldexp(value, bits - exponent)), exponent - bits);
}

template <class To, class From> To convert(From value) {
  if constexpr (std::is_same_v<From, double> && std::is_integral_v<To>) {
    // Beyond the range it saturates; NaN gives 0.
    if (std::isnan(value))
      return 0;
    double low = static_cast<double>(std::numeric_limits<To>::min());
    double end = std::ldexp(1.0, std::numeric_limits<To>::digits);
    return value <= low   ? std::numeric_limits<To>::min()
           : value >= end ? std::numeric_limits<To>::max()
                          : static_cast<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

template <class T, class V> void readPlain(const uint8_t *bytes, int64_t count, V *out) {
  for (int64_t i = 0; i < count; ++i)
    out[i] = convert<V>(load<T>(bytes + i * sizeof(T)));
}

/// Calls f with a zero of the C++ type that holds a plain element; halves, bfloats and booleans are told apart by tags.
struct Half {};
struct Bfloat {};
struct Boolean {};
template <class F> void withPlainType(LatheType type, F f) {
  switch (type) {
  case LATHE_F32:
    return f(float());
  case LATHE_F16:
    return f(Half());
  case LATHE_BF16:
    return f(Bfloat());
  case LATHE_F64:
    return f(double());
  case LATHE_I8:
    return f(int8_t());
  case LATHE_I16:
    return f(int16_t());
  case LATHE_I32:
    return f(int32_t());
  case LATHE_I64:
    return f(int64_t());
  case LATHE_U8:
    return f(uint8_t());
  case LATHE_U16:
    return f(uint16_t());
  case LATHE_U32:
    return f(uint32_t());
  case LATHE_U64:
    return f(uint64_t());
  case LATHE_BOOL:
    return f(Boolean());
  default:
    assert(false && "a block type is no plain type");
  }
}

template <class T, class V> void storeAs(T, V value, uint8_t *out) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, Bfloat>) {
    double real = static_cast<double>(value);
    uint16_t bits = std::is_same_v<T, Half> ? doubleToHalf(real) : doubleToBfloat16(real);
    std::memcpy(out, &bits, 2);
  } else if constexpr (std::is_same_v<T, Boolean>) {
    *out = value != 0;
  } else {
    T element = convert<T>(value);
    std::memcpy(out, &element, sizeof(T));
  }
}

} // namespace

std::string shapeText(std::span<const int64_t> shape) {
  std::string text = "[";
  for (size_t axis = 0; axis < shape.size(); ++axis)
    text += (axis ? ", " : "") + std::to_string(shape[axis]);
  return text + "]";
}

Number numberOf(LatheType type) {
  if (type == LATHE_U64)
    return Number::Unsigned;
  bool isInteger = (type >= LATHE_I8 && type <= LATHE_BOOL) || (type >= LATHE_I4 && type <= LATHE_U2);
  return isInteger ? Number::Signed : Number::Real;
}

uint16_t doubleToHalf(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value))
    return sign | 0x7e00;
  double magnitude = std::fabs(value);
  if (magnitude != 0 && !std::isinf(magnitude))
    magnitude = roundFraction(magnitude, 10, -14);
  if (magnitude > 65504.0)
    return sign | 0x7c00;
  if (magnitude < 0x1p-14)
    return sign | static_cast<uint16_t>(magnitude * 0x1p24);
  int exponent = std::ilogb(magnitude);
  return sign | static_cast<uint16_t>((exponent + 14) * 1024 + std::ldexp(magnitude, 10 - exponent));
}

uint16_t doubleToBfloat16(double value) {
  if (std::isnan(value))
    return std::signbit(value) ? 0xffc0 : 0x7fc0;
  if (value != 0 && !std::isinf(value))
    value = roundFraction(value, 7, -126);
  // Exact but for overflow, which gives infinity.
  return static_cast<uint16_t>(__builtin_bit_cast(uint32_t, static_cast<float>(value)) >> 16);
}

uint8_t doubleToNarrow(LatheType type, double value) {
  struct Format {
    int exponentBits, fractionBits, bias, largest, overflow; // magnitudes: the largest number's, and what is above it
  };
  Format format{};
  switch (type) {
  case LATHE_F8E4M3FN:
    format = {4, 3, 7, 0x7e, 0x7f};
    break;
  case LATHE_F8E4M3FNUZ:
    format = {4, 3, 8, 0x7f, 0x80};
    break;
  case LATHE_F8E5M2:
    format = {5, 2, 15, 0x7b, 0x7c};
    break;
  case LATHE_F8E5M2FNUZ:
    format = {5, 2, 16, 0x7f, 0x80};
    break;
  case LATHE_F4E2M1:
    format = {2, 1, 1, 7, 7};
    break;
  default: { // F8E8M0: the nearest power of two, halves up
    if (!(value >= 0x1p-128) || value >= 0x1.8p127)
      return 0xff;
    int exponent = std::ilogb(value);
    return static_cast<uint8_t>(exponent + 127 + (value >= std::ldexp(1.5, exponent)));
  }
  }
  bool hasNegativeZero = format.overflow != 0x80;
  int sign = std::signbit(value) ? 1 << (format.exponentBits + format.fractionBits) : 0;
  if (std::isnan(value))
    return type == LATHE_F4E2M1
               ? 0
               : static_cast<uint8_t>(hasNegativeZero ? sign | (type == LATHE_F8E5M2 ? 0x7e : 0x7f) : 0x80);
  double magnitude = std::fabs(value);
  int code = format.largest + 1;
  if (!std::isinf(magnitude)) {
    int least = 1 - format.bias, exponent = magnitude == 0 ? least : std::max(std::ilogb(magnitude), least);
    double steps = std::nearbyint(std::ldexp(magnitude, format.fractionBits - exponent));
    if (exponent - least < (1 << format.exponentBits))
      code = ((exponent - least) << format.fractionBits) + static_cast<int>(steps);
  }
  if (code > format.largest)
    return static_cast<uint8_t>(format.overflow == 0x80 ? 0x80 : sign | format.overflow);
  return static_cast<uint8_t>(hasNegativeZero || code ? sign | code : code);
}

/// The low bits of a byte as one of the narrow integers, sign extended where it has a sign.
static uint8_t narrowInteger(LatheType type, uint8_t value) {
  uint8_t mask = type == LATHE_I4 || type == LATHE_U4 ? 15 : 3, low = value & mask;
  bool isSigned = type == LATHE_I4 || type == LATHE_I2;
  return isSigned && low > mask / 2 ? static_cast<uint8_t>(low | ~mask) : low;
}

template <class V> void store(LatheType type, V value, uint8_t *out) {
  if (type >= LATHE_I4 && type <= LATHE_U2)
    *out = narrowInteger(type, static_cast<uint8_t>(convert<int64_t>(value)));
  else if (isNarrowType(type))
    *out = doubleToNarrow(type, static_cast<double>(value));
  else
    withPlainType(type, [&](auto tag) { storeAs(tag, value, out); });
}

Result<Tensor> Tensor::zeros(LatheType type, std::vector<int64_t> shape) {
  Result<Extent> extent = extentOf(type, shape);
  if (!extent)
    return extent.status();
  if (extent->bytes > maximumBytes)
    return Status::failure(std::string("a tensor ") + elementTypeName(type) + shapeText(shape) +
                           " is too large; the evaluator computes at most 4 GiB in one");
  Tensor tensor;
  std::shared_ptr<uint8_t> bytes(static_cast<uint8_t *>(std::calloc(std::max<uint64_t>(extent->bytes, 1), 1)),
                                 std::free);
  if (!bytes)
    return Status::failure(std::string("no memory for a tensor ") + elementTypeName(type) + shapeText(shape));
  tensor.type_ = type;
  tensor.shape_ = std::move(shape);
  tensor.size_ = extent->elements;
  tensor.bytes_ = {bytes.get(), extent->bytes};
  tensor.owner_ = std::move(bytes);
  tensor.writable_ = true;
  return tensor;
}

Result<Tensor> Tensor::view(LatheType type, std::vector<int64_t> shape, std::span<const uint8_t> bytes,
                            std::shared_ptr<const void> owner) {
  Result<Extent> extent = extentOf(type, shape);
  if (!extent)
    return extent.status();
  if (extent->bytes != bytes.size())
    return Status::failure(std::string(elementTypeName(type)) + shapeText(shape) + " takes " +
                           std::to_string(extent->bytes) + " bytes, got " + std::to_string(bytes.size()));
  Tensor tensor;
  tensor.type_ = type;
  tensor.shape_ = std::move(shape);
  tensor.size_ = extent->elements;
  tensor.bytes_ = bytes;
  tensor.owner_ = std::move(owner);
  return tensor;
}

Result<Tensor> Tensor::ofBytes(LatheType type, std::vector<int64_t> shape, std::span<const uint8_t> bytes) {
  auto copy = std::make_shared<std::vector<uint8_t>>(bytes.begin(), bytes.end());
  return view(type, std::move(shape), *copy, copy);
}

Result<Tensor> Tensor::withShape(std::vector<int64_t> shape) const {
  return view(type_, std::move(shape), bytes_, owner_);
}

std::span<uint8_t> Tensor::mutableBytes() {
  if (!writable_ || owner_.use_count() > 1) {
    std::shared_ptr<uint8_t> copy(static_cast<uint8_t *>(std::malloc(std::max<size_t>(bytes_.size(), 1))), std::free);
    if (!bytes_.empty())
      std::memcpy(copy.get(), bytes_.data(), bytes_.size());
    bytes_ = {copy.get(), bytes_.size()};
    owner_ = std::move(copy);
    writable_ = true;
  }
  return {const_cast<uint8_t *>(bytes_.data()), bytes_.size()};
}

template <class V>
Result<Tensor> Tensor::ofValues(LatheType type, std::vector<int64_t> shape, std::span<const V> values) {
  if (isBlockType(type))
    return Status::failure(std::string("values are not rounded to blocks of ") + elementTypeName(type));
  Result<Tensor> tensor = zeros(type, std::move(shape));
  if (!tensor)
    return tensor;
  if (static_cast<int64_t>(values.size()) != tensor->size())
    return Status::failure(std::to_string(values.size()) + " values for " + tensor->describe());
  uint8_t *out = tensor->mutableBytes().data();
  size_t size = bytesPerBlock(type);
  if (isNarrowType(type)) {
    for (size_t i = 0; i < values.size(); ++i)
      store(type, values[i], out + i);
    return tensor;
  }
  withPlainType(type, [&](auto tag) {
    for (size_t i = 0; i < values.size(); ++i)
      storeAs(tag, values[i], out + i * size);
  });
  return tensor;
}

template <class V> void Tensor::read(int64_t first, int64_t count, V *out) const {
  assert(first >= 0 && count >= 0 && first <= size_ - count);
  if (count == 0)
    return;
  size_t block = elementsPerBlock(type_), size = bytesPerBlock(type_);
  std::span<const uint8_t> range = bytes_.subspan(first / block * size, count / block * size);
  if (isBlockType(type_) || isNarrowType(type_) || type_ == LATHE_F16 || type_ == LATHE_BF16) {
    std::vector<float> floats(count);
    Status status = dequantize(type_, range, floats);
    assert(status.ok());
    (void)status;
    for (int64_t i = 0; i < count; ++i)
      out[i] = convert<V>(static_cast<double>(floats[i]));
    return;
  }
  withPlainType(type_, [&](auto tag) {
    using T = decltype(tag);
    if constexpr (std::is_same_v<T, float>) {
      for (int64_t i = 0; i < count; ++i)
        out[i] = convert<V>(static_cast<double>(load<float>(range.data() + i * 4)));
    } else if constexpr (std::is_same_v<T, Boolean>) {
      for (int64_t i = 0; i < count; ++i)
        out[i] = range[i] != 0;
    } else if constexpr (std::is_arithmetic_v<T>) {
      readPlain<T>(range.data(), count, out);
    }
  });
}

std::string Tensor::describe() const { return elementTypeName(type_) + shapeText(shape_); }

template void store(LatheType, double, uint8_t *);
template void store(LatheType, int64_t, uint8_t *);
template void store(LatheType, uint64_t, uint8_t *);
template Result<Tensor> Tensor::ofValues(LatheType, std::vector<int64_t>, std::span<const double>);
template Result<Tensor> Tensor::ofValues(LatheType, std::vector<int64_t>, std::span<const int64_t>);
template Result<Tensor> Tensor::ofValues(LatheType, std::vector<int64_t>, std::span<const uint64_t>);
template void Tensor::read(int64_t, int64_t, double *) const;
template void Tensor::read(int64_t, int64_t, int64_t *) const;
template void Tensor::read(int64_t, int64_t, uint64_t *) const;

} // namespace lathe::reference
