// Real models with known answers (LATHE_SHARED_DATA), and the small part of the npz format that their goldens use:
// stored entries, little endian, C order.
#pragma once

#include "frontend/files/MappedFile.h"
#include "ir/reference/Tensor.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>

namespace lathe::test {

inline std::string sharedData(const std::string &relative) { return std::string(LATHE_SHARED_DATA) + "/" + relative; }
inline bool hasSharedData(const std::string &relative) { return std::filesystem::exists(sharedData(relative)); }

template <class T> T load(std::span<const uint8_t> bytes, size_t offset) {
  T value{};
  if (offset + sizeof value <= bytes.size())
    std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// One array: the header's shape, and '<f4' or '<i8' elements.
inline Result<reference::Tensor> readNpy(std::span<const uint8_t> bytes) {
  size_t header = load<uint16_t>(bytes, 8), begin = 10 + header;
  if (bytes.size() < begin || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
    return Status::failure("no npy array");
  std::string text(reinterpret_cast<const char *>(bytes.data()) + 10, header);
  LatheType type = text.find("'<f4'") != std::string::npos ? LATHE_F32 : LATHE_I64;
  std::vector<int64_t> shape;
  for (const char *at = std::strchr(text.c_str(), '(') + 1; *at && *at != ')';) {
    char *end;
    long size = std::strtol(at, &end, 10);
    if (end == at)
      ++at;
    else
      shape.push_back(size), at = end;
  }
  return reference::Tensor::ofBytes(type, shape, bytes.subspan(begin));
}

/// The arrays of an .npz by name.
inline Result<std::map<std::string, reference::Tensor>> readNpz(const std::string &path) {
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  if (!file)
    return file.status();
  std::span<const uint8_t> bytes = (*file)->bytes();
  std::map<std::string, reference::Tensor> arrays;
  size_t end = bytes.size() - 22; // the end record, without a comment
  size_t entry = load<uint32_t>(bytes, end + 16);
  for (unsigned count = load<uint16_t>(bytes, end + 10); count > 0; --count) {
    size_t size = load<uint32_t>(bytes, entry + 20), nameSize = load<uint16_t>(bytes, entry + 28);
    size_t extra = load<uint16_t>(bytes, entry + 30), local = load<uint32_t>(bytes, entry + 42);
    std::string name(reinterpret_cast<const char *>(bytes.data()) + entry + 46, nameSize);
    size_t begin = local + 30 + load<uint16_t>(bytes, local + 26) + load<uint16_t>(bytes, local + 28);
    Result<reference::Tensor> array = readNpy(bytes.subspan(begin, size));
    if (!array)
      return array.status();
    arrays.emplace(name.substr(0, name.size() - 4), std::move(*array)); // without ".npy"
    entry += 46 + nameSize + extra;
  }
  return arrays;
}

} // namespace lathe::test
