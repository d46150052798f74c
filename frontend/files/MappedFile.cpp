// mmap of regular files and resolution of paths that must stay inside a folder; see MappedFile.h.
#include "frontend/files/MappedFile.h"
#include "frontend/files/Quoted.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lathe {

namespace {

const char *kindOf(mode_t mode) {
  if (S_ISDIR(mode))
    return "a folder";
  if (S_ISFIFO(mode))
    return "a fifo";
  if (S_ISSOCK(mode))
    return "a socket";
  return "a device";
}

std::string describe(int error) { return std::strerror(error); }

std::optional<std::string> realPath(const std::string &path) {
  char *resolved = ::realpath(path.c_str(), nullptr);
  if (!resolved)
    return std::nullopt;
  std::string result = resolved;
  std::free(resolved);
  return result;
}

bool isBelow(const std::string &path, const std::string &folder) {
  if (folder == "/")
    return true;
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

/// X/blobs when `folder` (a real path) is X/snapshots/REVISION.
std::optional<std::string> hubBlobs(const std::string &folder) {
  size_t revision = folder.rfind('/');
  if (revision == std::string::npos || revision == 0)
    return std::nullopt;
  size_t snapshots = folder.rfind('/', revision - 1);
  if (snapshots == std::string::npos || folder.substr(snapshots, revision - snapshots) != "/snapshots")
    return std::nullopt;
  return realPath(folder.substr(0, snapshots) + "/blobs");
}

} // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string &path) {
  // O_NONBLOCK: opening a fifo must not wait for a writer.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0)
    return Status::failure(path + ": cannot be opened: " + describe(errno));
  struct stat facts;
  if (::fstat(descriptor, &facts) != 0) {
    int error = errno;
    ::close(descriptor);
    return Status::failure(path + ": cannot be examined: " + describe(error));
  }
  if (!S_ISREG(facts.st_mode)) {
    ::close(descriptor);
    return Status::failure(path + ": is " + kindOf(facts.st_mode) + ", expected a regular file");
  }
  std::shared_ptr<MappedFile> file(new MappedFile());
  file->path_ = path;
  file->isFile_ = true;
  if (facts.st_size > 0) {
    void *address = ::mmap(nullptr, static_cast<size_t>(facts.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (address == MAP_FAILED) {
      int error = errno;
      ::close(descriptor);
      return Status::failure(path + ": cannot be mapped (" + std::to_string(facts.st_size) +
                             " bytes): " + describe(error));
    }
    file->data_ = static_cast<const uint8_t *>(address);
    file->size_ = static_cast<size_t>(facts.st_size);
  }
  ::close(descriptor);
  return std::shared_ptr<const MappedFile>(std::move(file));
}

std::shared_ptr<const MappedFile> MappedFile::ofBytes(std::string name, std::vector<uint8_t> bytes) {
  std::shared_ptr<MappedFile> file(new MappedFile());
  file->path_ = std::move(name);
  file->memory_ = std::move(bytes);
  file->data_ = file->memory_.data();
  file->size_ = file->memory_.size();
  return file;
}

MappedFile::~MappedFile() {
  if (isFile_ && size_ > 0)
    ::munmap(const_cast<uint8_t *>(data_), size_);
}

Result<std::string> confinedPath(const std::string &folder, const std::string &relative) {
  auto refuse = [&](const std::string &why) {
    return Status::failure(folder + ": the model refers to the file " + quoted(relative) + ", " + why);
  };
  if (relative.empty())
    return refuse("which is an empty name");
  if (relative.find('\0') != std::string::npos)
    return refuse("which holds a zero byte");
  if (relative.front() == '/')
    return refuse("which is an absolute path; it must lie inside the folder");
  for (size_t begin = 0; begin <= relative.size();) {
    size_t end = std::min(relative.find('/', begin), relative.size());
    if (std::string_view(relative).substr(begin, end - begin) == "..")
      return refuse("which has a '..' in it; it must lie inside the folder");
    begin = end + 1;
  }
  std::string given = folder.empty() ? "." : folder;
  std::optional<std::string> root = realPath(given);
  if (!root)
    return Status::failure(given + ": cannot be opened: " + describe(errno));
  std::optional<std::string> target = realPath(*root + "/" + relative);
  if (!target)
    return refuse("which cannot be opened: " + describe(errno));
  if (isBelow(*target, *root))
    return *target;
  if (std::optional<std::string> blobs = hubBlobs(*root); blobs && isBelow(*target, *blobs))
    return *target;
  return refuse("which is a link that leaves the folder; put the file itself there");
}

} // namespace lathe
