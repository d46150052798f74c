// llm.non_zero.
#include "kernels-templates/Dense.h"

#include "ir/llm/ControlOps.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct NonZeroKernel : Kernel {
  StringRef name() const override { return "non_zero"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::NonZeroOp>(root);
    if (!op || !isPlain({op.getX(), op.getCount()}))
      return;
    std::optional<Expressions> shape = context.shapes.shapeOf(op.getX());
    AffineExpr count = context.shapes.sizeOf(op.getResult(), 1);
    if (!shape || !count)
      return;
    Builder builder(op.getContext());
    if (shape->empty())
      shape->push_back(builder.getAffineConstantExpr(1));
    Launch launch = launchOf(op, {op.getX(), op.getCount()});
    launch.set(builder, "rank", static_cast<int64_t>(shape->size()));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.params.push_back(count);
    launch.params.append(*shape);
    launch.grid = builder.getAffineConstantExpr(1);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(non_zero, lathe::kernels::NonZeroKernel)
