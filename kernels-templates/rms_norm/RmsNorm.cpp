// rms_norm over the last axis, alone or of a sum that is wanted too.
#include "kernels-templates/TokenRows.h"

using namespace mlir;

namespace lathe::kernels {
namespace {

class RmsNorm : public Kernel {
public:
  StringRef name() const override { return "rms_norm"; }
  int benefit() const override { return 2; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto norm = dyn_cast<llm::RmsNormOp>(root);
    if (!norm)
      return;
    auto add = norm.getX().getDefiningOp<llm::AddOp>();
    if (add && add.getLhs().getType() == add.getType() && add.getRhs().getType() == add.getType() &&
        context.shapes.shapeOf(add.getLhs()) == context.shapes.shapeOf(add.getRhs()))
      if (auto launch = build(norm, add, context))
        launches.push_back(std::move(*launch));
    if (auto launch = build(norm, {}, context))
      launches.push_back(std::move(*launch));
  }

private:
  static constexpr int64_t longestSum = 16384; ///< a row of the sum lies on the stack

  static std::optional<Launch> build(llm::RmsNormOp norm, llm::AddOp add, const MatchContext &context) {
    Builder builder(norm.getContext());
    int64_t columns = lastSize(norm.getX());
    AffineExpr rows = leadingSize(norm.getX(), 1, context.shapes);
    std::string input = floatText(norm.getX()), output = floatText(norm.getResult());
    std::string weight = norm.getWeight() ? floatText(norm.getWeight()) : "float";
    if (columns <= 0 || !rows || input.empty() || output.empty() || weight.empty() ||
        (norm.getWeight() && (lastSize(norm.getWeight()) != columns ||
                              cast<RankedTensorType>(norm.getWeight().getType()).getNumElements() != columns)) ||
        (add && columns > longestSum))
      return std::nullopt;
    Launch launch;
    if (add) {
      launch.ops = {add, norm};
      launch.inputs = {add.getLhs(), add.getRhs()};
      if (!add->hasOneUse())
        launch.outputs.push_back(add.getResult());
    } else {
      launch.ops = {norm};
      launch.inputs = {norm.getX()};
    }
    if (norm.getWeight())
      launch.inputs.push_back(norm.getWeight());
    launch.set(builder, "columns", columns);
    launch.set(builder, "inputStride", columns);
    launch.set(builder, "residual", bool(add));
    launch.set(builder, "keepSum", !launch.outputs.empty());
    launch.set(builder, "weight", bool(norm.getWeight()));
    launch.set(builder, "epsilon", norm.getEpsilon().convertToFloat());
    launch.setType(builder, "Input", input);
    launch.setType(builder, "Weight", weight);
    launch.setType(builder, "Output", output);
    launch.outputs.push_back(norm.getResult());
    launch.params = {rows};
    launch.grid = rows;
    return launch;
  }
};

} // namespace
} // namespace lathe::kernels

LATHE_KERNEL(rms_norm, lathe::kernels::RmsNorm)
