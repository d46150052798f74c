// See OnnxTensors.h.
#include "frontend/onnx/OnnxTensors.h"
#include "frontend/files/Quoted.h"

#include "onnx-ml.pb.h"

#include <charconv>
#include <cstring>

namespace lathe {

std::optional<LatheType> typeOfOnnx(int32_t dataType) {
  switch (dataType) {
  case onnx::TensorProto::FLOAT:
    return LATHE_F32;
  case onnx::TensorProto::FLOAT16:
    return LATHE_F16;
  case onnx::TensorProto::BFLOAT16:
    return LATHE_BF16;
  case onnx::TensorProto::DOUBLE:
    return LATHE_F64;
  case onnx::TensorProto::FLOAT8E4M3FN:
    return LATHE_F8E4M3FN;
  case onnx::TensorProto::FLOAT8E4M3FNUZ:
    return LATHE_F8E4M3FNUZ;
  case onnx::TensorProto::FLOAT8E5M2:
    return LATHE_F8E5M2;
  case onnx::TensorProto::FLOAT8E5M2FNUZ:
    return LATHE_F8E5M2FNUZ;
  case onnx::TensorProto::FLOAT8E8M0:
    return LATHE_F8E8M0;
  case onnx::TensorProto::FLOAT4E2M1:
    return LATHE_F4E2M1;
  case onnx::TensorProto::INT4:
    return LATHE_I4;
  case onnx::TensorProto::UINT4:
    return LATHE_U4;
  case onnx::TensorProto::INT2:
    return LATHE_I2;
  case onnx::TensorProto::UINT2:
    return LATHE_U2;
  case onnx::TensorProto::INT8:
    return LATHE_I8;
  case onnx::TensorProto::INT16:
    return LATHE_I16;
  case onnx::TensorProto::INT32:
    return LATHE_I32;
  case onnx::TensorProto::INT64:
    return LATHE_I64;
  case onnx::TensorProto::UINT8:
    return LATHE_U8;
  case onnx::TensorProto::UINT16:
    return LATHE_U16;
  case onnx::TensorProto::UINT32:
    return LATHE_U32;
  case onnx::TensorProto::UINT64:
    return LATHE_U64;
  case onnx::TensorProto::BOOL:
    return LATHE_BOOL;
  default:
    return std::nullopt;
  }
}

std::string onnxTypeName(int32_t dataType) {
  const std::string &name = onnx::TensorProto::DataType_IsValid(dataType)
                                ? onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(dataType))
                                : std::to_string(dataType);
  return name;
}

namespace {

/// Elements that lie together in a byte, the first in the low bits.
unsigned elementsPerByte(LatheType type) {
  switch (type) {
  case LATHE_F4E2M1:
  case LATHE_I4:
  case LATHE_U4:
    return 2;
  case LATHE_I2:
  case LATHE_U2:
    return 4;
  default:
    return 1;
  }
}

/// A byte an element, with its sign where it has one.
std::vector<uint8_t> widen(std::span<const uint8_t> packed, uint64_t count, LatheType type) {
  unsigned each = elementsPerByte(type), bits = 8 / each, mask = (1u << bits) - 1;
  bool isSigned = type == LATHE_I4 || type == LATHE_I2;
  std::vector<uint8_t> bytes(count);
  for (uint64_t i = 0; i < count; ++i) {
    unsigned low = packed[i / each] >> (i % each * bits) & mask;
    bytes[i] = static_cast<uint8_t>(isSigned && low > mask / 2 ? low | ~mask : low);
  }
  return bytes;
}

/// Appends each value as a T; false when there are not `count` of them.
template <class T, class Values> bool append(std::vector<uint8_t> &bytes, const Values &values, uint64_t count) {
  if (static_cast<uint64_t>(values.size()) != count)
    return false;
  bytes.resize(count * sizeof(T));
  for (uint64_t i = 0; i < count; ++i) {
    T value = static_cast<T>(values[static_cast<int>(i)]);
    std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
  return true;
}

/// The elements that lie in the typed fields (float_data and the like); false when their number is not `count`.
bool typedFields(const onnx::TensorProto &tensor, uint64_t count, std::vector<uint8_t> &bytes) {
  switch (tensor.data_type()) {
  case onnx::TensorProto::FLOAT:
    return append<float>(bytes, tensor.float_data(), count);
  case onnx::TensorProto::DOUBLE:
    return append<double>(bytes, tensor.double_data(), count);
  case onnx::TensorProto::INT64:
    return append<int64_t>(bytes, tensor.int64_data(), count);
  case onnx::TensorProto::UINT64:
    return append<uint64_t>(bytes, tensor.uint64_data(), count);
  case onnx::TensorProto::UINT32:
    return append<uint32_t>(bytes, tensor.uint64_data(), count);
  case onnx::TensorProto::INT32:
    return append<int32_t>(bytes, tensor.int32_data(), count);
  case onnx::TensorProto::INT16:
  case onnx::TensorProto::UINT16:
  case onnx::TensorProto::FLOAT16:
  case onnx::TensorProto::BFLOAT16:
    return append<uint16_t>(bytes, tensor.int32_data(), count);
  case onnx::TensorProto::BOOL:
  case onnx::TensorProto::INT8:
  case onnx::TensorProto::UINT8:
  case onnx::TensorProto::FLOAT8E4M3FN:
  case onnx::TensorProto::FLOAT8E4M3FNUZ:
  case onnx::TensorProto::FLOAT8E5M2:
  case onnx::TensorProto::FLOAT8E5M2FNUZ:
  case onnx::TensorProto::FLOAT8E8M0:
    return append<uint8_t>(bytes, tensor.int32_data(), count);
  default:
    return false;
  }
}

} // namespace

Status OnnxTensors::readExternal(const onnx::TensorProto &tensor, uint64_t bytes, Weight &weight) {
  std::string location;
  uint64_t offset = 0, length = bytes;
  for (const onnx::StringStringEntryProto &entry : tensor.external_data()) {
    if (entry.key() == "location") {
      location = entry.value();
      continue;
    }
    if (entry.key() != "offset" && entry.key() != "length")
      continue;
    uint64_t value = 0;
    const char *end = entry.value().data() + entry.value().size();
    auto [stop, error] = std::from_chars(entry.value().data(), end, value);
    if (error != std::errc() || stop != end)
      return Status::failure("has external data with the " + entry.key() + " " + lathe::quoted(entry.value()) +
                             ", which is no number");
    (entry.key() == "offset" ? offset : length) = value;
  }
  if (length != bytes)
    return Status::failure("has external data of " + std::to_string(length) + " bytes, but type and shape take " +
                           std::to_string(bytes));
  std::shared_ptr<const MappedFile> &opened = external[location];
  if (!opened) {
    Result<std::string> path = confinedPath(folder, location);
    if (!path)
      return Status::failure("has external data in " + lathe::quoted(location) + ": " + path.message());
    Result<std::shared_ptr<const MappedFile>> mapped = MappedFile::open(*path);
    if (!mapped)
      return Status::failure("has external data in " + lathe::quoted(location) + ": " + mapped.message());
    opened = *mapped;
  }
  weight.file = opened;
  weight.offset = offset;
  if (offset > opened->size() || bytes > opened->size() - offset)
    return Status::failure("takes " + std::to_string(bytes) + " bytes at offset " + std::to_string(offset) + " of " +
                           lathe::quoted(location) + ", which has " + std::to_string(opened->size()) +
                           "; it is cut off or not the right file");
  return Status::success();
}

Result<Weight> OnnxTensors::read(const onnx::TensorProto &tensor, ByteRange raw) {
  const std::shared_ptr<const MappedFile> &file = files[raw.file < files.size() ? raw.file : 0];
  std::string place = "tensor " + lathe::quoted(tensor.name()) + " ";
  auto fail = [&](const std::string &why) -> Result<Weight> { return Status::failure(place + why); };
  std::optional<LatheType> type = typeOfOnnx(tensor.data_type());
  if (!type)
    return fail("has elements of type " + onnxTypeName(tensor.data_type()) + ", which is not supported");
  Weight weight;
  weight.name = tensor.name();
  weight.type = *type;
  if (tensor.dims_size() > 16)
    return fail("has rank " + std::to_string(tensor.dims_size()) + "; at most 16 is supported");
  weight.shape.assign(tensor.dims().begin(), tensor.dims().end());
  if (tensor.has_segment())
    return fail("is stored in segments, which is not supported");
  Result<uint64_t> bytes = bytesOf(*type, weight.shape);
  if (!bytes)
    return fail(bytes.message());
  weight.bytes = *bytes;
  uint64_t count = *elementCount(weight.shape);
  unsigned perByte = elementsPerByte(*type);
  uint64_t stored = perByte > 1 ? (count + perByte - 1) / perByte : *bytes;

  std::span<const uint8_t> packed;
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    if (Status status = readExternal(tensor, stored, weight); !status)
      return fail(status.message());
    packed = weight.file->bytes().subspan(weight.offset, stored);
  } else if (raw.size || tensor.has_raw_data()) {
    uint64_t size = raw.size ? raw.size : tensor.raw_data().size();
    if (size != stored)
      return fail("has " + std::to_string(size) + " bytes, but type and shape take " + std::to_string(stored));
    if (raw.size) {
      weight.file = file;
      weight.offset = raw.offset;
      packed = file->bytes().subspan(raw.offset, raw.size);
    } else {
      weight.file =
          MappedFile::ofBytes(file->path(), std::vector<uint8_t>(tensor.raw_data().begin(), tensor.raw_data().end()));
      packed = weight.file->bytes();
    }
  } else {
    std::vector<uint8_t> elements;
    bool complete =
        perByte > 1 ? append<uint8_t>(elements, tensor.int32_data(), stored) : typedFields(tensor, count, elements);
    if (!complete)
      return fail("has not the " + std::to_string(count) + " elements that its shape " + shapeText(weight.shape) +
                  " says");
    weight.file = MappedFile::ofBytes(file->path(), std::move(elements));
    packed = weight.file->bytes();
  }
  if (perByte > 1) {
    weight.file = MappedFile::ofBytes(file->path(), widen(packed, count, *type));
    weight.offset = 0;
  }
  return weight;
}

} // namespace lathe
