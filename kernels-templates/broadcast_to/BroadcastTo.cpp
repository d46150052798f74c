// llm.broadcast_to: which axes are broadcast along is seen at run time.
#include "kernels-templates/Dense.h"

#include "ir/llm/ControlOps.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct BroadcastToKernel : Kernel {
  StringRef name() const override { return "broadcast_to"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::BroadcastToOp>(root);
    if (!op || !isPlain({op.getX()}))
      return;
    std::optional<Expressions> to = context.shapes.shapeOf(op.getResult()), from = context.shapes.shapeOf(op.getX());
    if (!to || !from)
      return;
    const llm::SizeExpressions &sizes = context.shapes.sizes();
    Builder builder(op.getContext());
    AffineExpr one = builder.getAffineConstantExpr(1);
    from->insert(from->begin(), to->size() - from->size(), one);
    if (to->empty())
      to->push_back(one), from->push_back(one);
    Launch launch = launchOf(op, {op.getX()});
    launch.set(builder, "rank", static_cast<int64_t>(to->size()));
    launch.setType(builder, "Element", movedTypeText(elementTypeOf(op.getX())));
    launch.params.append(*to);
    launch.params.append(*from);
    launch.grid = tilesOf(productOf(context, *to), 4096);
    for (auto [own, wanted] : ::llvm::zip(*from, *to))
      if (own != one && own != wanted)
        launch.checks.push_back(
            {sizes.mul(sizes.sub(own, one), sizes.sub(own, wanted)), builder.getAffineConstantExpr(0)});
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(broadcast_to, lathe::kernels::BroadcastToKernel)
