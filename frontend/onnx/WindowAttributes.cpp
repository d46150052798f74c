// See WindowAttributes.h.
#include "frontend/onnx/WindowAttributes.h"

#include "frontend/files/Quoted.h"
#include "ir/llm/ConvolutionOps.h"

using namespace mlir;

namespace lathe {

namespace {

constexpr int64_t largest = int64_t(1) << 31;

NamedAttribute text(const NodeBuilder &n, StringRef name, StringRef value) {
  return n.attribute(name, n.state.builder.getStringAttr(value));
}

SmallVector<int64_t> list(const Windows &windows, int64_t llm::Window::*member) {
  SmallVector<int64_t> values;
  for (const llm::Window &window : windows)
    values.push_back(window.*member);
  return values;
}

} // namespace

SmallVector<int64_t> readList(const NodeBuilder &n, StringRef name, int64_t count, int64_t lowest, int64_t otherwise) {
  auto given = n.integers(name);
  if (!given || given->empty())
    return SmallVector<int64_t>(count, otherwise);
  if (static_cast<int64_t>(given->size()) != count)
    n.fail("has " + std::to_string(given->size()) + " " + name.str() + ", but needs " + std::to_string(count));
  for (int64_t value : *given)
    if (value < lowest || value > largest)
      n.fail("has " + name.str() + " of " + std::to_string(value) + ", which is not in [" + std::to_string(lowest) +
             ", " + std::to_string(largest) + "]");
  return *given;
}

SmallVector<int64_t> kernelOf(const NodeBuilder &n, Value weight) {
  auto type = n.type(weight);
  if (type.getRank() < 3)
    n.fail("needs a weight (outputs, channels, kernel..), but it has the rank " + std::to_string(type.getRank()));
  if (!type.hasStaticShape())
    n.fail("has a weight whose sizes are not known");
  SmallVector<int64_t> kernel(type.getShape().drop_front(2));
  if (auto given = n.integers("kernel_shape"); given && ArrayRef<int64_t>(*given) != ArrayRef<int64_t>(kernel))
    n.fail("has a kernel_shape that is not that of its weight");
  for (int64_t size : kernel)
    if (size < 1)
      n.fail("has a weight without elements");
  return kernel;
}

SmallVector<int64_t> kernelOf(const NodeBuilder &n) {
  auto given = n.integers("kernel_shape");
  if (!given || given->empty())
    n.fail("has no kernel_shape");
  return readList(n, "kernel_shape", static_cast<int64_t>(given->size()), 1, 1);
}

Windows readWindows(const NodeBuilder &n, int64_t spatial, ArrayRef<int64_t> kernel) {
  if (spatial < 1 || static_cast<int64_t>(kernel.size()) != spatial)
    n.fail("has a kernel of " + std::to_string(kernel.size()) + " axes for " + std::to_string(spatial) +
           " spatial axes");
  SmallVector<int64_t> strides = readList(n, "strides", spatial, 1, 1),
                       dilations = readList(n, "dilations", spatial, 1, 1);
  std::string how = n.text("auto_pad", "NOTSET");
  if (how != "NOTSET" && how != "VALID" && how != "SAME_UPPER" && how != "SAME_LOWER" && !how.empty())
    n.fail("has the auto_pad " + lathe::quoted(how) + "; known are NOTSET, VALID, SAME_UPPER and SAME_LOWER");
  SmallVector<int64_t> pads(2 * spatial, 0);
  if (how == "NOTSET" || how.empty())
    pads = readList(n, "pads", 2 * spatial, -largest, 0);
  Windows windows;
  for (int64_t axis = 0; axis < spatial; ++axis) {
    llm::Window window;
    window.kernel = kernel[axis];
    window.stride = strides[axis];
    window.dilation = dilations[axis];
    window.padBegin = pads[axis];
    window.padEnd = pads[axis + spatial];
    window.ceilMode = n.integer("ceil_mode", 0) != 0;
    window.autoPad = how == "SAME_UPPER"   ? llm::AutoPad::SameUpper
                     : how == "SAME_LOWER" ? llm::AutoPad::SameLower
                                           : llm::AutoPad::None;
    if (window.kernel > largest / window.dilation)
      n.fail("has a window of " + std::to_string(window.kernel) + " elements " + std::to_string(window.dilation) +
             " apart");
    windows.push_back(window);
  }
  return windows;
}

SmallVector<NamedAttribute> attributesOf(const NodeBuilder &n, const Windows &windows) {
  SmallVector<int64_t> pads = list(windows, &llm::Window::padBegin);
  pads.append(list(windows, &llm::Window::padEnd));
  llm::AutoPad how = windows.front().autoPad;
  SmallVector<NamedAttribute> attributes = {n.array("strides", list(windows, &llm::Window::stride)),
                                            n.array("dilations", list(windows, &llm::Window::dilation)),
                                            n.array("pads", pads)};
  if (how != llm::AutoPad::None)
    attributes.push_back(text(n, "auto_pad", how == llm::AutoPad::SameUpper ? "same_upper" : "same_lower"));
  return attributes;
}

Expressions windowSizes(const NodeBuilder &n, Value x, AffineExpr channels, const Windows &windows) {
  Expressions from = n.state.facts.dims(x), result = {from[0], channels};
  for (auto [axis, window] : llvm::enumerate(windows)) {
    AffineExpr count = window.count(from[axis + 2]);
    if (auto number = dyn_cast_or_null<AffineConstantExpr>(count); number && number.getValue() < 0)
      n.fail("has windows of " + std::to_string(window.extent()) + " elements along axis " + std::to_string(axis + 2) +
             ", which is shorter");
    result.push_back(count);
  }
  return result;
}

Value makeConvolution(NodeBuilder &n, Value x, Value weight, Value bias, const Windows &windows, int64_t groups) {
  n.needSame(x, weight);
  SmallVector<Value> operands = {x, weight};
  if (bias) {
    n.needSame(x, bias);
    operands.push_back(bias);
  }
  SmallVector<NamedAttribute> attributes = attributesOf(n, windows);
  attributes.push_back(n.whole("groups", groups));
  bool transposed = windows.front().transposed;
  if (transposed)
    attributes.push_back(n.flag("transposed"));
  int64_t count = transposed ? n.type(weight).getDimSize(1) * groups : n.type(weight).getDimSize(0);
  AffineExpr outputs = getAffineConstantExpr(count, weight.getContext());
  return n.makeTyped<llm::ConvolutionOp>(n.element(x), windowSizes(n, x, outputs, windows), operands, attributes);
}

Value makePool(NodeBuilder &n, Value x, StringRef kind, const Windows &windows) {
  SmallVector<NamedAttribute> attributes = attributesOf(n, windows);
  attributes.push_back(text(n, "kind", kind));
  attributes.push_back(n.array("kernel", list(windows, &llm::Window::kernel)));
  if (windows.front().ceilMode)
    attributes.push_back(n.flag("ceil_mode"));
  return n.makeTyped<llm::PoolOp>(n.element(x), windowSizes(n, x, n.state.facts.dims(x)[1], windows), {x}, attributes);
}

} // namespace lathe
