// llm.layer_norm over the last axis.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct LayerNormKernel : Kernel {
  StringRef name() const override { return "layer_norm"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::LayerNormOp>(root);
    if (!op || !isPlain(op->getOperands()) || elementTypeOf(op.getX()).isF64())
      return;
    std::optional<AxisShape> shape = aroundAxis(context, op.getX(), tensorTypeOf(op.getX()).getRank() - 1);
    if (!shape)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, op->getOperands());
    launch.set(builder, "epsilon", op.getEpsilon().convertToFloat());
    launch.set(builder, "hasBias", static_cast<bool>(op.getBias()));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.setType(builder, "Weight", elementTypeText(elementTypeOf(op.getWeight())));
    launch.setType(builder, "Bias", op.getBias() ? elementTypeText(elementTypeOf(op.getBias())) : "float");
    launch.params.assign({shape->outer, shape->size});
    launch.grid = shape->outer;
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(layer_norm, lathe::kernels::LayerNormKernel)
