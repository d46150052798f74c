// See DecomposeMoe.h.
#include "passes/plan/DecomposeMoe.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace lathe {

void decomposeMoe(llm::MoeOp moe) {
  OpBuilder builder(moe);
  Location location = moe.getLoc();
  auto type = cast<RankedTensorType>(moe.getX().getType());
  auto route = builder.create<llm::RouteOp>(location, moe.getLogits(), moe.getChoiceBias(), moe.getTop(),
                                            moe.getSigmoid(), moe.getNormalize(), moe.getScale(), moe.getGroups(),
                                            moe.getTopGroups(), moe.getGroupBest());
  Value inner = builder.create<llm::ExpertLinearOp>(location, moe.getX(), route.getExperts(), moe.getGate(),
                                                    moe.getUp(), moe.getGateBias(), moe.getUpBias(),
                                                    moe.getActivationAttr(), moe.getInterleaved(), moe.getAlpha(),
                                                    moe.getOffset(), moe.getLimit(), moe.getInt8Activations());
  Value parts = builder.create<llm::ExpertLinearOp>(
      location, inner, route.getExperts(), moe.getDown(), Value(), moe.getDownBias(), Value(), llm::ActivationAttr(),
      false, APFloat(1.0f), APFloat(0.0f), APFloat(0.0f), moe.getInt8Activations());
  // The sum over the slots: a row of weights times their rows.
  Value weights = route.getWeights();
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = moe.getTop();
  if (cast<RankedTensorType>(moe.getLogits().getType()).getElementType() != type.getElementType())
    weights = builder.create<llm::CastOp>(location, RankedTensorType::get(shape, type.getElementType()), weights);
  weights = builder.create<llm::UnsqueezeOp>(location, weights, ArrayRef<int64_t>{type.getRank() - 1});
  Value sum = builder.create<llm::MatmulOp>(location, weights, parts);
  Value result = builder.create<llm::SqueezeOp>(location, sum, ArrayRef<int64_t>{type.getRank() - 1});
  moe.replaceAllUsesWith(result);
  moe.erase();
}

} // namespace lathe
