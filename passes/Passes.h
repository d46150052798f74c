// Declarations of every pass (Passes.td): createX() and registration. Pipelines.h has their order.
#pragma once

#include "ir/llm/Llm.h"
#include "ir/plan/Plan.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Pass/Pass.h>

namespace lathe {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

/// Registers all passes, and the phases as pipelines, for programs such as lathe-opt.
void registerLathePasses();

} // namespace lathe
