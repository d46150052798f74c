// Puts a compiled model together: plan, code, weights, tokenizer, metadata => a .lathe file, or the same bytes in
// memory for a just-in-time run. Relies on runtime/artifact.h for the layout.
#pragma once

#include "codegen/PlanSection.h"

#include <functional>
#include <string>
#include <vector>

namespace lathe {

struct CodeSection {
  std::string target; ///< "cpu:znver4"
  std::vector<std::byte> bytes;
};

struct ArtifactContent {
  const PlanSection *plan = nullptr;
  std::vector<CodeSection> code;
  std::string tokenizer; ///< TokenizerSpec::serialize(), or empty
  std::string metadata;  ///< JSON
};

/// Called while weights are packed, with bytes done and in all. False ends the writing with a failure.
using WriteProgress = std::function<bool(uint64_t done, uint64_t total)>;

/// Writes the file under a temporary name beside `path` and renames it when it is whole; on failure nothing is left.
Status writeArtifact(const std::string &path, const ArtifactContent &content, const WriteProgress &progress = {});

/// The same bytes in memory.
Result<std::vector<std::byte>> artifactBytes(const ArtifactContent &content);

} // namespace lathe
