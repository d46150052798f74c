// rope over (batch, tokens, heads, headDim), read in place from a wider buffer where it is a slice of one.
#include "kernels-templates/Rotations.h"

using namespace mlir;

namespace lathe::kernels {
namespace {

class Rope : public Kernel {
public:
  StringRef name() const override { return "rope"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto rope = dyn_cast<llm::RopeOp>(root);
    if (!rope || !canRotate(rope))
      return;
    auto type = cast<RankedTensorType>(rope.getX().getType());
    int64_t heads = type.getDimSize(2), headDim = type.getDimSize(3);
    AffineExpr rows = leadingSize(rope.getX(), 2, context.shapes);
    if (!rows || context.shapes.elementCount(rope.getPositions()) != context.shapes.sizes().canonical(rows))
      return;
    for (bool slices : {true, false})
      for (bool casts : {true, false}) {
        TokenRows x = slices ? tokenRows(rope.getX(), heads * headDim, context.shapes)
                             : TokenRows{rope.getX(), 0, heads * headDim, {}};
        SmallVector<Operation *> passed;
        Value positions = casts ? behindViews(rope.getPositions(), true, &passed) : Value(rope.getPositions());
        auto index = cast<RankedTensorType>(positions.getType()).getElementType();
        if ((slices && x.passed.empty()) || (casts && passed.empty()) || (!index.isInteger(32) && !index.isInteger(64)))
          continue;
        Builder builder(root->getContext());
        Launch launch;
        launch.ops = {rope};
        addOps(launch.ops, x.passed);
        addOps(launch.ops, passed);
        sortOps(launch.ops);
        launch.recomputed.insert(passed.begin(), passed.end());
        launch.recomputed.insert(x.passed.begin(), x.passed.end());
        launch.inputs = {x.base, positions};
        launch.set(builder, "heads", heads);
        launch.set(builder, "headDim", headDim);
        launch.set(builder, "inputStride", x.stride);
        launch.set(builder, "inputOffset", x.offset);
        setRotation(launch, builder, rope);
        launch.setType(builder, "Input", floatText(x.base));
        launch.setType(builder, "Index", elementTypeText(index));
        launch.setType(builder, "Output", floatText(rope.getResult()));
        launch.outputs = {rope.getResult()};
        launch.params = {rows};
        launch.grid = rows;
        launches.push_back(std::move(launch));
      }
  }
};

} // namespace
} // namespace lathe::kernels

LATHE_KERNEL(rope, lathe::kernels::Rope)
