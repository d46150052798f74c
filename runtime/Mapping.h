// Page-aligned memory: a file mapped read-only, or zeroed anonymous pages. Relies on mmap alone.
#pragma once

#include "runtime/Status.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace lathe {

/// Owns one mapping; movable, unmapped at the end of its life. An empty mapping has a null `data()`.
class Mapping {
public:
  Mapping() = default;
  Mapping(Mapping &&other) noexcept;
  Mapping &operator=(Mapping &&other) noexcept;
  Mapping(const Mapping &) = delete;
  Mapping &operator=(const Mapping &) = delete;
  ~Mapping();

  /// The whole of a regular file, read-only and private. The file must not shrink while it is mapped.
  static Result<Mapping> file(const std::string &path);
  /// `bytes` zeroed bytes, readable and writable, in huge pages where the system gives them. `what` names the use in
  /// the message when there is not enough memory.
  static Result<Mapping> zeroed(uint64_t bytes, const std::string &what);

  std::byte *data() const { return data_; }
  uint64_t size() const { return size_; }
  std::span<const std::byte> bytes() const { return {data_, size_t(size_)}; }

private:
  Mapping(std::byte *data, uint64_t size) : data_(data), size_(size) {}
  std::byte *data_ = nullptr;
  uint64_t size_ = 0;
};

} // namespace lathe
