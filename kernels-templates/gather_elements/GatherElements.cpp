// llm.gather_elements along one axis.
#include "ir/llm/IndexOps.h"
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct GatherElementsKernel : Kernel {
  StringRef name() const override { return "gather_elements"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::GatherElementsOp>(root);
    if (!op || !isPlain({op.getX(), op.getIndices()}))
      return;
    std::optional<Expressions> from = context.shapes.shapeOf(op.getX()), to = context.shapes.shapeOf(op.getIndices());
    if (!from || !to)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {op.getX(), op.getIndices()});
    launch.set(builder, "rank", static_cast<int64_t>(from->size()));
    launch.set(builder, "axis", static_cast<int64_t>(op.getAxis()));
    launch.setType(builder, "Index", elementTypeText(elementTypeOf(op.getIndices())));
    launch.setType(builder, "Element", movedTypeText(elementTypeOf(op.getX())));
    launch.params.append(to->begin(), to->end());
    launch.params.append(from->begin(), from->end());
    launch.grid = tilesOf(productOf(context, *to), 4096);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(gather_elements, lathe::kernels::GatherElementsKernel)
