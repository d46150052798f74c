// llm.dft, of any length.
#include "ir/llm/ConvolutionOps.h"
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct DftKernel : Kernel {
  StringRef name() const override { return "dft"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::DftOp>(root);
    if (!op || !isPlain(op.getX()))
      return;
    int64_t axis = static_cast<int64_t>(op.getAxis());
    std::optional<Expressions> x = context.shapes.shapeOf(op.getX());
    auto length = context.shapes.elementsOf(op.getLength());
    if (!x || !length || length->size() != 1 || !length->front())
      return;
    ArrayRef<AffineExpr> sizes(*x);
    AffineExpr outer = productOf(context, sizes.take_front(axis)), n = length->front();
    AffineExpr inner = productOf(context, sizes.drop_front(axis + 1).drop_back());
    if (!outer || !inner)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {op.getX(), op.getLength()});
    launch.params.assign({outer, sizes[axis], n, inner});
    launch.set(builder, "parts", tensorTypeOf(op.getX()).getShape().back());
    launch.set(builder, "inverse", bool(op.getInverse()));
    launch.set(builder, "onesided", bool(op.getOnesided()));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.grid = productOf(context, {outer, inner});
    launch.threadScratch = n * (8 * 22) + (64 + 8 * 64);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(dft, lathe::kernels::DftKernel)
