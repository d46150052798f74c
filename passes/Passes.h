// Declarations of every pass (Passes.td): createX() and registration. Pipelines.h has their order.
#pragma once

#include "ir/llm/Llm.h"
#include "ir/plan/Plan.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Pass/Pass.h>

namespace lathe {

class FusionLog;

/// The passes that tell a log (may be null) why they did not fuse.
std::unique_ptr<mlir::Pass> createFuseMath(FusionLog *log = nullptr);
std::unique_ptr<mlir::Pass> createFuseRope(FusionLog *log = nullptr);
std::unique_ptr<mlir::Pass> createFuseAttention(FusionLog *log = nullptr);
std::unique_ptr<mlir::Pass> createFuseMoe(FusionLog *log = nullptr);
std::unique_ptr<mlir::Pass> createMergeLinears(FusionLog *log = nullptr);

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

/// Registers all passes, and the phases as pipelines, for programs such as lathe-opt.
void registerLathePasses();

} // namespace lathe
