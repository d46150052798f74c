// The order in which a function with sizes that data decides can run: launches whose sizes are known, then what makes
// more of them known, and so on. Relies on a function after select.
#pragma once

#include "ir/plan/Plan.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <vector>

namespace lathe::plan {

/// Groups, then llm.size, llm.if and llm.loop; both in the order of the block.
struct Stage {
  std::vector<GroupOp> groups;
  std::vector<mlir::Operation *> steps;
};
using Stages = std::vector<Stage>;

/// At least one. A group is in the first stage in which its operands and all symbols of its sizes are known; a step at
/// the end of that in which its operands are. Emits an error where no order exists.
llvm::FailureOr<Stages> stagesOf(mlir::func::FuncOp function);

/// The symbols of a map, ascending.
void collectSymbols(mlir::AffineMap map, llvm::SmallVectorImpl<unsigned> &positions);

} // namespace lathe::plan
