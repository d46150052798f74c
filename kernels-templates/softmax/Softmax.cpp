// llm.softmax along any axis.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct SoftmaxKernel : Kernel {
  StringRef name() const override { return "softmax"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::SoftmaxOp>(root);
    if (!op || !isPlain(op.getX()))
      return;
    std::optional<AxisShape> shape = aroundAxis(context, op.getX(), op.getAxis());
    if (!shape)
      return;
    Builder builder(op.getContext());
    bool last = shape->inner == builder.getAffineConstantExpr(1);
    Launch launch = launchOf(op, op.getX());
    launch.set(builder, "last", last);
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.params.assign({shape->outer, shape->size, shape->inner});
    launch.grid = last ? shape->outer : shape->outer * shape->inner.ceilDiv(16);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(softmax, lathe::kernels::SoftmaxKernel)
