// llm.transpose: axes that stay neighbours become one.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct TransposeKernel : Kernel {
  StringRef name() const override { return "transpose"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::TransposeOp>(root);
    std::optional<Expressions> shape = op ? context.shapes.shapeOf(op.getResult()) : std::nullopt;
    if (!shape || !isPlain({op.getX(), op.getResult()}))
      return;
    AffineExpr one = getAffineConstantExpr(1, op.getContext());
    SmallVector<int64_t> axes; // of x, in the order of y, without those of size 1
    Expressions sizes;
    for (auto [index, axis] : ::llvm::enumerate(op.getPermutation())) {
      if ((*shape)[index] == one)
        continue;
      axes.push_back(axis);
      sizes.push_back((*shape)[index]);
    }
    // Axes between two that are dropped do not count: number them again, then join runs.
    SmallVector<int64_t> sorted(axes);
    ::llvm::sort(sorted);
    for (int64_t &axis : axes)
      axis = ::llvm::find(sorted, axis) - sorted.begin();
    SmallVector<int64_t> firsts;
    Expressions joined;
    for (size_t i = 0; i < axes.size(); ++i) {
      AffineExpr product =
          i > 0 && axes[i] == axes[i - 1] + 1 ? productOf(context, {joined.back(), sizes[i]}) : AffineExpr();
      if (product) {
        joined.back() = product;
      } else {
        firsts.push_back(axes[i]);
        joined.push_back(sizes[i]);
      }
    }
    SmallVector<int64_t> order(firsts), permutation;
    ::llvm::sort(order);
    for (int64_t first : firsts)
      permutation.push_back(::llvm::find(order, first) - order.begin());
    if (permutation.empty()) {
      permutation.push_back(0);
      joined.push_back(one);
    }

    Builder builder(op.getContext());
    Launch launch = launchOf(op, op.getX());
    launch.set(builder, "rank", static_cast<int64_t>(permutation.size()));
    launch.set(builder, "permutation", ArrayRef<int64_t>(permutation));
    launch.setType(builder, "Element", movedTypeText(elementTypeOf(op.getX())));
    launch.params.assign(joined.begin(), joined.end());
    launch.grid = tilesOf(productOf(context, joined), 4096);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(transpose, lathe::kernels::TransposeKernel)
