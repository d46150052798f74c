// llm.convolution, not transposed.
#include "kernels-templates/ImageWindows.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

constexpr int64_t tilePlaces = 48, tileOutputs = 64, blockRows = 8;

struct ConvolutionKernel : Kernel {
  StringRef name() const override { return "convolution"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::ConvolutionOp>(root);
    if (!op || !isPlain({op.getX(), op.getWeight()}) || elementTypeOf(op.getX()).isInteger(1) || op.getTransposed())
      return;
    auto weight = tensorTypeOf(op.getWeight());
    int64_t groups = static_cast<int64_t>(op.getGroups()), outputs = op.outputsOfGroup(),
            channels = op.channelsOfGroup(), taps = 1;
    for (int64_t size : weight.getShape().drop_front(2))
      taps *= size;
    SmallVector<Value> inputs = {op.getX(), op.getWeight()};
    if (op.getBias())
      inputs.push_back(op.getBias());
    Builder builder(op.getContext());
    Launch launch = launchOf(op, inputs);
    std::optional<Expressions> out = context.shapes.shapeOf(op.getResult());
    if (!out || !addSpatialSizes(launch, context, op.getX(), op.getResult()))
      return;
    AffineExpr places = productOf(context, ArrayRef<AffineExpr>(*out).drop_front(2));
    if (!places)
      return;
    setWindows(launch, builder, llm::windowsOf(op));
    launch.set(builder, "groups", groups);
    launch.set(builder, "channels", channels);
    launch.set(builder, "outputs", outputs);
    launch.set(builder, "bias", bool(op.getBias()));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.grid = out->front() * groups * places.ceilDiv(tilePlaces) * ((outputs + tileOutputs - 1) / tileOutputs);
    int64_t bytes = elementTypeOf(op.getX()).getIntOrFloatBitWidth() == 64 ? 8 : 4;
    launch.threadScratch =
        builder.getAffineConstantExpr(64 + channels * taps * (tilePlaces + blockRows) * bytes + taps * tilePlaces * 16);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(convolution, lathe::kernels::ConvolutionKernel)
