// ONNX operators that pool windows, whole images or regions. Sources: the operator documents of ai.onnx.
#include "frontend/files/Quoted.h"
#include "frontend/onnx/Operators.h"
#include "frontend/onnx/WindowAttributes.h"
#include "ir/llm/ConvolutionOps.h"
#include "ir/llm/IndexOps.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

namespace {

Windows poolWindows(NodeBuilder &n) { return readWindows(n, n.rank(n.in(0)) - 2, kernelOf(n)); }

SmallVector<int64_t> spatialAxes(NodeBuilder &n, Value x) {
  if (n.rank(x) < 3)
    n.fail("needs an input (batch, channels, spatial..), but it has the rank " + std::to_string(n.rank(x)));
  SmallVector<int64_t> axes;
  for (int64_t axis = 2; axis < n.rank(x); ++axis)
    axes.push_back(axis);
  return axes;
}

/// |x|^p, and the p-th root; powers of half-precision numbers are of f32.
Value power(NodeBuilder &n, Value x, int64_t p) {
  Value wide = n.element(x).isF64() ? x : n.cast(x, n.state.builder.getF32Type());
  if (p == 2)
    return n.make<llm::MulOp>({wide, wide});
  wide = n.make<llm::AbsOp>({wide});
  return p == 1 ? wide : n.make<llm::PowOp>({wide, n.scalar(n.element(wide), static_cast<double>(p))});
}
Value root(NodeBuilder &n, Value x, int64_t p, Type element) {
  if (p == 2)
    x = n.make<llm::SqrtOp>({x});
  else if (p != 1)
    x = n.make<llm::PowOp>({x, n.scalar(n.element(x), 1.0 / static_cast<double>(p))});
  return n.cast(x, element);
}
int64_t exponentOf(NodeBuilder &n) {
  int64_t p = n.integer("p", 2);
  if (p < 1)
    n.fail("has the exponent " + std::to_string(p) + ", which is not above 0");
  return p;
}

} // namespace

void buildMaxPool(NodeBuilder &n) {
  Value x = n.in(0);
  Windows windows = poolWindows(n);
  n.give(makePool(n, x, "max", windows));
  if (!n.gives(1))
    return;
  SmallVector<NamedAttribute> attributes = attributesOf(n, windows);
  SmallVector<int64_t> kernel;
  for (const llm::Window &window : windows)
    kernel.push_back(window.kernel);
  attributes.push_back(n.array("kernel", kernel));
  if (windows.front().ceilMode)
    attributes.push_back(n.flag("ceil_mode"));
  if (n.integer("storage_order", 0))
    attributes.push_back(n.flag("column_major"));
  n.give(n.makeTyped<llm::PoolIndicesOp>(n.state.builder.getI64Type(),
                                         windowSizes(n, x, n.state.facts.dims(x)[1], windows), {x}, attributes));
}

void buildAveragePool(NodeBuilder &n) {
  n.give(makePool(n, n.in(0), n.integer("count_include_pad", 0) ? "average_padded" : "average", poolWindows(n)));
}

void buildLpPool(NodeBuilder &n) {
  int64_t p = exponentOf(n);
  n.give(root(n, makePool(n, power(n, n.in(0), p), "sum", poolWindows(n)), p, n.element(n.in(0))));
}

void buildGlobalPool(NodeBuilder &n) {
  Value x = n.in(0);
  n.give(n.reduce(n.node.op_type() == "GlobalMaxPool" ? "max" : "mean", x, spatialAxes(n, x), true));
}

void buildGlobalLpPool(NodeBuilder &n) {
  Value x = n.in(0);
  int64_t p = exponentOf(n);
  n.give(root(n, n.reduce("sum", power(n, x, p), spatialAxes(n, x), true), p, n.element(x)));
}

void buildMaxUnpool(NodeBuilder &n) { // X, I, output_shape
  Value x = n.in(0), indices = n.in(1);
  Type i64 = n.state.builder.getI64Type();
  Windows windows = poolWindows(n);
  auto number = [&](int64_t value) { return n.scalar(i64, static_cast<double>(value)); };
  // The sizes that make the pooled ones: (size - 1) stride + kernel - pads.
  SmallVector<Value> sizes = {n.sizeOf(x, 0), n.sizeOf(x, 1)};
  for (auto [axis, window] : llvm::enumerate(windows))
    sizes.push_back(
        n.make<llm::AddOp>({n.make<llm::MulOp>({n.sizeOf(x, static_cast<int64_t>(axis) + 2), number(window.stride)}),
                            number(window.kernel - window.stride - window.padBegin - window.padEnd)}));
  Value all = sizes.front();
  for (Value size : ArrayRef<Value>(sizes).drop_front())
    all = n.make<llm::MulOp>({all, size});
  for (Value &size : sizes)
    size = n.unsqueeze(size, {0});
  Value shape = n.concat(sizes, 0), zeros = n.expand(n.scalar(n.element(x), 0), n.unsqueeze(all, {0}));
  Value flat = n.make<llm::ScatterElementsOp>(
      {zeros, n.reshape(indices, {-1}), n.reshape(x, {-1})},
      {n.whole("axis", 0), n.attribute("reduction", n.state.builder.getStringAttr("none"))});
  Value y = n.reshape(flat, shape);
  if (n.has(2)) {
    Value pads = n.make<llm::SubOp>({n.cast(n.in(2), i64), shape});
    y = n.pad(y, n.concat({n.vector(SmallVector<int64_t>(n.rank(x), 0)), pads}, 0), n.scalar(n.element(x), 0));
  }
  n.give(y);
}

namespace {

void giveRoiPool(NodeBuilder &n, Value rois, Value batches, StringRef kind, int64_t height, int64_t width,
                 bool halfPixel) {
  Value x = n.in(0);
  if (n.rank(x) != 4 || n.rank(rois) != 2 || n.rank(batches) != 1)
    n.fail("needs an input (batch, channels, H, W), rois (count, 4) and batch indices (count)");
  AffineExpr channels = n.state.facts.dims(x)[1], count = n.state.facts.dims(rois)[0];
  MLIRContext *context = n.state.builder.getContext();
  if (height < 1 || width < 1 || n.integer("sampling_ratio", 0) < 0)
    n.fail("has an output of " + std::to_string(height) + " x " + std::to_string(width) +
           ", or a negative sampling_ratio");
  SmallVector<NamedAttribute> attributes = {
      n.attribute("kind", n.state.builder.getStringAttr(kind)), n.whole("height", height), n.whole("width", width),
      n.real("scale", n.number("spatial_scale", 1)), n.whole("sampling", n.integer("sampling_ratio", 0))};
  if (halfPixel)
    attributes.push_back(n.flag("half_pixel"));
  n.give(n.makeTyped<llm::RoiPoolOp>(
      n.element(x), {count, channels, getAffineConstantExpr(height, context), getAffineConstantExpr(width, context)},
      {x, rois, batches}, attributes));
}

} // namespace

void buildRoiAlign(NodeBuilder &n) { // X, rois, batch_indices
  std::string how = n.text("coordinate_transformation_mode", n.opset < 16 ? "output_half_pixel" : "half_pixel");
  std::string mode = n.text("mode", "avg");
  if ((how != "half_pixel" && how != "output_half_pixel") || (mode != "avg" && mode != "max"))
    n.fail("has the mode " + lathe::quoted(mode) + " with the coordinates " + lathe::quoted(how) +
           "; known are avg and max, half_pixel and output_half_pixel");
  giveRoiPool(n, n.in(1), n.in(2), mode == "avg" ? "average" : "max", n.integer("output_height", 1),
              n.integer("output_width", 1), how == "half_pixel");
}

void buildMaxRoiPool(NodeBuilder &n) { // X, rois (count, 5): batch index, then the region
  SmallVector<int64_t> shape = readList(n, "pooled_shape", 2, 1, 1);
  Value rois = n.in(1), batches = n.cast(n.reshape(n.slice(rois, 1, 0, 1), {-1}), n.state.builder.getI64Type());
  giveRoiPool(n, n.slice(rois, 1, 1, 5), batches, "largest", shape[0], shape[1], false);
}

} // namespace lathe
