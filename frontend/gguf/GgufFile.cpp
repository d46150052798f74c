// Reading and checking of GGUF files; see GgufFile.h.
#include "frontend/gguf/GgufFile.h"
#include "frontend/files/Quoted.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace lathe {

namespace {

constexpr unsigned maximalNesting = 8;
constexpr uint32_t maximalRank = 4;

/// Bytes of a value of fixed size, 0 for strings and arrays.
uint64_t bytesOfValue(GgufType type) {
  switch (type) {
  case GgufType::U8:
  case GgufType::I8:
  case GgufType::Bool:
    return 1;
  case GgufType::U16:
  case GgufType::I16:
    return 2;
  case GgufType::U32:
  case GgufType::I32:
  case GgufType::F32:
    return 4;
  case GgufType::U64:
  case GgufType::I64:
  case GgufType::F64:
    return 8;
  case GgufType::String:
  case GgufType::Array:
    return 0;
  }
  return 0;
}

struct TensorType {
  uint32_t number;
  const char *name;
  std::optional<LatheType> type; // nothing: known, but not supported
};
// GGML's numbers; 4, 5 and 31 to 33 are no longer in use.
constexpr TensorType tensorTypes[] = {
    {0, "F32", LATHE_F32},        {1, "F16", LATHE_F16},         {2, "Q4_0", LATHE_Q4_0},
    {3, "Q4_1", LATHE_Q4_1},      {6, "Q5_0", LATHE_Q5_0},       {7, "Q5_1", LATHE_Q5_1},
    {8, "Q8_0", LATHE_Q8_0},      {9, "Q8_1", std::nullopt},     {10, "Q2_K", std::nullopt},
    {11, "Q3_K", std::nullopt},   {12, "Q4_K", LATHE_Q4_K},      {13, "Q5_K", LATHE_Q5_K},
    {14, "Q6_K", LATHE_Q6_K},     {15, "Q8_K", std::nullopt},    {16, "IQ2_XXS", std::nullopt},
    {17, "IQ2_XS", std::nullopt}, {18, "IQ3_XXS", std::nullopt}, {19, "IQ1_S", std::nullopt},
    {20, "IQ4_NL", std::nullopt}, {21, "IQ3_S", std::nullopt},   {22, "IQ2_S", std::nullopt},
    {23, "IQ4_XS", std::nullopt}, {24, "I8", std::nullopt},      {25, "I16", std::nullopt},
    {26, "I32", std::nullopt},    {27, "I64", std::nullopt},     {28, "F64", std::nullopt},
    {29, "IQ1_M", std::nullopt},  {30, "BF16", LATHE_BF16},      {34, "TQ1_0", std::nullopt},
    {35, "TQ2_0", std::nullopt},  {39, "MXFP4", std::nullopt},   {40, "NVFP4", std::nullopt}};

std::string number(uint64_t value) { return std::to_string(value); }

} // namespace

/// Walks the bytes of a file once.
class GgufReader {
public:
  explicit GgufReader(std::shared_ptr<const MappedFile> file) : bytes_(file->bytes()) {
    result_.file_ = std::move(file);
  }

  Result<GgufFile> read() {
    Status status = readHeader();
    for (uint64_t i = 0; status && i < keyCount_; ++i)
      status = readPair();
    if (status)
      status = checkMetadata();
    if (status)
      status = readTensors();
    if (!status)
      return status;
    return std::move(result_);
  }

private:
  struct TensorInfo {
    Weight weight;
    uint64_t offset;
  };

  uint64_t left() const { return bytes_.size() - position_; }
  Status fail(const std::string &message) const { return Status::failure(result_.path() + ": " + message); }
  Status cutOff(const std::string &what) const {
    return fail(what + " at offset " + number(position_) + " does not fit into the file of " + number(bytes_.size()) +
                " bytes; it is cut off or damaged");
  }

  template <class T> bool take(T &value) {
    if (left() < sizeof value)
      return false;
    std::memcpy(&value, bytes_.data() + position_, sizeof value);
    position_ += sizeof value;
    return true;
  }
  bool takeString(std::string_view &text) {
    uint64_t length;
    if (!take(length) || length > left())
      return false;
    text = {reinterpret_cast<const char *>(bytes_.data()) + position_, static_cast<size_t>(length)};
    position_ += length;
    return true;
  }

  Status readHeader();
  Status readPair();
  Status readValue(std::string_view key, GgufType type, GgufValue &value);
  Status readElements(std::string_view key, GgufValue &value, unsigned depth);
  Status checkMetadata();
  Status readTensors();
  Status readTensor(TensorInfo &info);
  Status failTypes() const;

  GgufFile result_;
  std::span<const uint8_t> bytes_;
  uint64_t position_ = 0;
  uint64_t keyCount_ = 0, tensorCount_ = 0, alignment_ = 32;
  std::map<std::string, uint64_t> unsupported_; // tensors of each type that is not supported
  std::string firstUnsupported_;
};

Status GgufReader::readHeader() {
  if (bytes_.size() < 4 || std::memcmp(bytes_.data(), "GGUF", 4) != 0)
    return fail("is not a GGUF file: it does not begin with 'GGUF'");
  position_ = 4;
  if (!take(result_.version_))
    return cutOff("the header");
  if (result_.version_ != 2 && result_.version_ != 3) {
    uint32_t swapped = __builtin_bswap32(result_.version_);
    if (swapped == 2 || swapped == 3)
      return fail("is a big-endian GGUF file; convert it to little endian");
    return fail("has GGUF version " + number(result_.version_) + "; supported: 2, 3");
  }
  if (!take(tensorCount_) || !take(keyCount_))
    return cutOff("the header");
  // The smallest key with its value takes 13 bytes, the smallest description of a tensor 24.
  if (keyCount_ > left() / 13)
    return fail("claims " + number(keyCount_) + " metadata keys in " + number(bytes_.size()) + " bytes; it is damaged");
  if (tensorCount_ > left() / 24)
    return fail("claims " + number(tensorCount_) + " tensors in " + number(bytes_.size()) + " bytes; it is damaged");
  return Status::success();
}

Status GgufReader::readPair() {
  std::string_view key;
  uint32_t type;
  if (!takeString(key) || !take(type))
    return cutOff("metadata key " + number(result_.metadata_.size()));
  if (type > static_cast<uint32_t>(GgufType::F64))
    return fail("metadata key " + quoted(key) + " has the unknown type " + number(type));
  GgufValue value;
  if (Status status = readValue(key, static_cast<GgufType>(type), value); !status)
    return status;
  if (!result_.index_.emplace(key, result_.metadata_.size()).second)
    return fail("metadata key " + quoted(key) + " appears twice");
  result_.metadata_.emplace_back(key, value);
  return Status::success();
}

Status GgufReader::readValue(std::string_view key, GgufType type, GgufValue &value) {
  value.type_ = type;
  if (type == GgufType::Array)
    return readElements(key, value, 1);
  if (type == GgufType::String) {
    std::string_view text;
    if (!takeString(text))
      return cutOff("the string of metadata key " + quoted(key));
    value.bytes_ = {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
    return Status::success();
  }
  uint64_t size = bytesOfValue(type);
  if (left() < size)
    return cutOff("the value of metadata key " + quoted(key));
  value.bytes_ = bytes_.subspan(position_, size);
  position_ += size;
  return Status::success();
}

/// The element type, the count and the elements of an array.
Status GgufReader::readElements(std::string_view key, GgufValue &value, unsigned depth) {
  if (depth > maximalNesting)
    return fail("metadata key " + quoted(key) + " nests arrays more than " + number(maximalNesting) + " deep");
  uint32_t type;
  if (!take(type) || !take(value.count_))
    return cutOff("the array of metadata key " + quoted(key));
  if (type > static_cast<uint32_t>(GgufType::F64))
    return fail("metadata key " + quoted(key) + " is an array of the unknown type " + number(type));
  value.elementType_ = static_cast<GgufType>(type);
  uint64_t size = bytesOfValue(value.elementType_), begin = position_;
  uint64_t smallest = value.elementType_ == GgufType::Array ? 12 : value.elementType_ == GgufType::String ? 8 : size;
  if (value.count_ > left() / smallest)
    return fail("metadata key " + quoted(key) + " claims " + number(value.count_) + " elements of type " +
                ggufTypeName(value.elementType_) + " where " + number(left()) +
                " bytes are left; the file is cut off or damaged");
  if (size) {
    position_ += size * value.count_;
  } else {
    for (uint64_t i = 0; i < value.count_; ++i) {
      std::string_view text;
      GgufValue inner;
      if (value.elementType_ == GgufType::Array) {
        if (Status status = readElements(key, inner, depth + 1); !status)
          return status;
      } else if (!takeString(text)) {
        return cutOff("element " + number(i) + " of metadata key " + quoted(key));
      }
    }
  }
  value.bytes_ = bytes_.subspan(begin, position_ - begin);
  return Status::success();
}

Status GgufReader::checkMetadata() {
  if (const GgufValue *value = result_.find("general.alignment")) {
    std::optional<int64_t> alignment = value->integer();
    if (!alignment || *alignment <= 0 || *alignment > (1 << 30) || (*alignment & (*alignment - 1)) != 0)
      return fail("'general.alignment' is not a power of two" + (alignment ? ": " + std::to_string(*alignment) : ""));
    alignment_ = static_cast<uint64_t>(*alignment);
  }
  if (std::optional<int64_t> parts = result_.integer("split.count"); parts && *parts > 1)
    return fail("is one of " + std::to_string(*parts) +
                " parts of a model; join them with 'llama-gguf-split --merge' first");
  return Status::success();
}

Status GgufReader::readTensor(TensorInfo &info) {
  std::string_view name;
  uint32_t rank, type;
  if (!takeString(name) || !take(rank))
    return cutOff("the description of a tensor");
  std::string tensor = "tensor " + quoted(name);
  if (rank < 1 || rank > maximalRank)
    return fail(tensor + " has " + number(rank) + " dimensions; supported: 1 to " + number(maximalRank));
  info.weight.name = name;
  info.weight.shape.resize(rank);
  for (uint32_t axis = 0; axis < rank; ++axis) {
    uint64_t size;
    if (!take(size))
      return cutOff("the shape of " + tensor);
    if (size > INT64_MAX)
      return fail(tensor + " has a dimension of " + number(size) + " elements, which is too large");
    info.weight.shape[rank - 1 - axis] = static_cast<int64_t>(size); // the file has the innermost first
  }
  if (!take(type) || !take(info.offset))
    return cutOff("the description of " + tensor);
  const TensorType *known = std::find_if(std::begin(tensorTypes), std::end(tensorTypes),
                                         [&](const TensorType &entry) { return entry.number == type; });
  if (known == std::end(tensorTypes) || !known->type) {
    ++unsupported_[known == std::end(tensorTypes) ? number(type) : known->name];
    if (firstUnsupported_.empty())
      firstUnsupported_ = tensor;
    return Status::success();
  }
  info.weight.type = *known->type;
  Result<uint64_t> bytes = bytesOf(info.weight.type, info.weight.shape);
  if (!bytes)
    return fail(tensor + " " + bytes.message());
  info.weight.bytes = *bytes;
  if (info.offset % alignment_ != 0)
    return fail(tensor + " lies at offset " + number(info.offset) + ", which is not a multiple of the alignment " +
                number(alignment_));
  return Status::success();
}

/// All types that are not supported.
Status GgufReader::failTypes() const {
  std::string supported, types;
  uint64_t count = 0;
  for (const TensorType &entry : tensorTypes)
    if (entry.type)
      supported += (supported.empty() ? "" : ", ") + std::string(entry.name);
  for (const auto &[name, number] : unsupported_)
    types += (types.empty() ? "" : ", ") + name, count += number;
  std::string more = count == 1 ? "" : " and " + number(count - 1) + (count == 2 ? " more tensor" : " more tensors");
  return fail(firstUnsupported_ + more + (count == 1 ? " has type " : " have types ") + types +
              ", which " + (unsupported_.size() == 1 ? "is" : "are") + " not supported; supported: " + supported);
}

Status GgufReader::readTensors() {
  std::vector<TensorInfo> infos;
  for (uint64_t i = 0; i < tensorCount_; ++i)
    if (Status status = readTensor(infos.emplace_back()); !status)
      return status;
  if (!unsupported_.empty())
    return failTypes();
  // Both terms are below 2^63: a position in the file, and an alignment of at most 2^30.
  uint64_t begin = (position_ + alignment_ - 1) / alignment_ * alignment_;
  for (TensorInfo &info : infos) {
    if (info.offset > bytes_.size())
      return fail("tensor " + quoted(info.weight.name) + " lies at offset " + number(info.offset) +
                  " of the data, but the file has " + number(bytes_.size()) + " bytes; it is cut off or damaged");
    info.weight.offset = begin + info.offset;
    info.weight.file = result_.file_;
    if (Status status = result_.weights_.add(std::move(info.weight)); !status)
      return status;
  }
  return Status::success();
}

Result<GgufFile> GgufFile::open(const std::string &path) {
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  return file ? read(std::move(*file)) : Result<GgufFile>(file.status());
}

Result<GgufFile> GgufFile::read(std::shared_ptr<const MappedFile> file) { return GgufReader(std::move(file)).read(); }

const GgufValue *GgufFile::find(std::string_view key) const {
  auto found = index_.find(key);
  return found == index_.end() ? nullptr : &metadata_[found->second].second;
}

std::optional<std::string_view> GgufFile::string(std::string_view key) const {
  const GgufValue *value = find(key);
  return value ? value->string() : std::nullopt;
}

std::optional<int64_t> GgufFile::integer(std::string_view key) const {
  const GgufValue *value = find(key);
  return value ? value->integer() : std::nullopt;
}

} // namespace lathe
