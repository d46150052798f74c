// ONNX operators that are convolutions. Sources: the operator documents of ai.onnx.
#include "frontend/onnx/Operators.h"
#include "frontend/onnx/WindowAttributes.h"
#include "ir/llm/ConvolutionOps.h"
#include "ir/llm/IndexOps.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

namespace {

int64_t groupsOf(NodeBuilder &n, const char *name = "group") {
  int64_t groups = n.integer(name, 1);
  if (groups < 1)
    n.fail("has " + std::to_string(groups) + " groups");
  return groups;
}

/// x (batch, channels, spatial..) and its weight (outputs, channels / groups, kernel..) as the node has them.
Value convolution(NodeBuilder &n, Value x, Value weight, Value bias) {
  SmallVector<int64_t> kernel = kernelOf(n, weight);
  Windows windows = readWindows(n, n.rank(x) - 2, kernel);
  int64_t groups = groupsOf(n), channels = n.type(weight).getDimSize(1);
  if (n.type(weight).getDimSize(0) % groups != 0)
    n.fail("has " + std::to_string(groups) + " groups, which do not divide its " +
           std::to_string(n.type(weight).getDimSize(0)) + " outputs");
  if (!n.type(x).isDynamicDim(1) && n.type(x).getDimSize(1) != groups * channels)
    n.fail("has " + std::to_string(n.type(x).getDimSize(1)) + " channels, but " + std::to_string(groups) +
           " groups of " + std::to_string(channels) + " in its weight");
  return makeConvolution(n, x, weight, bias, windows, groups);
}

/// The zero point of operand `index`, subtracted from x, both as i32; per output when it is a vector.
Value withoutZeroPoint(NodeBuilder &n, Value x, size_t index, bool isWeight) {
  Type i32 = n.state.builder.getI32Type();
  Value wide = n.cast(x, i32);
  if (!n.has(index))
    return wide;
  n.needSame(x, n.in(index));
  Value zero = n.cast(n.in(index), i32);
  if (n.rank(zero) == 1) {
    SmallVector<int64_t> shape(n.rank(x), 1);
    shape[0] = isWeight ? -1 : 1;
    zero = n.reshape(zero, shape);
  }
  return n.make<llm::SubOp>({wide, zero});
}

} // namespace

void buildConv(NodeBuilder &n) { n.give(convolution(n, n.in(0), n.in(1), n.inOrNull(2))); }

void buildConvInteger(NodeBuilder &n) { // x, w, x_zero_point, w_zero_point
  Value x = withoutZeroPoint(n, n.in(0), 2, false), weight = withoutZeroPoint(n, n.in(1), 3, true);
  n.give(convolution(n, x, weight, Value()));
}

void buildConvTranspose(NodeBuilder &n) {
  Value x = n.in(0), weight = n.in(1);
  SmallVector<int64_t> kernel = kernelOf(n, weight);
  int64_t spatial = n.rank(x) - 2, groups = groupsOf(n);
  Windows windows = readWindows(n, spatial, kernel);
  SmallVector<int64_t> more = readList(n, "output_padding", spatial, 0, 0);
  auto shape = n.integers("output_shape");
  if (shape && static_cast<int64_t>(shape->size()) == n.rank(x)) // some exporters write batch and channels too
    shape->erase(shape->begin(), shape->begin() + 2);
  if (shape && !shape->empty() && static_cast<int64_t>(shape->size()) != spatial)
    n.fail("has an output_shape of " + std::to_string(shape->size()) + " sizes for " + std::to_string(spatial) +
           " spatial axes");
  Expressions sizes = n.state.facts.dims(x);
  for (auto [axis, window] : llvm::enumerate(windows)) {
    bool same = window.autoPad != llm::AutoPad::None;
    if (same || (shape && !shape->empty())) {
      int64_t total = window.extent() - window.stride + more[axis];
      if (shape && !shape->empty()) {
        auto size = dyn_cast_or_null<AffineConstantExpr>(sizes[axis + 2]);
        if (!size)
          n.fail("has an output_shape, but the size of axis " + std::to_string(axis + 2) + " is not known");
        total = window.stride * (size.getValue() - 1) + more[axis] + window.extent() - (*shape)[axis];
      }
      int64_t split = std::max<int64_t>(total, 0);
      window.padBegin = window.autoPad == llm::AutoPad::SameUpper ? split / 2 : split - split / 2;
      window.padEnd = total - window.padBegin;
    }
    window.padEnd -= more[axis];
    window.autoPad = llm::AutoPad::None;
    window.transposed = true;
  }
  if (n.type(weight).getDimSize(0) % groups != 0)
    n.fail("has " + std::to_string(groups) + " groups, which do not divide its " +
           std::to_string(n.type(weight).getDimSize(0)) + " channels");
  if (!n.type(x).isDynamicDim(1) && n.type(x).getDimSize(1) != n.type(weight).getDimSize(0))
    n.fail("has " + std::to_string(n.type(x).getDimSize(1)) + " channels, but its weight has " +
           std::to_string(n.type(weight).getDimSize(0)));
  n.give(makeConvolution(n, x, weight, n.inOrNull(2), windows, groups));
}

void buildQLinearConv(NodeBuilder &n) { // x, scale, zero point, w, scale, zero point, y scale, zero point, bias
  Type f32 = n.state.builder.getF32Type();
  Value sums =
      convolution(n, withoutZeroPoint(n, n.in(0), 2, false), withoutZeroPoint(n, n.in(3), 5, true), n.inOrNull(8));
  auto number = [&](size_t index) {
    Value value = n.in(index);
    return n.rank(value) == 0 ? value : n.reshape(value, ArrayRef<int64_t>{});
  };
  Value scale = n.in(4);
  if (n.rank(scale) == 1) {
    SmallVector<int64_t> shape(n.rank(sums) - 1, 1);
    shape[0] = -1;
    scale = n.reshape(scale, shape);
  }
  scale = n.make<llm::DivOp>({n.make<llm::MulOp>({scale, number(1)}), number(6)});
  Value zero = number(7), value = n.make<llm::RoundOp>({n.make<llm::MulOp>({n.cast(sums, f32), scale})});
  value = n.make<llm::AddOp>({value, n.cast(zero, f32)});
  bool isSigned = !n.element(zero).isUnsignedInteger();
  value = n.make<llm::MaxOp>({value, n.scalar(f32, isSigned ? -128 : 0)});
  value = n.make<llm::MinOp>({value, n.scalar(f32, isSigned ? 127 : 255)});
  n.give(n.cast(value, n.element(zero)));
}

void buildCausalConv(NodeBuilder &n) { // input, weight, bias, past_state
  Value x = n.in(0), weight = n.in(1);
  SmallVector<int64_t> kernel = kernelOf(n, weight);
  if (n.rank(x) != 3 || kernel.size() != 1 || n.type(weight).getDimSize(1) != 1)
    n.fail("needs an input (batch, channels, length) and a weight (channels, 1, k)");
  int64_t before = kernel[0] - 1;
  Value joined = x;
  if (n.has(3)) {
    joined = n.concat({n.in(3), x}, 2);
  } else if (before > 0) {
    joined = n.pad(x, n.vector({0, 0, before, 0, 0, 0}), n.scalar(n.element(x), 0));
  }
  llm::Window window;
  window.kernel = kernel[0];
  Value y = makeConvolution(n, joined, weight, n.inOrNull(2), {window}, n.type(weight).getDimSize(0));
  std::string activation = n.text("activation", "none");
  if (activation == "silu" || activation == "swish")
    y = n.make<llm::SiluOp>({y});
  else if (activation != "none")
    n.fail("has the activation '" + activation + "'; known are none, silu and swish");
  n.give(y);
  if (n.gives(1))
    n.give(n.slice(joined, n.vector({before == 0 ? INT64_MAX : -before}), n.vector({INT64_MAX}), {2}, {1}));
}

void buildDeformConv(NodeBuilder &n) { // X, W, offset, B, mask
  Value x = n.in(0), weight = n.in(1), offsets = n.in(2);
  n.needSame(x, weight);
  n.needSame(x, offsets);
  SmallVector<int64_t> kernel = kernelOf(n, weight);
  int64_t spatial = n.rank(x) - 2, groups = groupsOf(n), offsetGroups = groupsOf(n, "offset_group"), taps = 1;
  Windows windows = readWindows(n, spatial, kernel);
  for (int64_t size : kernel)
    taps *= size;
  int64_t outputs = n.type(weight).getDimSize(0), channels = n.type(weight).getDimSize(1) * groups;
  if (channels % offsetGroups != 0 || outputs % groups != 0 || n.rank(offsets) != n.rank(x))
    n.fail("has groups that do not divide its channels, or offsets of another rank than X");
  Type element = n.element(x);
  Type real = element.isF64() ? element : n.state.builder.getF32Type();
  // Places (batch * offsetGroups, taps, spatial, out..): offset + out * stride + tap * dilation - pad.
  Value sizes = n.make<llm::ShapeOfOp>({offsets});
  Value out = n.slice(sizes, 0, 2, n.rank(x));
  SmallVector<Value> shape = {n.vector({-1, taps, spatial}), out};
  Value places = n.cast(n.reshape(offsets, n.concat(shape, 0)), real);
  SmallVector<double> fixed; // (taps, spatial)
  for (int64_t tap = 0; tap < taps; ++tap) {
    int64_t rest = tap;
    SmallVector<double> at(spatial);
    for (int64_t axis = spatial; axis-- > 0; rest /= kernel[axis])
      at[axis] = static_cast<double>(rest % kernel[axis] * windows[axis].dilation - windows[axis].padBegin);
    fixed.append(at);
  }
  SmallVector<Attribute> numbers;
  for (double value : fixed)
    numbers.push_back(n.state.builder.getFloatAttr(real, value));
  SmallVector<int64_t> fixedShape(spatial + 3, 1), broadcast(spatial + 3, 1);
  fixedShape[1] = taps, fixedShape[2] = spatial;
  places = n.make<llm::AddOp>(
      {places, n.constant(DenseElementsAttr::get(RankedTensorType::get(fixedShape, real), numbers))});
  for (int64_t axis = 0; axis < spatial; ++axis) {
    // out * stride, on the coordinate of this axis alone.
    Value steps = n.make<llm::MulOp>({n.cast(n.range(n.sizeOf(offsets, axis + 2)), real),
                                      n.scalar(real, static_cast<double>(windows[axis].stride))});
    SmallVector<int64_t> along(spatial + 3, 1), only(spatial + 3, 1);
    along[axis + 3] = -1, only[2] = spatial;
    SmallVector<Attribute> mask;
    for (int64_t i = 0; i < spatial; ++i)
      mask.push_back(n.state.builder.getFloatAttr(real, i == axis ? 1 : 0));
    Value chosen = n.constant(DenseElementsAttr::get(RankedTensorType::get(only, real), mask));
    places = n.make<llm::AddOp>({places, n.make<llm::MulOp>({n.reshape(steps, along), chosen})});
  }
  // (.., taps, out.., spatial), and as many images.
  SmallVector<int64_t> order = {0, 1};
  for (int64_t axis = 0; axis < spatial; ++axis)
    order.push_back(axis + 3);
  order.push_back(2);
  places = n.transpose(places, order);
  Value imageSizes = n.slice(n.make<llm::ShapeOfOp>({x}), 0, 2, n.rank(x));
  Value images = n.reshape(x, n.concat({n.vector({-1, channels / offsetGroups}), imageSizes}, 0));
  Expressions dims = n.state.facts.dims(images), at = n.state.facts.dims(places);
  dims.truncate(2);
  dims.append(at.begin() + 1, at.end() - 1);
  Value columns = n.makeTyped<llm::GridSampleOp>(element, dims, {images, places},
                                                 {n.attribute("mode", n.state.builder.getStringAttr("linear")),
                                                  n.attribute("padding", n.state.builder.getStringAttr("zeros"))});
  if (n.has(4)) { // (batch * offsetGroups, 1, taps, out..)
    n.needSame(x, n.in(4));
    columns = n.make<llm::MulOp>({columns, n.reshape(n.in(4), n.concat({n.vector({-1, 1, taps}), out}, 0))});
  }
  // (batch, groups, channels / groups * taps, places) by (groups, outputs / groups, channels / groups * taps).
  columns =
      n.reshape(columns, n.concat({n.slice(sizes, 0, 0, 1), n.vector({groups, channels / groups * taps, -1})}, 0));
  Value y = n.make<llm::MatmulOp>({n.reshape(weight, {groups, outputs / groups, channels / groups * taps}), columns});
  y = n.reshape(y, n.concat({n.slice(sizes, 0, 0, 1), n.vector({outputs}), out}, 0));
  if (n.has(3)) {
    SmallVector<int64_t> bias(n.rank(x) - 1, 1);
    bias[0] = -1;
    y = n.binary<llm::AddOp>(y, n.reshape(n.in(3), bias));
  }
  n.give(y);
}

void buildCol2Im(NodeBuilder &n) { // input (batch, channels * block, windows), image_shape, block_shape
  Value x = n.in(0);
  Type i64 = n.state.builder.getI64Type();
  Value image = n.cast(n.in(1), i64), block = n.cast(n.in(2), i64);
  if (n.rank(x) != 3 || n.rank(image) != 1 || n.rank(block) != 1 || n.type(image).isDynamicDim(0) ||
      n.type(image).getShape() != n.type(block).getShape())
    n.fail("needs an input of rank 3, and an image_shape and a block_shape of one known length");
  int64_t spatial = n.type(image).getDimSize(0);
  SmallVector<int64_t> strides = readList(n, "strides", spatial, 1, 1),
                       dilations = readList(n, "dilations", spatial, 1, 1),
                       pads = readList(n, "pads", 2 * spatial, 0, 0);
  auto number = [&](int64_t value) { return n.scalar(i64, static_cast<double>(value)); };
  auto element = [&](Value vector, int64_t axis) { return n.squeeze(n.slice(vector, 0, axis, axis + 1), {0}); };
  auto add = [&](Value a, Value b) { return n.make<llm::AddOp>({a, b}); };
  auto times = [&](Value a, Value b) { return n.make<llm::MulOp>({a, b}); };
  // Where element (k.., l..) of the blocks lies in the image, an axis at a time: l stride + k dilation - pad.
  Value place = number(0), inside, plane = number(1), taps = number(1);
  for (int64_t axis = 0; axis < spatial; ++axis) {
    Value size = element(image, axis), k = element(block, axis);
    Value extent = add(times(n.make<llm::SubOp>({k, number(1)}), number(dilations[axis])), number(1));
    Value span = n.make<llm::SubOp>({add(size, number(pads[axis] + pads[axis + spatial])), extent});
    Value count = add(n.make<llm::DivOp>({span, number(strides[axis])}), number(1));
    SmallVector<int64_t> alongBlock(2 * spatial, 1), alongWindows(2 * spatial, 1);
    alongBlock[axis] = -1, alongWindows[spatial + axis] = -1;
    Value at = add(n.reshape(times(n.range(k), number(dilations[axis])), alongBlock),
                   n.reshape(times(n.range(count), number(strides[axis])), alongWindows));
    at = n.make<llm::SubOp>({at, number(pads[axis])});
    Value in = n.make<llm::AndOp>({n.compare("ge", at, number(0)), n.compare("lt", at, size)});
    inside = inside ? n.make<llm::AndOp>({inside, in}) : in;
    place = add(times(place, size), at);
    plane = times(plane, size);
    taps = times(taps, k);
  }
  // What is outside goes to one place behind the image.
  place = n.reshape(n.make<llm::SelectOp>({inside, place, plane}), {-1, 1});
  Value batch = n.unsqueeze(n.sizeOf(x, 0), {0}),
        channels = n.unsqueeze(n.make<llm::DivOp>({n.sizeOf(x, 1), taps}), {0});
  Value images = n.make<llm::MulOp>({batch, channels});
  Value values = n.transpose(n.reshape(x, n.concat({images, n.vector({-1})}, 0)), {1, 0});
  Value zeros = n.expand(n.scalar(n.element(x), 0), n.concat({n.unsqueeze(add(plane, number(1)), {0}), images}, 0));
  Value sums = n.make<llm::ScatterNdOp>({zeros, place, values},
                                        {n.attribute("reduction", n.state.builder.getStringAttr("add"))});
  sums = n.slice(sums, n.vector({0}), n.unsqueeze(plane, {0}), {0}, {1});
  n.give(n.reshape(n.transpose(sums, {1, 0}), n.concat({batch, channels, image}, 0)));
}

} // namespace lathe
