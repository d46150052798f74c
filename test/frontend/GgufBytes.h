// Builds small GGUF files in memory, right or wrong ones. Follows the format's description (ggml-org/ggml
// docs/gguf.md).
#pragma once

#include "frontend/gguf/GgufFile.h"

#include <cstring>
#include <functional>

namespace lathe::test {

class GgufBytes {
public:
  explicit GgufBytes(uint32_t version = 3) : version_(version) {}

  template <class T> static void put(std::vector<uint8_t> &out, T value) {
    const uint8_t *bytes = reinterpret_cast<const uint8_t *>(&value);
    out.insert(out.end(), bytes, bytes + sizeof value);
  }
  static void put(std::vector<uint8_t> &out, std::string_view text) {
    put<uint64_t>(out, text.size());
    out.insert(out.end(), text.begin(), text.end());
  }

  /// A key with a value of the given type, or with raw bytes after the type.
  template <class T> GgufBytes &key(std::string_view name, GgufType type, T value) {
    return raw(name, type, [&](std::vector<uint8_t> &out) { put(out, value); });
  }
  GgufBytes &raw(std::string_view name, GgufType type, const std::function<void(std::vector<uint8_t> &)> &write) {
    put(metadata_, name);
    put(metadata_, static_cast<uint32_t>(type));
    write(metadata_);
    ++keys_;
    return *this;
  }
  /// `sizes` innermost first, as in the file; `type` is GGML's number.
  GgufBytes &tensor(std::string_view name, std::vector<uint64_t> sizes, uint32_t type, uint64_t offset) {
    put(tensors_, name);
    put(tensors_, static_cast<uint32_t>(sizes.size()));
    for (uint64_t size : sizes)
      put(tensors_, size);
    put(tensors_, type);
    put(tensors_, offset);
    ++count_;
    return *this;
  }
  GgufBytes &counts(uint64_t tensors, uint64_t keys) {
    claimed_ = {tensors, keys};
    return *this;
  }
  GgufBytes &data(std::vector<uint8_t> bytes) {
    data_ = std::move(bytes);
    return *this;
  }

  std::vector<uint8_t> bytes(uint64_t alignment = 32) const {
    std::vector<uint8_t> out = {'G', 'G', 'U', 'F'};
    put(out, version_);
    put(out, claimed_ ? claimed_->first : count_);
    put(out, claimed_ ? claimed_->second : keys_);
    out.insert(out.end(), metadata_.begin(), metadata_.end());
    out.insert(out.end(), tensors_.begin(), tensors_.end());
    out.resize((out.size() + alignment - 1) / alignment * alignment);
    out.insert(out.end(), data_.begin(), data_.end());
    return out;
  }
  Result<GgufFile> read() const { return GgufFile::read(MappedFile::ofBytes("m.gguf", bytes())); }
  /// The message of a file that must be refused, "" when it is not.
  std::string message() const {
    Result<GgufFile> file = read();
    return file ? "" : file.message();
  }

private:
  uint32_t version_;
  uint64_t keys_ = 0, count_ = 0;
  std::optional<std::pair<uint64_t, uint64_t>> claimed_;
  std::vector<uint8_t> metadata_, tensors_, data_;
};

} // namespace lathe::test
