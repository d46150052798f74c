// Conversions of GGUF metadata values; see GgufFile.h.
#include "frontend/gguf/GgufFile.h"

#include <cstring>

namespace lathe {

namespace {

template <class T> T load(const uint8_t *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

std::optional<int64_t> integerAt(GgufType type, const uint8_t *bytes) {
  switch (type) {
  case GgufType::U8:
    return load<uint8_t>(bytes);
  case GgufType::I8:
    return load<int8_t>(bytes);
  case GgufType::U16:
    return load<uint16_t>(bytes);
  case GgufType::I16:
    return load<int16_t>(bytes);
  case GgufType::U32:
    return load<uint32_t>(bytes);
  case GgufType::I32:
    return load<int32_t>(bytes);
  case GgufType::I64:
    return load<int64_t>(bytes);
  case GgufType::U64: {
    uint64_t value = load<uint64_t>(bytes);
    return value <= INT64_MAX ? std::optional<int64_t>(static_cast<int64_t>(value)) : std::nullopt;
  }
  default:
    return std::nullopt;
  }
}

std::optional<double> numberAt(GgufType type, const uint8_t *bytes) {
  if (type == GgufType::F32)
    return load<float>(bytes);
  if (type == GgufType::F64)
    return load<double>(bytes);
  if (type == GgufType::U64)
    return static_cast<double>(load<uint64_t>(bytes));
  if (std::optional<int64_t> integer = integerAt(type, bytes))
    return static_cast<double>(*integer);
  return std::nullopt;
}

std::string_view textOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

} // namespace

const char *ggufTypeName(GgufType type) {
  static constexpr const char *names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                          "bool", "string", "array", "u64", "i64", "f64"};
  size_t index = static_cast<size_t>(type);
  return index < std::size(names) ? names[index] : "?";
}

std::optional<int64_t> GgufValue::integer() const {
  return isArray() || type_ == GgufType::String ? std::nullopt : integerAt(type_, bytes_.data());
}

std::optional<double> GgufValue::number() const {
  return isArray() || type_ == GgufType::String ? std::nullopt : numberAt(type_, bytes_.data());
}

std::optional<bool> GgufValue::boolean() const {
  return type_ == GgufType::Bool ? std::optional<bool>(bytes_[0] != 0) : std::nullopt;
}

std::optional<std::string_view> GgufValue::string() const {
  return type_ == GgufType::String ? std::optional(textOf(bytes_)) : std::nullopt;
}

std::optional<std::vector<int64_t>> GgufValue::integers() const {
  if (!isArray() || elementType_ == GgufType::String || elementType_ == GgufType::Array)
    return std::nullopt;
  size_t step = count_ ? bytes_.size() / count_ : 0;
  std::vector<int64_t> result;
  result.reserve(count_);
  for (uint64_t i = 0; i < count_; ++i) {
    std::optional<int64_t> value = integerAt(elementType_, bytes_.data() + i * step);
    if (!value)
      return std::nullopt;
    result.push_back(*value);
  }
  return result;
}

std::optional<std::vector<double>> GgufValue::numbers() const {
  if (!isArray() || elementType_ == GgufType::String || elementType_ == GgufType::Array ||
      elementType_ == GgufType::Bool)
    return std::nullopt;
  size_t step = count_ ? bytes_.size() / count_ : 0;
  std::vector<double> result;
  result.reserve(count_);
  for (uint64_t i = 0; i < count_; ++i)
    result.push_back(numberAt(elementType_, bytes_.data() + i * step).value_or(0.0));
  return result;
}

std::optional<std::vector<bool>> GgufValue::booleans() const {
  if (!isArray() || elementType_ != GgufType::Bool)
    return std::nullopt;
  std::vector<bool> result;
  for (uint8_t byte : bytes_)
    result.push_back(byte != 0);
  return result;
}

std::optional<std::vector<std::string_view>> GgufValue::strings() const {
  if (!isArray() || elementType_ != GgufType::String)
    return std::nullopt;
  std::vector<std::string_view> result;
  result.reserve(count_);
  // The lengths were checked when the file was read.
  std::span<const uint8_t> rest = bytes_;
  for (uint64_t i = 0; i < count_; ++i) {
    uint64_t length = load<uint64_t>(rest.data());
    result.push_back(textOf(rest.subspan(8, length)));
    rest = rest.subspan(8 + length);
  }
  return result;
}

} // namespace lathe
