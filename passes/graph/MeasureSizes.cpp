// measure-sizes: sizes that are no expression of the inputs' sizes are computed by ops and become symbols (llm.size).
// Relies on SymbolicShapes for what is known; MeasuredSizes.cpp has the arithmetic of each op.
#include "passes/Passes.h"
#include "passes/graph/MeasuredSizes.h"

#include "ir/llm/ControlOps.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_MEASURESIZES
#include "passes/Passes.h.inc"

namespace {

struct MeasureSizes : impl::MeasureSizesBase<MeasureSizes> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    constexpr int64_t mostRounds = 1000;
    for (int64_t round = 0;; ++round) {
      // What a round makes known is seen by the next one.
      llm::SymbolicShapes shapes(function);
      MeasuredSizes measured(function, shapes);
      int64_t changed = 0;
      for (Operation &op : ::llvm::make_early_inc_range(function.getBody().front()))
        if (isUnknown(&op, shapes) && measured.measure(&op))
          ++changed;
      measuredCount += measured.count();
      if (changed == 0)
        return;
      if (round == mostRounds) {
        function.emitError("has more than ") << mostRounds << " sizes that data decides one after another";
        return signalPassFailure();
      }
    }
  }

  /// Whether the sizes of a result are not known while those of all operands are.
  static bool isUnknown(Operation *op, const llm::SymbolicShapes &shapes) {
    if (isa<func::ReturnOp, llm::IfOp, llm::LoopOp>(op) || op->getNumResults() == 0 || op->getNumRegions() != 0)
      return false;
    auto known = [&](Value value) { return !isa<RankedTensorType>(value.getType()) || shapes.shapeOf(value); };
    return !::llvm::all_of(op->getResults(), known) && ::llvm::all_of(op->getOperands(), known);
  }
};

} // namespace
} // namespace lathe
