// llm.det.
#include "ir/llm/IndexOps.h"
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct DetKernel : Kernel {
  StringRef name() const override { return "det"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::DetOp>(root);
    if (!op || !isPlain(op.getX()))
      return;
    std::optional<Expressions> shape = context.shapes.shapeOf(op.getX());
    AffineExpr count = shape ? productOf(context, ArrayRef(*shape).drop_back(2)) : AffineExpr();
    if (!count)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, op.getX());
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.params.assign({shape->back()});
    launch.checks.push_back({(*shape)[shape->size() - 2], shape->back()});
    launch.grid = count;
    launch.threadScratch = shape->back() * shape->back() * 8 + 8;
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(det, lathe::kernels::DetKernel)
