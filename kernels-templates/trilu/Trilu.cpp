// llm.trilu over the last two axes.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct TriluKernel : Kernel {
  StringRef name() const override { return "trilu"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::TriluOp>(root);
    if (!op || !isPlain(op.getX()))
      return;
    int64_t rank = tensorTypeOf(op.getX()).getRank();
    std::optional<AxisShape> shape = aroundAxis(context, op.getX(), rank - 1);
    AffineExpr rows = context.shapes.sizeOf(op.getX(), rank - 2);
    if (!shape || !rows)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, op.getX());
    launch.set(builder, "upper", op.getUpper());
    launch.set(builder, "diagonal", static_cast<int64_t>(op.getDiagonal()));
    launch.setType(builder, "Element", movedTypeText(elementTypeOf(op.getX())));
    launch.params.assign({shape->outer, rows, shape->size});
    launch.grid = shape->outer;
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(trilu, lathe::kernels::TriluKernel)
