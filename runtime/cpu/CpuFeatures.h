// What the CPU this runs on can do, by LLVM's feature names. Relies on CPUID; x86-64 only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lathe {

/// Whether CPU and operating system support a feature ("avx2", "avx512vnni", "f16c"); nothing for a name that is not
/// known here.
std::optional<bool> cpuHasFeature(std::string_view feature);
/// The CPU's brand, e.g. "AMD EPYC", for messages.
std::string cpuName();

} // namespace lathe
