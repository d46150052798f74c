// llm.range of a length that is known as an expression.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct RangeKernel : Kernel {
  StringRef name() const override { return "range"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::RangeOp>(root);
    if (!op || !isPlain(op.getResult()))
      return;
    Type element = elementTypeOf(op.getResult());
    AffineExpr count = context.shapes.elementCount(op.getResult());
    if (!count || element.isF16() || element.isBF16() || element.isInteger(1))
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {op.getStart(), op.getDelta()});
    launch.setType(builder, "Element", elementTypeText(element));
    launch.params.push_back(count);
    launch.grid = tilesOf(count, 4096);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(range, lathe::kernels::RangeKernel)
