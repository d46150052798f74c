// llm.box: a slice whose bounds are numbers when it runs.
#include "kernels-templates/Dense.h"

#include "ir/llm/ControlOps.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct BoxKernel : Kernel {
  StringRef name() const override { return "box"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::BoxOp>(root);
    std::optional<Expressions> from = op && isPlain({op.getX()}) ? context.shapes.shapeOf(op.getX()) : std::nullopt;
    if (!from || from->empty())
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {op.getX()});
    launch.set(builder, "rank", static_cast<int64_t>(from->size()));
    launch.set(builder, "steps", op.getSteps());
    launch.setType(builder, "Element", movedTypeText(elementTypeOf(op.getX())));
    auto sizes = op.getSizes().getResults(), starts = op.getStarts().getResults();
    launch.params.append(sizes.begin(), sizes.end());
    launch.params.append(*from);
    launch.params.append(starts.begin(), starts.end());
    launch.grid = tilesOf(productOf(context, sizes), 4096);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(box, lathe::kernels::BoxKernel)
