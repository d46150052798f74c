// llm.pool_indices.
#include "kernels-templates/ImageWindows.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct PoolIndicesKernel : Kernel {
  StringRef name() const override { return "pool_indices"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::PoolIndicesOp>(root);
    if (!op || !isPlain(op.getX()))
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, op.getX());
    std::optional<Expressions> out = context.shapes.shapeOf(op.getResult());
    if (!out || !addSpatialSizes(launch, context, op.getX(), op.getResult()))
      return;
    AffineExpr places = productOf(context, ArrayRef<AffineExpr>(*out).drop_front(2));
    AffineExpr images = productOf(context, ArrayRef<AffineExpr>(*out).take_front(2));
    if (!places || !images)
      return;
    setWindows(launch, builder, llm::windowsOf(op));
    launch.set(builder, "columnMajor", bool(op.getColumnMajor()));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.grid = images * places.ceilDiv(256);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(pool_indices, lathe::kernels::PoolIndicesKernel)
