// decompose-composites: composite ops that no kernel computes as such become the primitive ops that say the same.
#include "passes/Passes.h"
#include "passes/plan/DecomposeMoe.h"
#include "passes/plan/DecomposeUnsized.h"

#include "kernels-templates/Catalog.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_DECOMPOSECOMPOSITES
#include "passes/Passes.h.inc"

namespace {

Value activate(OpBuilder &builder, Location location, llm::Activation activation, Value x) {
  switch (activation) {
  case llm::Activation::silu:
    return builder.create<llm::SiluOp>(location, x);
  case llm::Activation::gelu:
    return builder.create<llm::GeluOp>(location, x, false);
  case llm::Activation::gelu_tanh:
    return builder.create<llm::GeluOp>(location, x, true);
  case llm::Activation::relu:
    return builder.create<llm::ReluOp>(location, x);
  case llm::Activation::sigmoid:
    return builder.create<llm::SigmoidOp>(location, x);
  }
  llvm_unreachable("an activation of the enum");
}

/// A linear map whose weight is computed when the model runs: a product.
void decomposeLinear(llm::LinearOp linear) {
  OpBuilder builder(linear);
  Location location = linear.getLoc();
  auto x = cast<RankedTensorType>(linear.getX().getType()), type = cast<RankedTensorType>(linear.getWeight().getType());
  Value right = linear.getWeight();
  auto transpose = right.getDefiningOp<llm::TransposeOp>();
  right = transpose ? transpose.getX() : builder.create<llm::TransposeOp>(location, right, ArrayRef<int64_t>{1, 0});
  if (type.getElementType() != x.getElementType())
    right = builder.create<llm::CastOp>(
        location, RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)}, x.getElementType()), right);
  Value result = builder.create<llm::MatmulOp>(location, linear.getX(), right);
  if (linear.getBias())
    result = builder.create<llm::AddOp>(location, result, linear.getBias());
  linear.replaceAllUsesWith(result);
  linear.erase();
}

struct DecomposeComposites : impl::DecomposeCompositesBase<DecomposeComposites> {
  void runOnOperation() override {
    getOperation().walk([&](llm::MoeOp moe) {
      decomposeMoe(moe);
      ++decomposedCount;
    });
    decomposedCount += decomposeUnsized(getOperation());
    getOperation().walk([&](llm::LinearOp linear) {
      Type element = cast<RankedTensorType>(linear.getWeight().getType()).getElementType();
      if (!isa<FloatType>(element) || kernels::isWeight(linear.getWeight()))
        return;
      decomposeLinear(linear);
      ++decomposedCount;
    });
    getOperation().walk([&](llm::GluOp glu) {
      if (!glu.getUp() && glu.getGate().getDefiningOp<llm::LinearOp>() && glu.getGate().hasOneUse())
        return;
      OpBuilder builder(glu);
      Location location = glu.getLoc();
      Value gate = glu.getGate(), up = glu.getUp();
      auto type = glu.getType();
      if (!up) {
        int64_t axis = type.getRank() - 1, half = type.getDimSize(axis);
        if (ShapedType::isDynamic(half))
          return;
        auto bound = [&](int64_t value) {
          return builder.create<llm::ConstantOp>(location, builder.getI64TensorAttr({value}));
        };
        auto slice = [&](int64_t from, int64_t to) {
          return builder.create<llm::SliceOp>(location, type, glu.getGate(), bound(from), bound(to),
                                              ArrayRef<int64_t>{axis}, ArrayRef<int64_t>{1});
        };
        gate = slice(0, half), up = slice(half, 2 * half);
      }
      Value product = builder.create<llm::MulOp>(location, activate(builder, location, glu.getActivation(), gate), up);
      glu.replaceAllUsesWith(product);
      glu.erase();
      ++decomposedCount;
    });
  }
};

} // namespace
} // namespace lathe
