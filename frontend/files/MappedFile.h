// Read-only bytes of a model file, mapped rather than read, and the rule that keeps the files a model refers to inside
// its own folder. Relies on POSIX.
#pragma once

#include "runtime/Status.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace lathe {

/// The bytes of a regular file, mapped until the last owner goes; or bytes in memory under a name. Immutable. A file
/// that is truncated while it is mapped is not guarded against.
class MappedFile {
public:
  /// Fails for what cannot be opened and for what is not a regular file; never blocks on a fifo.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string &path);
  /// `name` stands for the path in messages.
  static std::shared_ptr<const MappedFile> ofBytes(std::string name, std::vector<uint8_t> bytes);

  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const std::string &path() const { return path_; }
  std::span<const uint8_t> bytes() const { return {data_, size_}; }
  uint64_t size() const { return size_; }
  /// False for ofBytes(): then path() is only a name.
  bool isFile() const { return isFile_; }

private:
  MappedFile() = default;

  std::string path_;
  std::vector<uint8_t> memory_;
  const uint8_t *data_ = nullptr;
  size_t size_ = 0;
  bool isFile_ = false;
};

/// The path of an existing `relative` inside `folder`, symbolic links resolved. Fails when `relative` is absolute,
/// empty, has a
/// ".." component or a zero byte, or when links lead out of the folder. One exception: in a Hugging Face hub cache,
/// where `folder` is X/snapshots/REVISION, links may lead into X/blobs.
Result<std::string> confinedPath(const std::string &folder, const std::string &relative);

} // namespace lathe
