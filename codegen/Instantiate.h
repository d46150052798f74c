// The text of a kernel: what a launch of the plan says, in front of its template (docs/architecture.md, Kernels).
// Relies on the templates by name only.
#pragma once

#include "codegen/KernelSource.h"
#include "ir/plan/Plan.h"

#include <mlir/IR/BuiltinOps.h>

namespace lathe {

/// The source of one launch. Launches with the same kernel, parameters and functors get the same text and the same
/// symbol.
KernelSource instantiate(plan::LaunchOp launch);

/// The distinct kernels of all programs, in order of their first launch.
std::vector<KernelSource> kernelSources(mlir::ModuleOp module);

} // namespace lathe
