// For tests: kernels compiled by compileCpu without a cache and opened from memory.
#pragma once

#include "codegen/cpu/CompileCpu.h"
#include "runtime/artifact.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

namespace lathe::test {

/// Stays open until the program ends, and so does its file: the loader takes a name that it saw before for the same
/// object.
inline void *openFromMemory(std::span<const std::byte> object) {
  int fd = memfd_create("kernels", MFD_CLOEXEC);
  if (fd < 0 || write(fd, object.data(), object.size()) != static_cast<ssize_t>(object.size()))
    return nullptr;
  return dlopen(("/proc/self/fd/" + std::to_string(fd)).c_str(), RTLD_NOW | RTLD_LOCAL);
}

/// The function of a kernel whose entry in `text` is `symbol`, or null after a test failure.
inline LatheKernelFunction loadKernel(const std::string &symbol, const std::string &text,
                                      const Target &target = Target::native()) {
  static KernelCache none({});
  KernelSource source{symbol, text, symbol};
  Result<std::vector<std::byte>> object = compileCpu(std::span(&source, 1), target, none, 1);
  if (!object) {
    ADD_FAILURE() << object.message();
    return nullptr;
  }
  void *handle = openFromMemory(*object);
  if (!handle) {
    ADD_FAILURE() << dlerror();
    return nullptr;
  }
  return reinterpret_cast<LatheKernelFunction>(dlsym(handle, symbol.c_str()));
}

/// Runs tiles [0, grid) of a kernel over buffers.
inline void runKernel(LatheKernelFunction kernel, std::vector<void *> buffers, std::vector<int64_t> params,
                      int64_t grid) {
  alignas(64) static thread_local std::byte scratch[1 << 20] = {};
  static uint64_t serial = 0;
  LatheKernelContext context{buffers.data(), params.data(), scratch, ++serial};
  kernel(&context, 0, grid);
}

/// A kernel of the catalogue with the given text of namespaces parameters and functors.
inline LatheKernelFunction loadTemplate(const std::string &kernel, const std::string &parameters,
                                        const std::string &functors = "", const Target &target = Target::native()) {
  std::string text =
      "#include \"common/cpu/lanes.h\"\n#include \"common/cpu/pointwise.h\"\nnamespace lathe::parameters {\n" +
      parameters + "}\nnamespace lathe::functors {\n" + functors + "}\n#include \"" + kernel + "/" + kernel +
      ".cpu.h\"\nextern \"C\" void entry(const LatheKernelContext *context, int64_t begin, int64_t end) { lathe::" +
      kernel + "(*context, begin, end); }\n";
  return loadKernel("entry", text, target);
}

/// Numbers in [-1, 1) that depend on the seed alone.
inline std::vector<float> randomFloats(size_t count, uint64_t seed) {
  std::vector<float> values(count);
  for (float &value : values) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    value = static_cast<float>(static_cast<int32_t>(seed >> 32)) * 0x1p-31f;
  }
  return values;
}

} // namespace lathe::test
