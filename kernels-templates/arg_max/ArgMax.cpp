// llm.arg_max along one axis.
#include "ir/llm/IndexOps.h"
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct ArgMaxKernel : Kernel {
  StringRef name() const override { return "arg_max"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::ArgMaxOp>(root);
    if (!op || !isPlain(op.getX()))
      return;
    std::optional<AxisShape> shape = aroundAxis(context, op.getX(), op.getAxis());
    if (!shape)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, op.getX());
    launch.set(builder, "smallest", op.getSmallest());
    launch.set(builder, "latest", op.getLast());
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.params.assign({shape->outer, shape->size, shape->inner});
    launch.grid = shape->outer * shape->inner.ceilDiv(64);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(arg_max, lathe::kernels::ArgMaxKernel)
