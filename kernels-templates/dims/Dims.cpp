// llm.dims, where a kernel reads a shape as data.
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct DimsKernel : Kernel {
  StringRef name() const override { return "dims"; }

  void match(Operation *root, const MatchContext &, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::DimsOp>(root);
    if (!op)
      return;
    Builder builder(op.getContext());
    Launch launch = launchOf(op, {});
    launch.set(builder, "count", static_cast<int64_t>(op.getExpressions().getNumResults()));
    launch.params.append(op.getExpressions().getResults().begin(), op.getExpressions().getResults().end());
    launch.grid = builder.getAffineConstantExpr(1);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(dims, lathe::kernels::DimsKernel)
