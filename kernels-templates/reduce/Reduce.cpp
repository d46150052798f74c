// llm.reduce of any kind over any axes.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct ReduceKernel : Kernel {
  StringRef name() const override { return "reduce"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::ReduceOp>(root);
    std::optional<Expressions> shape = op ? context.shapes.shapeOf(op.getX()) : std::nullopt;
    if (!shape || !isPlain({op.getX(), op.getResult()}))
      return;
    AffineExpr one = getAffineConstantExpr(1, op.getContext());
    Expressions sizes, kept;
    SmallVector<int64_t> reduced;
    for (auto [axis, size] : ::llvm::enumerate(*shape)) {
      bool isReduced = ::llvm::is_contained(op.getAxes(), static_cast<int64_t>(axis));
      if (!isReduced)
        kept.push_back(size);
      if (size == one)
        continue;
      AffineExpr product =
          !sizes.empty() && reduced.back() == isReduced ? productOf(context, {sizes.back(), size}) : AffineExpr();
      if (product) {
        sizes.back() = product;
      } else {
        sizes.push_back(size);
        reduced.push_back(isReduced);
      }
    }
    if (sizes.empty()) {
      sizes.push_back(one);
      reduced.push_back(1);
    }
    AffineExpr outputs = productOf(context, kept);
    if (!outputs)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, op.getX());
    launch.set(builder, "rank", static_cast<int64_t>(sizes.size()));
    launch.set(builder, "reduced", ArrayRef<int64_t>(reduced));
    launch.set(builder, "kind", static_cast<int64_t>(op.getKind()));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.params.assign(sizes.begin(), sizes.end());
    launch.grid = tilesOf(outputs, 64);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(reduce, lathe::kernels::ReduceKernel)
