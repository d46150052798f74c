// llm.attention over values, with every operand and attribute it has.
#include "kernels-templates/Dense.h"
#include "kernels-templates/KeyPattern.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

constexpr int64_t tileQueries = 8;

struct AttentionKernel : Kernel {
  StringRef name() const override { return "attention"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::AttentionOp>(root);
    if (!op || !isPlain(op->getOperands()))
      return;
    auto query = tensorTypeOf(op.getQuery()), key = tensorTypeOf(op.getKey()), value = tensorTypeOf(op.getValue());
    Type element = query.getElementType();
    if (element.isF64() || key.getElementType() != element || value.getElementType() != element ||
        query.isDynamicDim(2) || query.isDynamicDim(3) || key.isDynamicDim(2) || value.isDynamicDim(3))
      return;
    std::optional<Expressions> q = context.shapes.shapeOf(op.getQuery()), k = context.shapes.shapeOf(op.getKey());
    if (!q || !k)
      return;
    int64_t heads = query.getDimSize(2);
    Builder builder(op.getContext());
    Launch launch = launchOf(op, op->getOperands());
    launch.set(builder, "heads", heads);
    launch.set(builder, "kvHeads", key.getDimSize(2));
    launch.set(builder, "headDim", query.getDimSize(3));
    launch.set(builder, "valueDim", value.getDimSize(3));
    launch.set(builder, "scale", op.getScale().convertToFloat());
    launch.set(builder, "softcap", op.getSoftcap().convertToFloat());
    launch.set(builder, "causal", op.getCausal());
    launch.set(builder, "window", static_cast<int64_t>(op.getWindow()));
    launch.set(builder, "ahead", static_cast<int64_t>(op.getAhead()));
    setPattern(op, launch, builder, op.getLastBlocks(), op.getDenseLength());
    int64_t distances = 0;
    if (auto slopes = op.getSlopes() ? tensorTypeOf(op.getSlopes()) : RankedTensorType(); slopes && slopes.getRank() == 2)
      distances = slopes.getDimSize(1);
    if (distances < 0)
      return;
    launch.set(builder, "distances", distances);
    launch.setType(builder, "Element", elementTypeText(element));
    launch.params.assign({(*q)[0], (*q)[1], (*k)[1]});
    auto optional = [&](StringRef has, StringRef type, Value operand, StringRef otherwise) {
      launch.set(builder, has, static_cast<bool>(operand));
      launch.setType(builder, type, operand ? elementTypeText(elementTypeOf(operand)) : otherwise.str());
      return !operand || !elementTypeOf(operand).isF64();
    };
    if (!optional("hasMask", "Mask", op.getMask(), "lathe::Bool") ||
        !optional("hasLengths", "Length", op.getLengths(), "int64_t") ||
        !optional("hasSlopes", "Slope", op.getSlopes(), "float") ||
        !optional("hasSinks", "Sink", op.getSinks(), "float"))
      return;
    if (op.getMask()) {
      if (isa<IntegerType>(elementTypeOf(op.getMask())) && !elementTypeOf(op.getMask()).isInteger(1))
        return;
      std::optional<Expressions> mask = context.shapes.shapeOf(op.getMask());
      if (!mask)
        return;
      mask->insert(mask->begin(), 4 - mask->size(), builder.getAffineConstantExpr(1));
      launch.params.append(mask->begin(), mask->end());
    }
    launch.grid = (*q)[0] * heads * (*q)[1].ceilDiv(tileQueries);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(attention, lathe::kernels::AttentionKernel)
