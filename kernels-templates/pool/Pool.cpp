// llm.pool of any kind.
#include "kernels-templates/ImageWindows.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct PoolKernel : Kernel {
  StringRef name() const override { return "pool"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::PoolOp>(root);
    if (!op || !isPlain(op.getX()))
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, op.getX());
    std::optional<Expressions> out = context.shapes.shapeOf(op.getResult());
    if (!out || !addSpatialSizes(launch, context, op.getX(), op.getResult()))
      return;
    AffineExpr rows = productOf(context, ArrayRef<AffineExpr>(*out).drop_front(2).drop_back());
    AffineExpr images = productOf(context, ArrayRef<AffineExpr>(*out).take_front(2));
    if (!rows || !images)
      return;
    setWindows(launch, builder, llm::windowsOf(op));
    launch.set(builder, "kind",
               int64_t(op.getKind() == "max"       ? 0
                       : op.getKind() == "sum"     ? 1
                       : op.getKind() == "average" ? 2
                                                   : 3));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.grid = images * rows.ceilDiv(8);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(pool, lathe::kernels::PoolKernel)
