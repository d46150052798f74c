// What code is generated for: "cpu:native", "cpu:x86-64-v3", "cpu:znver4". Relies on LLVM's tables of CPUs, and for the
// machine's own CPU on what it says of itself.
#pragma once

#include "runtime/Status.h"

#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// A target and the facts that kernels, passes and the compiler ask of it. Made by `parse` or `native`.
class Target {
public:
  /// `text` is "cpu" (= "cpu:native") or "cpu:NAME" with any x86-64 -mcpu name that has at least SSE4.2 (x86-64-v2).
  static Result<Target> parse(std::string_view text);
  /// The CPU this process runs on, with the features it reports (a virtual machine may hide some).
  static const Target &native();

  /// "cpu:znver4": names a section of an artifact; the same code for the same name but for features a machine hides.
  std::string print() const { return "cpu:" + cpu_; }
  /// The name as Clang's -target-cpu takes it.
  const std::string &cpu() const { return cpu_; }
  /// LLVM's names of what generated code may use, sorted: "avx2", "fma", "avx512f", "avx512vnni". The runtime refuses
  /// the code on a CPU without one of them.
  const std::vector<std::string> &features() const { return features_; }
  /// Clang's -target-feature values that make `cpu()` have exactly `features()`: "-avx512bf16"; mostly none.
  const std::vector<std::string> &adjustments() const { return adjustments_; }
  bool has(std::string_view feature) const;
  /// Bytes of a vector register: 16, 32 or 64.
  unsigned vectorBytes() const;
  /// Everything code generation depends on, as one line for keys of caches.
  std::string fingerprint() const;

private:
  std::string cpu_;
  std::vector<std::string> features_, adjustments_;
};

} // namespace lathe
