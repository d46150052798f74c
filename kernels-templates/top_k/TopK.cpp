// llm.top_k along one axis, by a k that is an expression of the function's symbols.
#include "ir/llm/IndexOps.h"
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct TopKKernel : Kernel {
  StringRef name() const override { return "top_k"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::TopKOp>(root);
    if (!op || !isPlain(op.getX()))
      return;
    std::optional<AxisShape> shape = aroundAxis(context, op.getX(), op.getAxis());
    AffineExpr k = context.shapes.sizeOf(op.getValues(), op.getAxis());
    if (!shape || !k)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, op.getX());
    launch.outputs.push_back(op.getIndices());
    launch.set(builder, "smallest", op.getSmallest());
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.params.assign({shape->outer, shape->size, shape->inner, k});
    // No more than there are: the difference is in [0, 2^40).
    if (AffineExpr rest = context.shapes.sizes().sub(shape->size, k);
        rest && !context.shapes.sizes().isAtLeast(rest, 0))
      launch.checks.push_back({rest.floorDiv(int64_t(1) << 40), builder.getAffineConstantExpr(0)});
    launch.grid = productOf(context, {shape->outer, shape->inner});
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(top_k, lathe::kernels::TopKKernel)
