// A GGUF file (version 2 or 3, little endian): metadata as typed values and tensors as a weight table. Every count,
// length and offset is checked against the file before it is used, so that a damaged file gives a message and nothing
// else. Relies on WeightTable. Source: ggml-org/ggml docs/gguf.md.
#pragma once

#include "frontend/files/WeightTable.h"

#include <unordered_map>

namespace lathe {

/// The numbers are those of the file.
enum class GgufType : uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

/// "u32", "string", ...
const char *ggufTypeName(GgufType type);

/// One metadata value: a view into the mapped file, valid while the GgufFile lives.
class GgufValue {
public:
  GgufType type() const { return type_; }
  bool isArray() const { return type_ == GgufType::Array; }
  /// Arrays: the type of the elements and their number.
  GgufType elementType() const { return elementType_; }
  uint64_t size() const { return count_; }

  /// The value as the type asked for, or nothing when it is of another kind. Integers of any width are integers when
  /// they fit int64; floats are not integers. Integers are numbers.
  std::optional<int64_t> integer() const;
  std::optional<double> number() const;
  std::optional<bool> boolean() const;
  std::optional<std::string_view> string() const;
  /// The elements of an array of such values, or nothing when it is none.
  std::optional<std::vector<int64_t>> integers() const;
  std::optional<std::vector<double>> numbers() const;
  std::optional<std::vector<bool>> booleans() const;
  std::optional<std::vector<std::string_view>> strings() const;

private:
  friend class GgufReader;
  GgufType type_ = GgufType::U8, elementType_ = GgufType::U8;
  uint64_t count_ = 0;             // elements of an array
  std::span<const uint8_t> bytes_; // the value, of an array its elements, of a string its characters
};

class GgufFile {
public:
  static Result<GgufFile> open(const std::string &path);
  /// Reads bytes that are mapped or in memory already; `file` must not be null.
  static Result<GgufFile> read(std::shared_ptr<const MappedFile> file);

  const std::string &path() const { return file_->path(); }
  uint32_t version() const { return version_; }
  /// Null when the key is not there.
  const GgufValue *find(std::string_view key) const;
  /// In the order of the file.
  const std::vector<std::pair<std::string_view, GgufValue>> &metadata() const { return metadata_; }
  /// The string of a key, or nothing when it is not there or no string.
  std::optional<std::string_view> string(std::string_view key) const;
  std::optional<int64_t> integer(std::string_view key) const;

  const WeightTable &weights() const { return weights_; }
  WeightTable takeWeights() { return std::move(weights_); }

private:
  friend class GgufReader;
  GgufFile() = default;

  std::shared_ptr<const MappedFile> file_;
  uint32_t version_ = 0;
  std::vector<std::pair<std::string_view, GgufValue>> metadata_;
  std::unordered_map<std::string_view, size_t> index_;
  WeightTable weights_;
};

} // namespace lathe
