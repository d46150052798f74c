// llm.gather along one axis.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct GatherKernel : Kernel {
  StringRef name() const override { return "gather"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::GatherOp>(root);
    if (!op || !isPlain({op.getX(), op.getIndices()}))
      return;
    std::optional<AxisShape> shape = aroundAxis(context, op.getX(), op.getAxis());
    AffineExpr count = context.shapes.elementCount(op.getIndices());
    if (!shape || !count)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {op.getX(), op.getIndices()});
    launch.params.assign({shape->outer, shape->size, count, shape->inner});
    launch.setType(builder, "Index", elementTypeText(elementTypeOf(op.getIndices())));
    launch.setType(builder, "Element", movedTypeText(elementTypeOf(op.getX())));
    launch.grid = tilesOf(productOf(context, {shape->outer, count, shape->inner}), 4096);
    // A launch whose scratch is below 0 bytes is refused when sizes are met: positions beyond the last row of a table.
    auto positions = op.getIndices().getDefiningOp<llm::PositionsOp>();
    if (positions && llm::constantValue(shape->size)) {
      ArrayRef<AffineExpr> sizes = positions.getSizes().getResults();
      launch.threadScratch = shape->size - sizes[1] - sizes[2];
    }
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(gather, lathe::kernels::GatherKernel)
