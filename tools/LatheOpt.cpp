// lathe-opt: any pass on any .mlir with our dialects, and the runner of the number tests (--run-checks).
#include "ir/check/Check.h"
#include "ir/check/RunChecks.h"
#include "ir/llm/Llm.h"
#include "ir/plan/Plan.h"
#include "passes/Passes.h"
#include "tools/check/CpuBackend.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Tools/mlir-opt/MlirOptMain.h>
#include <mlir/Transforms/Passes.h>

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry
      .insert<mlir::func::FuncDialect, lathe::llm::LlmDialect, lathe::plan::PlanDialect, lathe::check::CheckDialect>();
  mlir::registerTransformsPasses();
  lathe::check::registerRunChecksPass();
  lathe::check::registerCheckBackend("cpu", lathe::computeOnCpu);
  lathe::registerLathePasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "lathe-opt: passes over the llm, plan and check dialects", registry));
}
