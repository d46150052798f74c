// llm.slice whose starts are expressions of the function's symbols.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct SliceKernel : Kernel {
  StringRef name() const override { return "slice"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::SliceOp>(root);
    if (!op || !isPlain({op.getX(), op.getResult()}))
      return;
    std::optional<Expressions> shape = context.shapes.shapeOf(op.getResult()), from = context.shapes.shapeOf(op.getX());
    std::optional<Expressions> starts = context.shapes.contentOf(op.getStarts());
    if (!shape || !from || !starts || starts->size() != op.getAxes().size())
      return;
    int64_t rank = shape->size();
    Builder builder(op.getContext());
    SmallVector<int64_t> steps(rank, 1);
    Expressions begins(rank, builder.getAffineConstantExpr(0));
    for (auto [index, axis] : ::llvm::enumerate(op.getAxes())) {
      steps[axis] = op.getSteps()[index];
      begins[axis] = (*starts)[index];
    }
    // Outer axes that are taken whole join what follows them.
    Expressions sizes, sizesOfX, startsOfX;
    SmallVector<int64_t> joinedSteps;
    auto isWhole = [&](int64_t axis) {
      return (*shape)[axis] == (*from)[axis] && steps[axis] == 1 && begins[axis] == builder.getAffineConstantExpr(0);
    };
    for (int64_t axis = 0; axis < rank; ++axis) {
      bool joins = axis > 0 && isWhole(axis) && isWhole(axis - 1);
      AffineExpr product = joins ? productOf(context, {sizes.back(), (*shape)[axis]}) : AffineExpr();
      if (product) {
        sizes.back() = sizesOfX.back() = product;
        continue;
      }
      sizes.push_back((*shape)[axis]);
      sizesOfX.push_back((*from)[axis]);
      startsOfX.push_back(begins[axis]);
      joinedSteps.push_back(steps[axis]);
    }
    if (rank == 0)
      return;

    Launch launch = launchOf(op, op.getX());
    launch.set(builder, "rank", static_cast<int64_t>(sizes.size()));
    launch.set(builder, "steps", ArrayRef<int64_t>(joinedSteps));
    launch.setType(builder, "Element", movedTypeText(elementTypeOf(op.getX())));
    for (const Expressions *part : {&sizes, &sizesOfX, &startsOfX})
      launch.params.append(part->begin(), part->end());
    launch.grid = tilesOf(productOf(context, sizes), 4096);
    // A launch whose scratch is below 0 bytes is refused when sizes are met: bounds outside of a table.
    const llm::SizeExpressions &known = context.shapes.sizes();
    for (auto [index, axis] : ::llvm::enumerate(op.getAxes())) {
      AffineExpr start = (*starts)[index], end = known.add(start, (*shape)[axis]);
      if (!llm::constantValue((*from)[axis]) || steps[axis] != 1 || known.upperBound(start).value_or(0) < 0)
        continue;
      for (AffineExpr room : {start, known.sub((*from)[axis], end)}) {
        if (known.isAtLeast(room, 0))
          continue;
        if (!room || (launch.threadScratch && launch.threadScratch != room))
          return;
        launch.threadScratch = room;
      }
    }
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(slice, lathe::kernels::SliceKernel)
