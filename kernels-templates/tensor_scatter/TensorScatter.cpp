// llm.tensor_scatter along one axis.
#include "ir/llm/IndexOps.h"
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct TensorScatterKernel : Kernel {
  StringRef name() const override { return "tensor_scatter"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::TensorScatterOp>(root);
    if (!op || !isPlain({op.getX(), op.getUpdate()}))
      return;
    int64_t axis = op.getAxis();
    std::optional<AxisShape> shape = aroundAxis(context, op.getX(), axis);
    std::optional<Expressions> sizes = context.shapes.shapeOf(op.getX());
    std::optional<Expressions> update = context.shapes.shapeOf(op.getUpdate());
    if (!shape || !update)
      return;
    AffineExpr heads = productOf(context, ArrayRef(*sizes).slice(1, axis - 1)), elements = productOf(context, *sizes);
    if (!heads || !elements)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {op.getX(), op.getUpdate()});
    if (op.getStarts())
      launch.inputs.push_back(op.getStarts());
    launch.set(builder, "hasStarts", static_cast<bool>(op.getStarts()));
    launch.set(builder, "circular", op.getCircular());
    launch.setType(builder, "Index", op.getStarts() ? elementTypeText(elementTypeOf(op.getStarts())) : "int64_t");
    launch.setType(builder, "Element", movedTypeText(elementTypeOf(op.getX())));
    launch.params.assign({shape->outer, heads, shape->size, (*update)[axis], shape->inner});
    for (auto [index, size] : ::llvm::enumerate(*sizes))
      if (static_cast<int64_t>(index) != axis)
        launch.checks.push_back({size, (*update)[index]});
    if (op.getStarts()) {
      AffineExpr rows = context.shapes.sizeOf(op.getStarts(), 0);
      if (!rows)
        return;
      launch.checks.push_back({sizes->front(), rows});
    }
    launch.grid = tilesOf(elements, 4096);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(tensor_scatter, lathe::kernels::TensorScatterKernel)
