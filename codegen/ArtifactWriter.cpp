// See ArtifactWriter.h. Weights are packed one at a time, so memory holds one packed weight, not the model.
#include "codegen/ArtifactWriter.h"

#include "runtime/ContentHash.h"
#include "runtime/cpu/Pack.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lathe {
namespace {

constexpr uint64_t sectionAlignment = 4096;

/// Where the bytes go: a file or memory.
class Sink {
public:
  virtual ~Sink() = default;
  virtual Status append(std::span<const std::byte> bytes) = 0;
  virtual Status overwriteStart(std::span<const std::byte> bytes) = 0;
};

class MemorySink : public Sink {
public:
  std::vector<std::byte> bytes;
  Status append(std::span<const std::byte> more) override {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return Status::success();
  }
  Status overwriteStart(std::span<const std::byte> start) override {
    std::memcpy(bytes.data(), start.data(), start.size());
    return Status::success();
  }
};

/// A temporary file beside the target, gone unless it is committed.
class FileSink : public Sink {
public:
  explicit FileSink(std::string path) : path_(std::move(path)), temporary_(path_ + ".XXXXXX") {}
  ~FileSink() override {
    if (fd_ >= 0) {
      close(fd_);
      unlink(temporary_.c_str());
    }
  }
  Status open() {
    struct stat existing;
    if (stat(path_.c_str(), &existing) == 0 && !S_ISREG(existing.st_mode))
      return Status::failure(path_ + ": exists and is no file that could be replaced");
    fd_ = mkostemp(temporary_.data(), O_CLOEXEC);
    return fd_ >= 0 ? Status::success() : fail("cannot be created");
  }
  Status append(std::span<const std::byte> bytes) override { return writeAt(bytes, -1); }
  Status overwriteStart(std::span<const std::byte> bytes) override { return writeAt(bytes, 0); }
  Status commit() {
    fchmod(fd_, 0644);
    if (fsync(fd_) != 0)
      return fail("cannot be written");
    if (rename(temporary_.c_str(), path_.c_str()) != 0)
      return fail("cannot be put in place");
    close(fd_);
    fd_ = -1;
    return Status::success();
  }

private:
  std::string path_, temporary_;
  int fd_ = -1;

  Status fail(const char *what) { return Status::failure(path_ + ": " + what + ": " + std::strerror(errno)); }
  Status writeAt(std::span<const std::byte> bytes, off_t at) {
    while (!bytes.empty()) {
      ssize_t wrote = at < 0 ? write(fd_, bytes.data(), bytes.size()) : pwrite(fd_, bytes.data(), bytes.size(), at);
      if (wrote < 0 && errno == EINTR)
        continue;
      if (wrote < 0)
        return fail("cannot be written");
      bytes = bytes.subspan(wrote);
      if (at >= 0)
        at += wrote;
    }
    return Status::success();
  }
};

class Assembler {
public:
  Assembler(Sink &sink, size_t sections) : sink_(sink), table_(sections) {}

  Status begin() {
    size_t head = sizeof(LatheFileHeader) + table_.size() * sizeof(LatheSection);
    return pad(std::vector<std::byte>(head));
  }
  Status beginSection(LatheSectionKind kind, const std::string &name) {
    LatheSection &section = table_[next_];
    section = {};
    section.kind = kind;
    section.offset = written_;
    if (name.size() >= sizeof section.name)
      return Status::failure("the section name '" + name + "' is longer than " +
                             std::to_string(sizeof section.name - 1) + " bytes");
    std::memcpy(section.name, name.data(), name.size());
    hash_ = std::make_unique<StreamingHash>();
    return Status::success();
  }
  Status put(std::span<const std::byte> bytes) {
    hash_->update(bytes);
    written_ += bytes.size();
    return sink_.append(bytes);
  }
  Status endSection() {
    LatheSection &section = table_[next_++];
    section.size = written_ - section.offset;
    section.hash = hash_->value();
    return next_ < table_.size() ? pad({}) : Status::success();
  }
  Status section(LatheSectionKind kind, const std::string &name, std::span<const std::byte> bytes) {
    if (Status status = beginSection(kind, name); !status)
      return status;
    if (Status status = put(bytes); !status)
      return status;
    return endSection();
  }
  Status finish() {
    LatheFileHeader header{};
    std::memcpy(header.magic, LATHE_ARTIFACT_MAGIC, sizeof header.magic);
    header.version = LATHE_ARTIFACT_VERSION;
    header.sectionCount = table_.size();
    header.fileSize = written_;
    auto table = std::as_bytes(std::span(table_));
    header.tableHash = contentHash(table);
    std::vector<std::byte> head(sizeof header + table.size());
    std::memcpy(head.data(), &header, sizeof header);
    std::memcpy(head.data() + sizeof header, table.data(), table.size());
    return sink_.overwriteStart(head);
  }

private:
  Sink &sink_;
  std::vector<LatheSection> table_;
  size_t next_ = 0;
  uint64_t written_ = 0;
  std::unique_ptr<StreamingHash> hash_;

  /// Appends `bytes` and zeros up to the next section's alignment.
  Status pad(std::vector<std::byte> bytes) {
    bytes.resize(bytes.size() + (sectionAlignment - (written_ + bytes.size()) % sectionAlignment) % sectionAlignment);
    written_ += bytes.size();
    return sink_.append(bytes);
  }
};

Status putWeights(Assembler &assembler, const PlanSection &plan, const WriteProgress &progress) {
  uint64_t done = 0;
  std::vector<std::byte> packed;
  for (const EmbeddedWeight &embedded : plan.embedded) {
    uint64_t padded = (embedded.weight.bytes + 63) / 64 * 64;
    packed.assign(padded, std::byte{0});
    std::span<std::byte> out(packed.data(), embedded.weight.bytes);
    if (Status status = packWeight(embedded.weight, embedded.pieces, embedded.bytes, out); !status)
      return status;
    if (Status status = assembler.put(packed); !status)
      return status;
    done += padded;
    if (progress && !progress(done, plan.weightBytes))
      return Status::failure("interrupted");
  }
  return Status::success();
}

Status assemble(Sink &sink, const ArtifactContent &content, const WriteProgress &progress) {
  auto bytesOf = [](const std::string &text) { return std::as_bytes(std::span(text.data(), text.size())); };
  Assembler assembler(sink, 3 + content.code.size() + !content.tokenizer.empty());
  if (Status status = assembler.begin(); !status)
    return status;
  if (Status status = assembler.section(LATHE_SECTION_PLAN, "", content.plan->bytes); !status)
    return status;
  for (const CodeSection &code : content.code)
    if (Status status = assembler.section(LATHE_SECTION_CODE, code.target, code.bytes); !status)
      return status;
  if (!content.tokenizer.empty())
    if (Status status = assembler.section(LATHE_SECTION_TOKENIZER, "", bytesOf(content.tokenizer)); !status)
      return status;
  if (Status status = assembler.section(LATHE_SECTION_METADATA, "", bytesOf(content.metadata)); !status)
    return status;
  if (Status status = assembler.beginSection(LATHE_SECTION_WEIGHTS, ""); !status)
    return status;
  if (Status status = putWeights(assembler, *content.plan, progress); !status)
    return status;
  if (Status status = assembler.endSection(); !status)
    return status;
  return assembler.finish();
}

} // namespace

Status writeArtifact(const std::string &path, const ArtifactContent &content, const WriteProgress &progress) {
  FileSink sink(path);
  if (Status status = sink.open(); !status)
    return status;
  if (Status status = assemble(sink, content, progress); !status)
    return status;
  return sink.commit();
}

Result<std::vector<std::byte>> artifactBytes(const ArtifactContent &content) {
  MemorySink sink;
  if (Status status = assemble(sink, content, {}); !status)
    return status;
  return std::move(sink.bytes);
}

} // namespace lathe
