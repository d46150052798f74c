// llm.cumsum along any axis.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct CumSumKernel : Kernel {
  StringRef name() const override { return "cumsum"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::CumSumOp>(root);
    if (!op || !isPlain(op.getX()) || elementTypeOf(op.getX()).isInteger(1))
      return;
    std::optional<AxisShape> shape = aroundAxis(context, op.getX(), op.getAxis());
    if (!shape)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, op.getX());
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.params.assign({shape->outer, shape->size, shape->inner});
    launch.grid = shape->outer * shape->inner.ceilDiv(16);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(cumsum, lathe::kernels::CumSumKernel)
