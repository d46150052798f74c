// llm.resample in any mode.
#include "ir/llm/ConvolutionOps.h"
#include "kernels-templates/Dense.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

/// The index of a text in a list that has it.
int64_t indexOf(StringRef text, std::initializer_list<StringRef> texts) {
  return std::find(texts.begin(), texts.end(), text) - texts.begin();
}

struct ResampleKernel : Kernel {
  StringRef name() const override { return "resample"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::ResampleOp>(root);
    if (!op || !isPlain(op.getX()))
      return;
    int64_t axis = static_cast<int64_t>(op.getAxis());
    std::optional<AxisShape> from = aroundAxis(context, op.getX(), axis);
    AffineExpr size = context.shapes.sizeOf(op.getResult(), axis);
    AffineExpr pairs = from ? productOf(context, {from->outer, from->inner}) : AffineExpr();
    if (!pairs || !size)
      return;
    SmallVector<Value> inputs = {op.getX(), op.getSize()};
    for (Value value : {op.getScale(), op.getRoi()})
      if (value)
        inputs.push_back(value);
    Builder builder(op.getContext());
    Launch launch = launchOf(op, inputs);
    launch.params.assign({from->outer, from->size, size, from->inner});
    launch.set(builder, "mode", indexOf(op.getMode(), {"nearest", "linear", "cubic"}));
    launch.set(builder, "coordinates",
               indexOf(op.getCoordinates(), {"half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "asymmetric",
                                             "tf_half_pixel", "align_corners", "crop"}));
    launch.set(builder, "rounding", indexOf(op.getRounding(), {"floor", "ceil", "prefer_floor", "prefer_ceil"}));
    launch.set(builder, "cubicCoefficient", op.getCubicCoefficient().convertToFloat());
    launch.set(builder, "outsideValue", op.getOutside().convertToFloat());
    launch.set(builder, "excludeOutside", bool(op.getExcludeOutside()));
    launch.set(builder, "antialias", bool(op.getAntialias()));
    launch.set(builder, "hasScale", bool(op.getScale()));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.setType(builder, "Scale", op.getScale() ? elementTypeText(elementTypeOf(op.getScale())) : "float");
    launch.setType(builder, "Roi", op.getRoi() ? elementTypeText(elementTypeOf(op.getRoi())) : "float");
    launch.grid = pairs.ceilDiv(256) * size;
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(resample, lathe::kernels::ResampleKernel)
