// llm.route: which experts a token goes to.
#include "ir/llm/MoeOps.h"
#include "kernels-templates/TokenRows.h"

using namespace mlir;

namespace lathe::kernels {
namespace {

class Route : public Kernel {
public:
  StringRef name() const override { return "route"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::RouteOp>(root);
    if (!op || floatText(op.getLogits()).empty() || (op.getBias() && floatText(op.getBias()).empty()))
      return;
    int64_t experts = lastSize(op.getLogits());
    AffineExpr rows = leadingSize(op.getLogits(), 1, context.shapes);
    if (!rows || experts > mostExperts)
      return;
    Builder builder(op.getContext());
    Launch launch;
    launch.ops = {op};
    launch.inputs = {op.getLogits()};
    if (op.getBias())
      launch.inputs.push_back(op.getBias());
    launch.outputs = {op.getWeights(), op.getExperts()};
    launch.set(builder, "experts", experts);
    launch.set(builder, "top", int64_t(op.getTop()));
    launch.set(builder, "bySigmoid", op.getSigmoid());
    launch.set(builder, "normalize", op.getNormalize());
    launch.set(builder, "scale", op.getScale().convertToFloat());
    launch.set(builder, "bias", bool(op.getBias()));
    launch.set(builder, "groups", int64_t(op.getGroups()));
    launch.set(builder, "topGroups", int64_t(op.getTopGroups()));
    launch.set(builder, "groupBest", int64_t(op.getGroupBest()));
    launch.setType(builder, "Input", floatText(op.getLogits()));
    launch.setType(builder, "Output", floatText(op.getWeights()));
    launch.setType(builder, "Bias", op.getBias() ? floatText(op.getBias()) : "float");
    launch.params = {rows};
    launch.grid = rows;
    launches.push_back(std::move(launch));
  }

private:
  static constexpr int64_t mostExperts = 4096; ///< they lie on the stack
};

} // namespace
} // namespace lathe::kernels

LATHE_KERNEL(route, lathe::kernels::Route)
