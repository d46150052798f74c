// See Mapping.h.
#include "runtime/Mapping.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace lathe {

Mapping::Mapping(Mapping &&other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping &Mapping::operator=(Mapping &&other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Mapping::~Mapping() {
  if (data_)
    munmap(data_, size_);
}

Result<Mapping> Mapping::file(const std::string &path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return Status::failure(path + ": cannot be opened: " + std::strerror(errno));
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return Status::failure(path + ": is not a regular file");
  }
  if (info.st_size == 0) {
    close(fd);
    return Mapping();
  }
  void *data = mmap(nullptr, size_t(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
  int error = errno;
  close(fd);
  if (data == MAP_FAILED)
    return Status::failure(path + ": cannot be mapped: " + std::strerror(error));
  return Mapping(static_cast<std::byte *>(data), uint64_t(info.st_size));
}

Result<Mapping> Mapping::zeroed(uint64_t bytes, const std::string &what) {
  if (bytes == 0)
    return Mapping();
  auto noMemory = [&] { return Status::failure(what + ": no memory for " + std::to_string(bytes) + " bytes"); };
  if (bytes > uint64_t(1) << 46)
    return noMemory();
  void *data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED)
    return noMemory();
  if (bytes >= uint64_t(4) << 20)
    madvise(data, bytes, MADV_HUGEPAGE);
  return Mapping(static_cast<std::byte *>(data), bytes);
}

} // namespace lathe
