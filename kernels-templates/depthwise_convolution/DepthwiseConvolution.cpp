// llm.convolution with few channels and outputs in a group.
#include "kernels-templates/ImageWindows.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

constexpr int64_t tileRows = 8, tileColumns = 256, mostScratch = 1 << 20;

struct DepthwiseConvolution : Kernel {
  StringRef name() const override { return "depthwise_convolution"; }
  int benefit() const override { return 2; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::ConvolutionOp>(root);
    if (!op || !isPlain({op.getX(), op.getWeight()}) || elementTypeOf(op.getX()).isInteger(1) || op.getTransposed())
      return;
    int64_t groups = static_cast<int64_t>(op.getGroups()), outputs = op.outputsOfGroup(),
            channels = op.channelsOfGroup();
    auto windows = llm::windowsOf(op);
    if (outputs > 2 || channels > 2 || windows.size() > 2)
      return;
    llm::Window rowWindow = windows.size() == 2 ? windows.front() : llm::Window(), columns = windows.back();
    if (rowWindow.stride > 64 || rowWindow.extent() > 1024 || columns.stride > 64 || columns.extent() > 1024)
      return;
    int64_t phase = tileColumns + (columns.extent() + columns.stride - 1) / columns.stride;
    int64_t values = channels * ((tileRows - 1) * rowWindow.stride + rowWindow.extent()) * phase * columns.stride;
    if (values * 8 > mostScratch)
      return;
    SmallVector<Value> inputs = {op.getX(), op.getWeight()};
    if (op.getBias())
      inputs.push_back(op.getBias());
    Builder builder(op.getContext());
    Launch launch = launchOf(op, inputs);
    std::optional<Expressions> out = context.shapes.shapeOf(op.getResult());
    if (!out || !addSpatialSizes(launch, context, op.getX(), op.getResult()))
      return;
    AffineExpr rows = windows.size() == 2 ? (*out)[2] : builder.getAffineConstantExpr(1);
    setWindows(launch, builder, windows);
    launch.set(builder, "groups", groups);
    launch.set(builder, "channels", channels);
    launch.set(builder, "outputs", outputs);
    launch.set(builder, "bias", bool(op.getBias()));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.grid = out->front() * (groups * outputs) * rows.ceilDiv(tileRows) * out->back().ceilDiv(tileColumns);
    launch.threadScratch = builder.getAffineConstantExpr(64 + values * 8);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(depthwise_convolution, lathe::kernels::DepthwiseConvolution)
