// Registration and verifiers of the plan dialect.
#include "ir/plan/Plan.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace lathe::plan {

LogicalResult GroupOp::verify() {
  Block &block = getBody().front();
  if (block.getNumArguments() != getInputs().size())
    return emitOpError("has ") << getInputs().size() << " operands but its region takes " << block.getNumArguments();
  for (auto [operand, argument] : ::llvm::zip(getInputs(), block.getArguments()))
    if (operand.getType() != argument.getType())
      return emitOpError("operand ") << argument.getArgNumber() << " is " << operand.getType() << ", the region takes "
                                     << argument.getType();
  auto yield = dyn_cast_or_null<YieldOp>(block.empty() ? nullptr : &block.back());
  if (!yield)
    return emitOpError("ends in plan.yield");
  if (yield.getValues().getTypes() != getResultTypes())
    return emitOpError("yields ") << yield.getValues().getTypes() << " but has results " << getResultTypes();
  if (getPacking().size() != getInputs().size())
    return emitOpError("has ") << getInputs().size() << " operands but says the packing of " << getPacking().size();
  if (getWorkspaces().getNumResults() != getPersistent().size())
    return emitOpError("has ") << getWorkspaces().getNumResults() << " workspaces but " << getPersistent().size()
                               << " entries in persistent";
  if (getGrid().getNumResults() != 1 || getThreadScratch().getNumResults() != 1 || getBytesRead().getNumResults() != 1)
    return emitOpError("grid, thread_scratch and bytes_read are one expression each");
  return success();
}

LogicalResult LaunchOp::verify() {
  if (getReads() + getWrites() > getBuffers().size())
    return emitOpError("reads ") << getReads() << " and writes " << getWrites() << " of " << getBuffers().size()
                                 << " buffers";
  for (int64_t index : getUpdates())
    if (index < 0 || index >= static_cast<int64_t>(getReads()))
      return emitOpError("updates buffer ") << index << ", which is none of the " << getReads() << " it reads";
  return success();
}

void PlanDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "ir/plan/PlanTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ir/plan/PlanAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ir/plan/PlanOps.cpp.inc"
      >();
}

} // namespace lathe::plan

#include "ir/plan/PlanDialect.cpp.inc"
#include "ir/plan/PlanEnums.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "ir/plan/PlanTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "ir/plan/PlanAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "ir/plan/PlanOps.cpp.inc"
