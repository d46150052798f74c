// llm.scatter_nd over the leading axes.
#include "ir/llm/IndexOps.h"
#include "kernels-templates/Dense.h"
#include "kernels-templates/Scatter.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct ScatterNdKernel : Kernel {
  StringRef name() const override { return "scatter_nd"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::ScatterNdOp>(root);
    if (!op || !isPlain({op.getX(), op.getIndices()}))
      return;
    std::optional<Expressions> from = context.shapes.shapeOf(op.getX()),
                               indices = context.shapes.shapeOf(op.getIndices()),
                               updates = context.shapes.shapeOf(op.getUpdates());
    if (!from || !indices || !updates)
      return;
    int64_t depth = tensorTypeOf(op.getIndices()).getShape().back();
    ArrayRef<AffineExpr> sizes(*from);
    AffineExpr tuples = productOf(context, ArrayRef(*indices).drop_back()),
               inner = productOf(context, sizes.drop_front(depth));
    AffineExpr elements = productOf(context, sizes);
    if (!tuples || !inner || !elements)
      return;
    Type element = elementTypeOf(op.getX());
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {op.getX(), op.getIndices(), op.getUpdates()});
    launch.set(builder, "depth", depth);
    launch.set(builder, "combine", combineNumber(op.getReduction()));
    launch.setType(builder, "Index", elementTypeText(elementTypeOf(op.getIndices())));
    launch.setType(builder, "Element", op.getReduction() == "none" ? movedTypeText(element) : elementTypeText(element));
    launch.params.assign({elements, tuples, inner});
    launch.params.append(from->begin(), from->begin() + depth);
    Expressions wanted(ArrayRef(*indices).drop_back());
    wanted.append(from->begin() + depth, from->end());
    for (auto [size, same] : ::llvm::zip(wanted, *updates))
      launch.checks.push_back({size, same});
    launch.grid = builder.getAffineConstantExpr(16);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(scatter_nd, lathe::kernels::ScatterNdKernel)
