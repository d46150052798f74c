// quantize-activations: linears whose weight is block-quantised get int8 activations, unless f32 is asked for.
#include "passes/Passes.h"

#include "ir/llm/MoeOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_QUANTIZEACTIVATIONS
#define GEN_PASS_DEF_VERIFYQUANTIZED
#include "passes/Passes.h.inc"

namespace {

bool isBlocks(Value weight) {
  return isa<llm::BlockType>(cast<RankedTensorType>(weight.getType()).getElementType());
}
bool hasBlockWeight(llm::LinearOp linear) { return isBlocks(linear.getWeight()); }

struct VerifyQuantized : impl::VerifyQuantizedBase<VerifyQuantized> {
  void runOnOperation() override {
    getOperation().walk([&](llm::LinearOp linear) {
      if (linear.getInt8Activations() && !hasBlockWeight(linear)) {
        linear.emitOpError("has int8 activations but a weight of ") << linear.getWeight().getType();
        signalPassFailure();
      }
    });
  }
};

struct QuantizeActivations : impl::QuantizeActivationsBase<QuantizeActivations> {
  using QuantizeActivationsBase::QuantizeActivationsBase;

  void runOnOperation() override {
    if (compute != "f32" && compute != "int8" && compute != "auto") {
      getOperation().emitError("unknown compute type '") << compute << "'; known: f32, int8, auto";
      return signalPassFailure();
    }
    getOperation().walk([&](llm::LinearOp linear) {
      bool int8 = hasBlockWeight(linear) && compute != "f32";
      linear.setInt8Activations(int8);
      (int8 ? quantizedCount : keptCount) += 1;
    });
    getOperation().walk([&](llm::MoeOp moe) {
      bool int8 = isBlocks(moe.getGate()) && isBlocks(moe.getDown()) && compute != "f32";
      moe.setInt8Activations(int8);
      (int8 ? quantizedCount : keptCount) += 1;
    });
  }
};

} // namespace
} // namespace lathe
