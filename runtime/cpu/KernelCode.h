// Generated CPU code of an artifact, opened from memory. Relies on the dynamic loader and on CpuFeatures.
#pragma once

#include "runtime/Artifact.h"
#include "runtime/Metadata.h"

namespace lathe {

/// The shared object of one code section and the entries of the plan's kernels in it. Immutable; closed at the end of
/// its life, after which no kernel may run.
class KernelCode {
public:
  /// Opens the first "cpu:..." section whose features this CPU has. Fails, naming the missing features of every
  /// section, when there is none, and when a kernel of the plan has no entry.
  static Result<std::shared_ptr<const KernelCode>> open(const Artifact &artifact, const Metadata &metadata);
  ~KernelCode();
  KernelCode(const KernelCode &) = delete;
  KernelCode &operator=(const KernelCode &) = delete;

  /// The section's target, "cpu:znver4".
  const std::string &target() const { return target_; }
  /// The entry of the plan's kernel `index`.
  LatheKernelFunction kernel(uint32_t index) const { return kernels_[index]; }

private:
  KernelCode() = default;
  Status load(std::span<const std::byte> object, const Plan &plan);

  std::string target_;
  void *handle_ = nullptr;
  int file_ = -1;
  std::vector<LatheKernelFunction> kernels_;
};

} // namespace lathe
