// Runs the tests of a module: functions without arguments that hold check ops. Relies on a backend to compute what is
// checked; `reference` is always there, programs that link a compiler register theirs.
#pragma once

#include "ir/reference/Evaluator.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Pass/Pass.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lathe::check {

/// What a backend computes: `function`, alone in a module of its own, in the llm dialect, with llm.symbols, llm.name
/// and llm.dims as an imported graph has them. Its arguments are the test's inputs, in order; caches are arguments and
/// have the expression of their pages as llm.dims. Weights are `llm.weight` ops whose names are in `weights`.
struct CheckCase {
  mlir::func::FuncOp function;
  std::vector<reference::Tensor> inputs;
  std::map<std::string, reference::Tensor> weights;
};

/// Gives the results of the case's function.
using CheckBackend = std::function<Result<std::vector<reference::Tensor>>(const CheckCase &)>;

/// Makes a backend known to `--run-checks=backend=NAME`. Call it before passes run.
void registerCheckBackend(std::string name, CheckBackend backend);

/// The pass run-checks, and its registration under that name.
std::unique_ptr<mlir::Pass> createRunChecksPass();
void registerRunChecksPass();

} // namespace lathe::check
