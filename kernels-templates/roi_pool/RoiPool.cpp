// llm.roi_pool of any kind.
#include "ir/llm/ConvolutionOps.h"
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct RoiPoolKernel : Kernel {
  StringRef name() const override { return "roi_pool"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::RoiPoolOp>(root);
    if (!op || !isPlain({op.getX(), op.getRois(), op.getBatches()}))
      return;
    std::optional<Expressions> x = context.shapes.shapeOf(op.getX());
    AffineExpr count = context.shapes.sizeOf(op.getRois(), 0);
    if (!x || !count)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {op.getX(), op.getRois(), op.getBatches()});
    launch.params.assign(x->begin(), x->end());
    launch.params.push_back(count);
    launch.set(builder, "kind", int64_t(op.getKind() == "average" ? 0 : op.getKind() == "max" ? 1 : 2));
    launch.set(builder, "height", static_cast<int64_t>(op.getHeight()));
    launch.set(builder, "width", static_cast<int64_t>(op.getWidth()));
    launch.set(builder, "sampling", static_cast<int64_t>(op.getSampling()));
    launch.set(builder, "scale", op.getScale().convertToFloat());
    launch.set(builder, "halfPixel", bool(op.getHalfPixel()));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.setType(builder, "Edge", elementTypeText(elementTypeOf(op.getRois())));
    launch.setType(builder, "Index", elementTypeText(elementTypeOf(op.getBatches())));
    launch.grid = productOf(context, {count, (*x)[1]});
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(roi_pool, lathe::kernels::RoiPoolKernel)
