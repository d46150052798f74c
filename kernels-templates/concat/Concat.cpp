// llm.concat of up to 32 tensors.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct ConcatKernel : Kernel {
  StringRef name() const override { return "concat"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::ConcatOp>(root);
    if (!op || !isPlain(op.getInputs()) || op.getInputs().size() > 32)
      return;
    std::optional<AxisShape> whole = aroundAxis(context, op.getResult(), op.getAxis());
    if (!whole)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, op.getInputs());
    launch.params.push_back(whole->outer);
    for (Value input : op.getInputs()) {
      AffineExpr size = context.shapes.sizeOf(input, op.getAxis());
      AffineExpr row = size ? productOf(context, {size, whole->inner}) : AffineExpr();
      if (!row)
        return;
      launch.params.push_back(row);
    }
    launch.set(builder, "count", static_cast<int64_t>(op.getInputs().size()));
    launch.setType(builder, "Element", movedTypeText(elementTypeOf(op.getResult())));
    launch.grid = tilesOf(productOf(context, {whole->outer, whole->size, whole->inner}), 4096);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(concat, lathe::kernels::ConcatKernel)
