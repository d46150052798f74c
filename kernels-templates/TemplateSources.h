// The texts of all templates and of the headers they include, as they lie in the program.
#pragma once

#include "ir/EmbeddedFile.h"

namespace lathe {

/// Names are relative to kernels-templates/: "common/cpu/lanes.h", "linear/linear.cpu.h".
std::span<const EmbeddedFile> templateSources();

} // namespace lathe
