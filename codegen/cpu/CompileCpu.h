// Kernels as text to one shared object, through the cache.
#pragma once

#include "codegen/KernelCache.h"
#include "codegen/KernelSource.h"
#include "ir/Target.h"
#include "runtime/Status.h"

#include <atomic>
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace lathe {

struct CompileProgress {
  size_t done, total;
  /// Of the kernel that was just done.
  std::string_view description;
  bool fromCache;
};

/// The bytes of an ELF shared object in which each kernel's symbol is visible (LatheKernelFunction of
/// runtime/artifact.h). Every kernel is a translation unit of its own, `threads` at once; the object of each and the
/// whole are kept in `cache`, and a whole that is there is neither compiled nor linked again. `progress` is called by
/// one thread at a time. Fails with the first kernel's error; two kernels of one symbol must have one text (they become
/// one). Ends early, with the failure "interrupted", when `cancel` becomes true.
Result<std::vector<std::byte>> compileCpu(std::span<const KernelSource> kernels, const Target &target,
                                          KernelCache &cache, unsigned threads,
                                          const std::function<void(const CompileProgress &)> &progress = nullptr,
                                          const std::atomic<bool> *cancel = nullptr);

/// What the object of a kernel depends on.
CacheKey objectKey(const KernelSource &kernel, const Target &target);

} // namespace lathe
