// See Link.h. Objects go in through memory files; the result comes out through a private folder, which is removed.
#include "codegen/cpu/Link.h"

#include "lld/Common/Driver.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

namespace lathe {

namespace {

/// A file descriptor that closes itself.
class Descriptor {
public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor &&other) : fd_(std::exchange(other.fd_, -1)) {}
  ~Descriptor() {
    if (fd_ >= 0)
      close(fd_);
  }
  int get() const { return fd_; }

private:
  int fd_;
};

/// A folder that nobody else uses, with at most the file "out.so" in it.
class PrivateFolder {
public:
  explicit PrivateFolder(const std::string &parent) : path_(parent + "/lathe-link-XXXXXX") {
    usable_ = mkdtemp(path_.data()) != nullptr;
  }
  ~PrivateFolder() {
    if (!usable_)
      return;
    unlink(output().c_str());
    rmdir(path_.c_str());
  }
  bool usable() const { return usable_; }
  std::string output() const { return path_ + "/out.so"; }

private:
  std::string path_;
  bool usable_ = false;
};

bool writeAll(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    bytes = bytes.subspan(written);
  }
  return true;
}

Result<std::vector<std::byte>> readAll(const std::string &path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (file.get() < 0 || fstat(file.get(), &status) != 0)
    return Status::failure("cannot read the linked code " + path + ": " + std::strerror(errno));
  std::vector<std::byte> bytes(status.st_size);
  for (size_t done = 0; done < bytes.size();) {
    ssize_t count = read(file.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return Status::failure("cannot read the linked code " + path);
    done += count;
  }
  return bytes;
}

const std::vector<const char *> &options() {
  static const std::vector<const char *> list = {"ld.lld",
                                                 "-shared",
                                                 "--threads=1",
                                                 "--gc-sections",
                                                 "--no-undefined",
                                                 "--hash-style=gnu",
                                                 "--build-id=none",
                                                 "-z",
                                                 "noexecstack",
                                                 "-z",
                                                 "relro",
                                                 "-z",
                                                 "now",
                                                 "-O1"};
  return list;
}

Result<std::vector<std::byte>> linkIn(const std::string &parent, std::span<const LinkInput> inputs,
                                      const std::vector<std::string> &paths, bool &canTryElsewhere, bool &usable) {
  PrivateFolder folder(parent);
  canTryElsewhere = !folder.usable();
  if (!folder.usable())
    return Status::failure("cannot make a folder in " + parent + " to link in: " + std::strerror(errno));
  std::string output = folder.output();
  std::vector<const char *> arguments = options();
  arguments.insert(arguments.end(), {"-o", output.c_str()});
  for (const std::string &path : paths)
    arguments.push_back(path.c_str());

  std::string messages;
  llvm::raw_string_ostream stream(messages);
  // LLD ends the process on an error that it calls fatal; recovery brings that back here. A full disk is none: the file
  // gets its size before anything is written.
  llvm::CrashRecoveryContext::Enable();
  lld::Result result = lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
  llvm::CrashRecoveryContext::Disable();
  usable = result.canRunAgain;
  if (result.retCode != 0 || !result.canRunAgain) {
    // From the last, so that .../1 is not found in .../12.
    for (size_t index = paths.size(); index-- > 0;)
      for (size_t at = messages.find(paths[index]); at != std::string::npos; at = messages.find(paths[index], at))
        messages.replace(at, paths[index].size(), "'" + inputs[index].name + "'");
    canTryElsewhere = usable && (messages.find("cannot open output") != std::string::npos ||
                                 messages.find("failed to open") != std::string::npos);
    return Status::failure("generated code does not link: " + llvm::StringRef(messages).rtrim().str());
  }
  Result<std::vector<std::byte>> bytes = readAll(output);
  canTryElsewhere = !bytes;
  return bytes;
}

} // namespace

const std::string &linkerFingerprint() {
  static const std::string text = [] {
    std::string line = "LLD " LLVM_VERSION_STRING;
    for (const char *option : options())
      line += std::string(" ") + option;
    return line;
  }();
  return text;
}

Result<std::vector<std::byte>> linkObjects(std::span<const LinkInput> inputs) {
  static std::mutex lock;
  static bool usable = true;
  std::scoped_lock guard(lock);
  if (!usable)
    return Status::failure("the linker failed before and cannot run again in this process");
  std::vector<Descriptor> files;
  uint64_t room = 1 << 20;
  std::vector<std::string> paths;
  for (const LinkInput &input : inputs) {
    files.emplace_back(memfd_create("lathe-object", MFD_CLOEXEC));
    if (files.back().get() < 0 || !writeAll(files.back().get(), input.object))
      return Status::failure("cannot hold the object of '" + input.name + "' in memory: " + std::strerror(errno));
    paths.push_back("/proc/self/fd/" + std::to_string(files.back().get()));
    room += 2 * input.object.size();
  }
  std::vector<std::string> parents = {"/dev/shm", "/tmp"};
  if (const char *chosen = std::getenv("TMPDIR"); chosen && *chosen)
    parents.insert(parents.begin(), chosen);
  Status last = Status::success();
  for (const std::string &parent : parents) {
    struct statvfs space;
    if (statvfs(parent.c_str(), &space) != 0 || space.f_bavail * uint64_t(space.f_frsize) < room) {
      last = Status::failure("cannot link in " + parent + ": it does not have " + std::to_string(room >> 10) +
                             " KiB of free space");
      continue;
    }
    bool canTryElsewhere = false;
    Result<std::vector<std::byte>> bytes = linkIn(parent, inputs, paths, canTryElsewhere, usable);
    if (bytes || !canTryElsewhere)
      return bytes;
    last = bytes.status();
  }
  return last;
}

} // namespace lathe
