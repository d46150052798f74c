// llm.convolution, transposed.
#include "kernels-templates/ImageWindows.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

constexpr int64_t tilePlaces = 96, tileOutputs = 64, blockRows = 8, mostPhases = 4096;

/// Taps that one place sees at most along an axis.
int64_t mostTaps(const llm::Window &window) {
  int64_t most = 0;
  for (int64_t phase = 0; phase < std::min(window.stride, window.kernel * window.dilation); ++phase) {
    int64_t count = 0;
    for (int64_t k = 0; k < window.kernel; ++k)
      count += k * window.dilation % window.stride == phase;
    most = std::max(most, count);
  }
  return most;
}

struct TransposedConvolution : Kernel {
  StringRef name() const override { return "transposed_convolution"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::ConvolutionOp>(root);
    if (!op || !isPlain({op.getX(), op.getWeight()}) || elementTypeOf(op.getX()).isInteger(1) || !op.getTransposed())
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
    auto windows = llm::windowsOf(op);
    AffineExpr places = builder.getAffineConstantExpr(1);
    int64_t phases = 1, seen = 1;
    for (auto [window, size] : ::llvm::zip(windows, ArrayRef<AffineExpr>(*out).drop_front(2))) {
      if (window.stride > mostPhases || phases * window.stride > mostPhases)
        return;
      places = places * size.ceilDiv(window.stride);
      phases *= window.stride;
      seen *= mostTaps(window);
    }
    setWindows(launch, builder, windows);
    launch.set(builder, "groups", groups);
    launch.set(builder, "channels", channels);
    launch.set(builder, "outputs", outputs);
    launch.set(builder, "mostSeen", seen);
    launch.set(builder, "bias", bool(op.getBias()));
    launch.setType(builder, "Element", elementTypeText(elementTypeOf(op.getX())));
    launch.grid =
        out->front() * (groups * phases) * places.ceilDiv(tilePlaces) * ((outputs + tileOutputs - 1) / tileOutputs);
    int64_t bytes = elementTypeOf(op.getX()).getIntOrFloatBitWidth() == 64 ? 8 : 4;
    launch.threadScratch =
        builder.getAffineConstantExpr(64 + channels * seen * (tilePlaces + blockRows) * bytes + taps * 8);
    launches.push_back(std::move(launch));
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(transposed_convolution, lathe::kernels::TransposedConvolution)
