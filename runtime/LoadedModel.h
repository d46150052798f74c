// An artifact ready to run on this machine: its code opened, every weight in memory in the layout its kernels want.
// Relies on Artifact, KernelCode and the packing of runtime/cpu.
#pragma once

#include "runtime/Artifact.h"
#include "runtime/Metadata.h"
#include "runtime/cpu/KernelCode.h"
#include "runtime/cpu/ThreadPool.h"

namespace lathe {

/// Immutable; shared by any number of sessions. (`Model` is what the frontends import.)
class LoadedModel {
public:
  /// Opens the code and the weights. Embedded weights are used where they lie in the mapped artifact; those that refer
  /// to model files are packed here by all threads of `pool` (null: the calling thread alone), after the pieces were
  /// compared with their hashes. A relative file name is meant relative to the artifact's folder.
  static Result<std::shared_ptr<const LoadedModel>> load(std::shared_ptr<const Artifact> artifact,
                                                         ThreadPool *pool = nullptr);

  const Artifact &artifact() const { return *artifact_; }
  const Plan &plan() const { return artifact_->plan(); }
  const Metadata &metadata() const { return metadata_; }
  const KernelCode &code() const { return *code_; }
  /// Address of the packed bytes of the plan's weight `index`.
  const std::byte *weight(uint32_t index) const { return weights_[index]; }
  /// Memory taken beside the mapped artifact, in bytes.
  uint64_t packedBytes() const { return packed_.size(); }

private:
  LoadedModel() = default;
  Status loadWeights(ThreadPool *pool);

  std::shared_ptr<const Artifact> artifact_;
  Metadata metadata_;
  std::shared_ptr<const KernelCode> code_;
  std::vector<const std::byte *> weights_;
  std::vector<Mapping> files_; // those whose bytes are used in place
  Mapping packed_;
};

} // namespace lathe
