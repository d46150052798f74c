// Mapping and checking of a .lathe file: header, section table, hashes; Plan.cpp checks the plan.
#include "runtime/Artifact.h"

#include "runtime/ContentHash.h"

#include <atomic>
#include <cstdio>
#include <cstring>
#include <sys/mman.h>
#include <thread>

namespace lathe {

namespace {

constexpr uint64_t sectionAlignment = 4096;
constexpr uint32_t maxSections = 1024;

const char *kindName(uint32_t kind) {
  static const char *const names[] = {"?", "plan", "weights", "code", "tokenizer", "metadata"};
  return kind < std::size(names) ? names[kind] : "?";
}

/// Reads pages of a mapped file ahead of the hash, so that page faults and hashing overlap.
class ReadAhead {
public:
  explicit ReadAhead(std::span<const std::byte> bytes) {
    if (bytes.size() < (8u << 20))
      return;
    thread_ = std::thread([bytes, this] {
      constexpr size_t stride = 4 << 20;
      for (size_t at = 0; at < bytes.size() && !stop_.load(std::memory_order_relaxed); at += stride)
        madvise(const_cast<std::byte *>(bytes.data()) + at, std::min(stride, bytes.size() - at),
                22 /* MADV_POPULATE_READ; older kernels refuse it, and nothing is lost */);
    });
  }
  ~ReadAhead() {
    stop_ = true;
    if (thread_.joinable())
      thread_.join();
  }

private:
  std::thread thread_;
  std::atomic<bool> stop_{false};
};

} // namespace

std::span<const std::byte> Artifact::section(LatheSectionKind kind) const {
  for (const ArtifactSection &section : sections_)
    if (section.kind == uint32_t(kind))
      return section.bytes;
  return {};
}

bool Artifact::isArtifact(const std::string &path) {
  char magic[8] = {};
  FILE *file = std::fopen(path.c_str(), "rb");
  if (!file)
    return false;
  size_t got = std::fread(magic, 1, sizeof magic, file);
  std::fclose(file);
  return got == sizeof magic && std::memcmp(magic, LATHE_ARTIFACT_MAGIC, sizeof magic) == 0;
}

Status Artifact::readSections() {
  std::span<const std::byte> file = mapping_.bytes();
  LatheFileHeader header;
  if (file.size() < sizeof header || std::memcmp(file.data(), LATHE_ARTIFACT_MAGIC, 8) != 0)
    return Status::failure("is not a .lathe file");
  std::memcpy(&header, file.data(), sizeof header);
  if (header.version != LATHE_ARTIFACT_VERSION)
    return Status::failure("has version " + std::to_string(header.version) + ", this runtime reads version " +
                           std::to_string(LATHE_ARTIFACT_VERSION) + "; compile the model again");
  if (header.fileSize != file.size())
    return Status::failure("has " + std::to_string(file.size()) + " bytes instead of " +
                           std::to_string(header.fileSize) + "; it was cut or added to");
  if (header.sectionCount > maxSections || header.sectionCount > (file.size() - sizeof header) / sizeof(LatheSection))
    return Status::failure("is damaged: a table of " + std::to_string(header.sectionCount) + " sections");
  std::span<const std::byte> table = file.subspan(sizeof header, header.sectionCount * sizeof(LatheSection));
  if (contentHash(table) != header.tableHash)
    return Status::failure("is damaged: the section table does not match its hash");

  uint64_t end = sizeof header + table.size();
  std::vector<uint64_t> hashes;
  for (uint32_t i = 0; i < header.sectionCount; ++i) {
    // The table lies in memory that outlives this object, so names may be views into it.
    const auto *section = reinterpret_cast<const LatheSection *>(table.data()) + i;
    size_t nameLength = strnlen(section->name, sizeof section->name);
    if (section->offset % sectionAlignment != 0 || section->offset < end || section->offset > file.size() ||
        section->size > file.size() - section->offset || nameLength == sizeof section->name)
      return Status::failure("is damaged: section " + std::to_string(i) + " (" + std::to_string(section->size) +
                             " bytes at offset " + std::to_string(section->offset) + ") is out of place in " +
                             std::to_string(file.size()) + " bytes");
    end = section->offset + section->size;
    sections_.push_back(
        {section->kind, std::string_view(section->name, nameLength), file.subspan(section->offset, section->size)});
    hashes.push_back(section->hash);
  }

  ReadAhead readAhead(file);
  for (size_t i = 0; i < sections_.size(); ++i)
    if (contentHash(sections_[i].bytes) != hashes[i])
      return Status::failure("is damaged: the section " + std::string(kindName(sections_[i].kind)) + " '" +
                             std::string(sections_[i].name) + "' does not match its hash");
  auto plan = Plan::read(section(LATHE_SECTION_PLAN), section(LATHE_SECTION_WEIGHTS).size());
  if (!plan)
    return Status::failure("is damaged: " + plan.message());
  plan_ = *plan;
  return Status::success();
}

Result<std::shared_ptr<const Artifact>> Artifact::check(Mapping mapping, const std::string &path) {
  std::shared_ptr<Artifact> artifact(new Artifact);
  artifact->path_ = path;
  artifact->mapping_ = std::move(mapping);
  if (Status status = artifact->readSections(); !status)
    return Status::failure(path + ": " + status.message());
  return std::shared_ptr<const Artifact>(std::move(artifact));
}

Result<std::shared_ptr<const Artifact>> Artifact::open(const std::string &path) {
  auto mapping = Mapping::file(path);
  if (!mapping)
    return mapping.status();
  return check(std::move(*mapping), path);
}

Result<std::shared_ptr<const Artifact>> Artifact::fromBytes(std::span<const std::byte> bytes, const std::string &name) {
  auto mapping = Mapping::zeroed(bytes.size(), name);
  if (!mapping)
    return mapping.status();
  if (!bytes.empty())
    std::memcpy(mapping->data(), bytes.data(), bytes.size());
  return check(std::move(*mapping), name);
}

} // namespace lathe
