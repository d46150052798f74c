// A .lathe file, mapped and checked. Relies on artifact.h for the layout and Plan.h for the plan inside.
#pragma once

#include "runtime/Mapping.h"
#include "runtime/Plan.h"
#include "runtime/Status.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// One section, as views into the file.
struct ArtifactSection {
  uint32_t kind;
  std::string_view name;
  std::span<const std::byte> bytes;
};

/// A whole artifact whose header, section table, hashes and plan have been checked. Immutable; shared by models.
class Artifact {
public:
  /// Maps a file. The file must not change while the artifact lives; replacing it by rename is fine.
  static Result<std::shared_ptr<const Artifact>> open(const std::string &path);
  /// Copies bytes that lie in memory; `name` stands for the path in messages.
  static Result<std::shared_ptr<const Artifact>> fromBytes(std::span<const std::byte> bytes, const std::string &name);

  /// The file's path, or the name given to `fromBytes`.
  const std::string &path() const { return path_; }
  const Plan &plan() const { return plan_; }
  std::span<const ArtifactSection> sections() const { return sections_; }
  /// The bytes of the first section of a kind; empty when there is none.
  std::span<const std::byte> section(LatheSectionKind kind) const;
  /// True when the file opens with the artifact's magic bytes.
  static bool isArtifact(const std::string &path);

private:
  Artifact() = default;
  static Result<std::shared_ptr<const Artifact>> check(Mapping mapping, const std::string &path);
  Status readSections();

  std::string path_;
  Mapping mapping_;
  std::vector<ArtifactSection> sections_;
  Plan plan_;
};

} // namespace lathe
