// llm.scatter_elements along one axis.
#include "ir/llm/IndexOps.h"
#include "kernels-templates/Dense.h"
#include "kernels-templates/Scatter.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct ScatterElementsKernel : Kernel {
  StringRef name() const override { return "scatter_elements"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::ScatterElementsOp>(root);
    if (!op || !isPlain({op.getX(), op.getIndices()}))
      return;
    int64_t axis = op.getAxis();
    std::optional<AxisShape> shape = aroundAxis(context, op.getX(), axis);
    std::optional<Expressions> from = context.shapes.shapeOf(op.getX()),
                               indices = context.shapes.shapeOf(op.getIndices()),
                               updates = context.shapes.shapeOf(op.getUpdates());
    if (!shape || !indices || !updates)
      return;
    Type element = elementTypeOf(op.getX());
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {op.getX(), op.getIndices(), op.getUpdates()});
    launch.set(builder, "rank", static_cast<int64_t>(from->size()));
    launch.set(builder, "axis", axis);
    launch.set(builder, "combine", combineNumber(op.getReduction()));
    launch.setType(builder, "Index", elementTypeText(elementTypeOf(op.getIndices())));
    launch.setType(builder, "Element", op.getReduction() == "none" ? movedTypeText(element) : elementTypeText(element));
    launch.params.append(from->begin(), from->end());
    launch.params.append(indices->begin(), indices->end());
    for (auto [size, same] : ::llvm::zip(*indices, *updates))
      launch.checks.push_back({size, same});
    launch.grid = shape->outer * shape->inner.ceilDiv(64);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(scatter_elements, lathe::kernels::ScatterElementsKernel)
