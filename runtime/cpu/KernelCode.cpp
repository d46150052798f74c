// See KernelCode.h. The object goes through a memfd, so that it works where no folder allows execution.
#include "runtime/cpu/KernelCode.h"

#include "runtime/cpu/CpuFeatures.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

namespace lathe {

namespace {

/// Why this CPU cannot run code for `target`, or an empty text.
std::string missingFeatures(std::string_view target, const Metadata &metadata) {
  for (const TargetFeatures &entry : metadata.targets) {
    if (entry.target != target)
      continue;
    std::string missing;
    for (const std::string &feature : entry.features)
      if (!cpuHasFeature(feature).value_or(false))
        missing += (missing.empty() ? "" : ", ") + feature;
    return missing;
  }
  return {};
}

/// A shared object for this machine whose segments lie inside it: the loader maps them without a look.
bool isSharedObject(std::span<const std::byte> object) {
  Elf64_Ehdr header;
  if (object.size() < sizeof header)
    return false;
  std::memcpy(&header, object.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_type != ET_DYN || header.e_machine != EM_X86_64 || header.e_phentsize != sizeof(Elf64_Phdr) ||
      header.e_phoff > object.size() || header.e_phnum > (object.size() - header.e_phoff) / sizeof(Elf64_Phdr))
    return false;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, object.data() + header.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_offset > object.size() || segment.p_filesz > object.size() - segment.p_offset)
      return false;
  }
  return true;
}

int memoryFile() {
#ifndef MFD_EXEC
  constexpr unsigned MFD_EXEC = 0x10u;
#endif
  int fd = memfd_create("lathe-kernels", MFD_CLOEXEC | MFD_EXEC);
  if (fd < 0 && errno == EINVAL) // kernels before 6.3
    fd = memfd_create("lathe-kernels", MFD_CLOEXEC);
  return fd;
}

bool writeAll(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    bytes = bytes.subspan(size_t(written));
  }
  return true;
}

} // namespace

KernelCode::~KernelCode() {
  if (handle_)
    dlclose(handle_);
  if (file_ >= 0)
    close(file_);
}

Status KernelCode::load(std::span<const std::byte> object, const Plan &plan) {
  if (!isSharedObject(object))
    return Status::failure("is not a shared object for x86-64, or was cut");
  int fd = memoryFile();
  if (fd < 0)
    return Status::failure(std::string("cannot be put into memory: ") + std::strerror(errno));
  if (!writeAll(fd, object)) {
    int error = errno;
    close(fd);
    return Status::failure(std::string("cannot be put into memory: ") + std::strerror(error));
  }
  handle_ = dlopen(("/proc/self/fd/" + std::to_string(fd)).c_str(), RTLD_NOW | RTLD_LOCAL);
  const char *error = handle_ ? nullptr : dlerror();
  file_ = fd; // open as long as the code is: the loader takes a name it has seen, and so a number used again, for the
              // same object
  if (!handle_)
    return Status::failure(std::string("cannot be opened: ") + (error ? error : "no reason given"));
  for (const LatheKernel &kernel : plan.kernels) {
    std::string entry(plan.string(kernel.entry));
    auto function = reinterpret_cast<LatheKernelFunction>(dlsym(handle_, entry.c_str()));
    if (!function)
      return Status::failure("has no kernel '" + entry + "'");
    kernels_.push_back(function);
  }
  return Status::success();
}

Result<std::shared_ptr<const KernelCode>> KernelCode::open(const Artifact &artifact, const Metadata &metadata) {
  std::string reasons;
  for (const ArtifactSection &section : artifact.sections()) {
    if (section.kind != LATHE_SECTION_CODE || !section.name.starts_with("cpu:"))
      continue;
    if (std::string missing = missingFeatures(section.name, metadata); !missing.empty()) {
      reasons += "; " + std::string(section.name) + " needs " + missing;
      continue;
    }
    std::shared_ptr<KernelCode> code(new KernelCode);
    code->target_ = std::string(section.name);
    if (Status status = code->load(section.bytes, artifact.plan()); !status)
      return Status::failure(artifact.path() + ": the code for " + code->target_ + " " + status.message());
    return std::shared_ptr<const KernelCode>(std::move(code));
  }
  if (reasons.empty())
    return Status::failure(artifact.path() + ": has no code for a CPU");
  return Status::failure(artifact.path() + ": has no code that " + cpuName() + " can run" + reasons +
                         "; compile the model with --target cpu on this machine");
}

} // namespace lathe
