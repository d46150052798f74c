// llm.positions, where a kernel wants positions in memory.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct PositionsKernel : Kernel {
  StringRef name() const override { return "positions"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::PositionsOp>(root);
    if (!op)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {});
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getResult())));
    launch.params.append(op.getSizes().getResults().begin(), op.getSizes().getResults().end());
    launch.grid = op.getSizes().getResult(0);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(positions, lathe::kernels::PositionsKernel)
