// llm.grid_sample in any mode.
#include "ir/llm/ConvolutionOps.h"
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct GridSampleKernel : Kernel {
  StringRef name() const override { return "grid_sample"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::GridSampleOp>(root);
    if (!op || !isPlain({op.getX(), op.getPlaces()}))
      return;
    std::optional<Expressions> x = context.shapes.shapeOf(op.getX()), places = context.shapes.shapeOf(op.getPlaces());
    if (!x || !places)
      return;
    AffineExpr count = productOf(context, ArrayRef<AffineExpr>(*places).drop_front().drop_back());
    if (!count)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {op.getX(), op.getPlaces()});
    launch.params.assign({(*x)[0], (*x)[1], count});
    launch.params.append(x->begin() + 2, x->end());
    launch.set(builder, "spatial", static_cast<int64_t>(x->size()) - 2);
    launch.set(builder, "mode", int64_t(op.getMode() == "nearest" ? 0 : op.getMode() == "linear" ? 1 : 2));
    launch.set(builder, "padding", int64_t(op.getPadding() == "zeros" ? 0 : op.getPadding() == "border" ? 1 : 2));
    launch.set(builder, "alignCorners", bool(op.getAlignCorners()));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.setType(builder, "Place", elementTypeText(elementTypeOf(op.getPlaces())));
    launch.grid = x->front() * count.ceilDiv(64);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(grid_sample, lathe::kernels::GridSampleKernel)
