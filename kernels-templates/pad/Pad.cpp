// llm.pad by pads that are expressions of the function's symbols.
#include "ir/llm/IndexOps.h"
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct PadKernel : Kernel {
  StringRef name() const override { return "pad"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::PadOp>(root);
    if (!op || !isPlain({op.getX(), op.getResult()}))
      return;
    std::optional<Expressions> to = context.shapes.shapeOf(op.getResult()), from = context.shapes.shapeOf(op.getX());
    std::optional<Expressions> pads = context.shapes.contentOf(op.getPads());
    if (!to || !from || !pads || pads->size() != 2 * from->size())
      return;
    AffineExpr one = getAffineConstantExpr(1, op.getContext()), zero = getAffineConstantExpr(0, op.getContext());
    // Axes that get nothing join what they follow; there is at least one axis.
    size_t rank = from->size();
    Expressions sizes, sizesOfX, before, after;
    bool joins = false;
    for (size_t axis = 0; axis < rank; ++axis) {
      bool plain = (*pads)[axis] == zero && (*pads)[axis + rank] == zero;
      AffineExpr product = plain && joins ? productOf(context, {sizes.back(), (*to)[axis]}) : AffineExpr();
      if (product) {
        sizes.back() = sizesOfX.back() = product;
      } else {
        sizes.push_back((*to)[axis]);
        sizesOfX.push_back((*from)[axis]);
        before.push_back((*pads)[axis]);
        after.push_back((*pads)[axis + rank]);
      }
      joins = plain;
    }
    if (rank == 0) {
      sizes = sizesOfX = {one};
      before = after = {zero};
    }
    Builder builder(op.getContext());
    Launch launch = launchOf(op, op.getX());
    if (op.getValue())
      launch.inputs.push_back(op.getValue());
    StringRef mode = op.getMode();
    launch.set(builder, "rank", static_cast<int64_t>(sizes.size()));
    launch.set(builder, "mode",
               static_cast<int64_t>(mode == "constant"  ? 0
                                    : mode == "edge"    ? 1
                                    : mode == "reflect" ? 2
                                                        : 3));
    launch.setType(builder, "Element", movedTypeText(elementTypeOf(op.getX())));
    for (const Expressions *part : {&sizes, &sizesOfX, &before, &after})
      launch.params.append(part->begin(), part->end());
    launch.grid = tilesOf(productOf(context, sizes), 4096);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(pad, lathe::kernels::PadKernel)
