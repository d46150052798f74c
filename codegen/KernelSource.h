// One kernel as text: what code generation hands to a target's compiler.
#pragma once

#include <string>

namespace lathe {

struct KernelSource {
  /// The extern "C" function of `text` that stays visible; everything else in it becomes private to the kernel. Two
  /// kernels that are linked together have different symbols. A symbol made from the text's hash lets models share
  /// cache entries.
  std::string symbol;
  /// Preamble, includes of templates (names as in TemplateSources.h) and the entry.
  std::string text;
  /// Template and parameters, for people: "linear q4_1 960x576 int8".
  std::string description;
};

} // namespace lathe
