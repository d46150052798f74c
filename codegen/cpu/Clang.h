// C++ text to a relocatable object, by Clang in this process. Sees no file but the embedded templates.
#pragma once

#include "codegen/KernelSource.h"
#include "ir/Target.h"
#include "runtime/Status.h"

#include <cstddef>
#include <string>
#include <vector>

namespace lathe {

/// An ELF object whose only visible symbol is `source.symbol` (all of them where that is empty), or the compiler's
/// errors with the kernel's description and the lines. Freestanding C++20; a * b + c within an expression is contracted
/// where the CPU can. May be called on several threads at once.
Result<std::vector<std::byte>> compileObject(const KernelSource &source, const Target &target);

/// Everything but text, headers and target that the object depends on, for keys of caches: compiler version and
/// options.
const std::string &compilerFingerprint();

/// The embedded files that `text` includes, directly or not, in the order they are met. Files that are not embedded are
/// left out (the compiler reports them).
std::vector<std::string> includedTemplates(const std::string &text);

} // namespace lathe
