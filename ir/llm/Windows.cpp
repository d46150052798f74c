// See Windows.h.
#include "ir/llm/Windows.h"

#include "ir/llm/ConvolutionOps.h"

using namespace mlir;

namespace lathe::llm {

std::optional<AutoPad> autoPadOf(::llvm::StringRef text) {
  if (text.empty())
    return AutoPad::None;
  if (text == "same_upper")
    return AutoPad::SameUpper;
  if (text == "same_lower")
    return AutoPad::SameLower;
  return std::nullopt;
}

AffineExpr Window::count(AffineExpr size) const {
  if (!size)
    return size;
  if (autoPad != AutoPad::None)
    return size.ceilDiv(stride);
  if (transposed)
    return size * stride + (extent() - stride - padBegin - padEnd);
  AffineExpr span = size + (padBegin + padEnd - extent());
  if (!ceilMode)
    return span.floorDiv(stride) + 1;
  // The last window begins before the end of the input: the smaller of two counts, whose order is the same for all
  // sizes.
  if (padEnd - extent() + stride <= 0)
    return (span + (stride - 1)).floorDiv(stride) + 1;
  return (size + (padBegin + stride - 1)).floorDiv(stride);
}

int64_t Window::count(int64_t size) const {
  auto floorDiv = [](int64_t a, int64_t b) { return a / b - (a % b < 0); };
  if (autoPad != AutoPad::None)
    return floorDiv(size + stride - 1, stride);
  if (transposed)
    return (size - 1) * stride + extent() - padBegin - padEnd;
  int64_t span = size + padBegin + padEnd - extent();
  if (!ceilMode)
    return floorDiv(span, stride) + 1;
  return std::min(floorDiv(span + stride - 1, stride) + 1, floorDiv(size + padBegin + stride - 1, stride));
}

int64_t Window::begin(int64_t size, int64_t windows) const {
  if (autoPad == AutoPad::None)
    return padBegin;
  int64_t total = std::max<int64_t>(0, (windows - 1) * stride + extent() - size);
  return autoPad == AutoPad::SameUpper ? total / 2 : total - total / 2;
}

namespace {

template <class Op>::llvm::SmallVector<Window> windows(Op op, ArrayRef<int64_t> kernel) {
  ::llvm::SmallVector<Window> result;
  for (auto [axis, size] : ::llvm::enumerate(kernel)) {
    Window window;
    window.kernel = size;
    window.stride = op.getStrides()[axis];
    window.dilation = op.getDilations()[axis];
    window.padBegin = op.getPads()[axis];
    window.padEnd = op.getPads()[axis + kernel.size()];
    window.autoPad = *autoPadOf(op.getAutoPad());
    result.push_back(window);
  }
  return result;
}

} // namespace

::llvm::SmallVector<Window> windowsOf(Operation *op) {
  ::llvm::SmallVector<Window> result;
  if (auto convolution = dyn_cast<ConvolutionOp>(op)) {
    result = windows(convolution, cast<RankedTensorType>(convolution.getWeight().getType()).getShape().drop_front(2));
    for (Window &window : result)
      window.transposed = convolution.getTransposed();
  } else if (auto pool = dyn_cast<PoolOp>(op)) {
    result = windows(pool, pool.getKernel());
    for (Window &window : result)
      window.ceilMode = pool.getCeilMode();
  } else if (auto indices = dyn_cast<PoolIndicesOp>(op)) {
    result = windows(indices, indices.getKernel());
    for (Window &window : result)
      window.ceilMode = indices.getCeilMode();
  }
  return result;
}

} // namespace lathe::llm
