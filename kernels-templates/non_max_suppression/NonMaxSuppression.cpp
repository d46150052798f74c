// llm.non_max_suppression.
#include "kernels-templates/Dense.h"

#include "ir/llm/ControlOps.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

struct NonMaxSuppressionKernel : Kernel {
  StringRef name() const override { return "non_max_suppression"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::NonMaxSuppressionOp>(root);
    std::optional<Expressions> boxes = op ? context.shapes.shapeOf(op.getBoxes()) : std::nullopt,
                               scores = op ? context.shapes.shapeOf(op.getScores()) : std::nullopt;
    if (!boxes || !scores)
      return;
    Builder builder(op.getContext());
    Launch launch;
    launch.ops.push_back(op);
    launch.inputs.assign({op.getBoxes(), op.getScores(), op.getMost(), op.getIouThreshold()});
    if (op.getScoreThreshold())
      launch.inputs.push_back(op.getScoreThreshold());
    launch.outputs.append(op->result_begin(), op->result_end());
    launch.set(builder, "hasScoreThreshold", static_cast<bool>(op.getScoreThreshold()));
    launch.set(builder, "centered", op.getCentered());
    launch.params.assign({(*scores)[0], (*scores)[1], (*scores)[2]});
    launch.workspaces.push_back({(*scores)[2]});
    launch.checks.push_back({(*boxes)[0], (*scores)[0]});
    launch.checks.push_back({(*boxes)[1], (*scores)[2]});
    launch.grid = builder.getAffineConstantExpr(1);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(non_max_suppression, lathe::kernels::NonMaxSuppressionKernel)
