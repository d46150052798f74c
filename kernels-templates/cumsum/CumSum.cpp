// llm.cumsum and llm.cumprod along any axis.
#include "ir/llm/IndexOps.h"
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct CumSumKernel : Kernel {
  StringRef name() const override { return "cumsum"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto sums = dyn_cast<llm::CumSumOp>(root);
    auto products = dyn_cast<llm::CumProdOp>(root);
    if ((!sums && !products) || !isPlain(root->getOperand(0)) || elementTypeOf(root->getOperand(0)).isInteger(1))
      return;
    Value x = root->getOperand(0);
    std::optional<AxisShape> shape = aroundAxis(context, x, sums ? sums.getAxis() : products.getAxis());
    if (!shape)
      return;
    Builder builder(root->getContext());
    Launch launch = launchOf(root, x);
    launch.set(builder, "multiplies", static_cast<bool>(products));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(x)));
    launch.params.assign({shape->outer, shape->size, shape->inner});
    launch.grid = shape->outer * shape->inner.ceilDiv(16);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(cumsum, lathe::kernels::CumSumKernel)
