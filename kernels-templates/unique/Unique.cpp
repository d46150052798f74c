// llm.unique.
#include "kernels-templates/Dense.h"

#include "ir/llm/ControlOps.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct UniqueKernel : Kernel {
  StringRef name() const override { return "unique"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::UniqueOp>(root);
    std::optional<AxisShape> shape =
        op && isPlain({op.getX()}) ? aroundAxis(context, op.getX(), op.getAxis()) : std::nullopt;
    if (!shape)
      return;
    Builder builder(op.getContext());
    Launch launch;
    launch.ops.push_back(op);
    launch.inputs.push_back(op.getX());
    launch.outputs.append(op->result_begin(), op->result_end());
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.set(builder, "sorted", op.getSorted());
    launch.params.assign({shape->outer, shape->size, shape->inner});
    launch.workspaces.push_back({shape->size * 8});
    launch.workspaces.push_back({shape->size * 8});
    launch.grid = builder.getAffineConstantExpr(1);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(unique, lathe::kernels::UniqueKernel)
