// Type inference, verifiers, folds and symbolic sizes of ir/llm/ConvolutionOps.td.
#include "ir/llm/ConvolutionOps.h"
#include "ir/llm/SymbolicShapes.h"
#include "ir/llm/Windows.h"

using namespace mlir;

namespace lathe::llm {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Sizes beyond this are of no model, and sums of them stay far from overflow.
constexpr int64_t largest = int64_t(1) << 31;

LogicalResult verifyList(Operation *op, StringRef name, ArrayRef<int64_t> values, int64_t count, int64_t lowest) {
  if (static_cast<int64_t>(values.size()) != count)
    return op->emitOpError() << "needs " << count << " " << name << ", got " << values.size();
  for (int64_t value : values)
    if (value < lowest || value > largest)
      return op->emitOpError() << "has " << name << " of " << value << ", which is not in [" << lowest << ", "
                               << largest << "]";
  return success();
}

/// A result's sizes against what follows from the operands; null ones are not known.
LogicalResult verifySizes(Operation *op, Value result, ArrayRef<AffineExpr> sizes) {
  auto type = tensorOf(result);
  if (type.getRank() != static_cast<int64_t>(sizes.size()))
    return op->emitOpError() << "gives " << sizes.size() << " axes, but its type is " << type;
  for (auto [axis, size] : ::llvm::enumerate(sizes)) {
    auto known = dyn_cast_or_null<AffineConstantExpr>(size);
    if (known && known.getValue() < 0)
      return op->emitOpError() << "would have the size " << known.getValue() << " along axis " << axis
                               << ": its windows are larger than x";
    if (known && !type.isDynamicDim(axis) && type.getDimSize(axis) != known.getValue())
      return op->emitOpError() << "gives " << known.getValue() << " elements along axis " << axis
                               << ", but its type is " << type;
  }
  return success();
}

SmallVector<AffineExpr> staticSizes(Value value) {
  SmallVector<AffineExpr> sizes;
  for (int64_t size : tensorOf(value).getShape())
    sizes.push_back(ShapedType::isDynamic(size) ? AffineExpr() : getAffineConstantExpr(size, value.getContext()));
  return sizes;
}

template <class Op> LogicalResult verifyWindows(Op op, int64_t spatial, ArrayRef<int64_t> kernel) {
  if (spatial < 1)
    return op.emitOpError() << "needs x (batch, channels, spatial..), got " << op.getX().getType();
  if (!autoPadOf(op.getAutoPad()))
    return op.emitOpError() << "knows the auto_pad same_upper and same_lower, got '" << op.getAutoPad() << "'";
  if (failed(verifyList(op, "kernel", kernel, spatial, 1)) ||
      failed(verifyList(op, "strides", op.getStrides(), spatial, 1)) ||
      failed(verifyList(op, "dilations", op.getDilations(), spatial, 1)) ||
      failed(verifyList(op, "pads", op.getPads(), 2 * spatial, -largest)))
    return failure();
  for (Window window : windowsOf(op))
    if (window.extent() > largest)
      return op.emitOpError() << "has a window of " << window.kernel << " elements " << window.dilation
                              << " apart, which is larger than any axis";
  return success();
}

/// (batch, channels, windows..).
SmallVector<AffineExpr> windowSizes(Operation *op, ArrayRef<AffineExpr> x, AffineExpr channels) {
  SmallVector<AffineExpr> result = {x[0], channels};
  for (auto [window, size] : ::llvm::zip(windowsOf(op), x.drop_front(2)))
    result.push_back(window.count(size));
  return result;
}

SmallVector<AffineExpr> canonical(const SymbolicShapes &shapes, SmallVector<AffineExpr> sizes) {
  for (AffineExpr &size : sizes)
    size = size ? shapes.sizes().canonical(size) : size;
  return sizes;
}

AffineExpr constant(Operation *op, int64_t value) { return getAffineConstantExpr(value, op->getContext()); }

} // namespace

// ---- convolution --------------------------------------------------------------------------------------------------

int64_t ConvolutionOp::channelsOfGroup() {
  auto weight = tensorOf(getWeight());
  return getTransposed() ? weight.getDimSize(0) / static_cast<int64_t>(getGroups()) : weight.getDimSize(1);
}
int64_t ConvolutionOp::outputsOfGroup() {
  auto weight = tensorOf(getWeight());
  return getTransposed() ? weight.getDimSize(1) : weight.getDimSize(0) / static_cast<int64_t>(getGroups());
}

LogicalResult ConvolutionOp::verify() {
  auto x = tensorOf(getX()), weight = tensorOf(getWeight()), result = tensorOf(getResult());
  int64_t spatial = x.getRank() - 2;
  if (weight.getRank() != x.getRank() || !weight.hasStaticShape())
    return emitOpError() << "needs a weight (outputs, channels, kernel..) of known sizes, got " << x << " and "
                         << weight;
  if (x.getElementType() != weight.getElementType() || result.getElementType() != x.getElementType())
    return emitOpError() << "has operands of one element type, got " << x << " and " << weight;
  int64_t groups = getGroups();
  if (groups < 1 || groups > largest || weight.getDimSize(0) % groups != 0)
    return emitOpError() << "has " << groups << " groups, which do not divide the " << weight.getDimSize(0)
                         << (getTransposed() ? " channels" : " outputs") << " of its weight";
  int64_t channels = groups * channelsOfGroup(), outputs = groups * outputsOfGroup();
  if (!x.isDynamicDim(1) && x.getDimSize(1) != channels)
    return emitOpError() << "has " << x.getDimSize(1) << " channels, but " << groups << " groups of "
                         << channelsOfGroup() << " in its weight";
  if (failed(verifyWindows(*this, spatial, weight.getShape().drop_front(2))))
    return failure();
  if (getTransposed() && !getAutoPad().empty())
    return emitOpError() << "is transposed, so that it has no auto_pad";
  if (getBias() && (tensorOf(getBias()).getRank() != 1 || tensorOf(getBias()).getDimSize(0) != outputs ||
                    tensorOf(getBias()).getElementType() != x.getElementType()))
    return emitOpError() << "needs a bias of " << outputs << " elements of x's type, got " << getBias().getType();
  return verifySizes(*this, getResult(), windowSizes(*this, staticSizes(getX()), constant(*this, outputs)));
}

SmallVector<AffineExpr> ConvolutionOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  int64_t outputs = static_cast<int64_t>(getGroups()) * outputsOfGroup();
  return canonical(shapes, windowSizes(*this, shapes.sizesOf(getX()), constant(*this, outputs)));
}

// ---- pooling ------------------------------------------------------------------------------------------------------

LogicalResult PoolOp::verify() {
  if (!::llvm::is_contained({"max", "sum", "average", "average_padded"}, getKind()))
    return emitOpError() << "knows the kinds max, sum, average and average_padded, got '" << getKind() << "'";
  auto x = tensorOf(getX());
  if (tensorOf(getResult()).getElementType() != x.getElementType())
    return emitOpError() << "gives elements of x's type, got " << getResult().getType() << " of " << x;
  if (failed(verifyWindows(*this, x.getRank() - 2, getKernel())))
    return failure();
  SmallVector<AffineExpr> sizes = staticSizes(getX());
  return verifySizes(*this, getResult(), windowSizes(*this, sizes, sizes[1]));
}

SmallVector<AffineExpr> PoolOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  SmallVector<AffineExpr> x = shapes.sizesOf(getX());
  return canonical(shapes, windowSizes(*this, x, x[1]));
}

LogicalResult PoolIndicesOp::verify() {
  auto x = tensorOf(getX());
  if (!tensorOf(getResult()).getElementType().isInteger(64))
    return emitOpError() << "gives i64 elements, got " << getResult().getType();
  if (failed(verifyWindows(*this, x.getRank() - 2, getKernel())))
    return failure();
  SmallVector<AffineExpr> sizes = staticSizes(getX());
  return verifySizes(*this, getResult(), windowSizes(*this, sizes, sizes[1]));
}

SmallVector<AffineExpr> PoolIndicesOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  SmallVector<AffineExpr> x = shapes.sizesOf(getX());
  return canonical(shapes, windowSizes(*this, x, x[1]));
}

// ---- resampling ---------------------------------------------------------------------------------------------------

LogicalResult ResampleOp::verify() {
  auto x = tensorOf(getX()), result = tensorOf(getResult());
  int64_t axis = static_cast<int64_t>(getAxis());
  if (axis < 0 || axis >= x.getRank())
    return emitOpError() << "has the axis " << axis << ", which is not in [0, " << x.getRank() << ")";
  if (!::llvm::is_contained({"nearest", "linear", "cubic"}, getMode()))
    return emitOpError() << "knows the modes nearest, linear and cubic, got '" << getMode() << "'";
  if (!::llvm::is_contained({"half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "asymmetric", "tf_half_pixel",
                             "align_corners", "crop"},
                            getCoordinates()))
    return emitOpError() << "does not know the coordinates '" << getCoordinates() << "'";
  if (!::llvm::is_contained({"floor", "ceil", "prefer_floor", "prefer_ceil"}, getRounding()))
    return emitOpError() << "knows the roundings floor, ceil, prefer_floor and prefer_ceil, got '" << getRounding()
                         << "'";
  auto hasElements = [](Value value, int64_t count) {
    return tensorOf(value).hasStaticShape() && tensorOf(value).getNumElements() == count;
  };
  if (!hasElements(getSize(), 1) || (getScale() && !hasElements(getScale(), 1)) ||
      (getRoi() && !hasElements(getRoi(), 2)))
    return emitOpError() << "needs a size and a scale of one element and a roi of two";
  if ((getCoordinates() == "crop") != bool(getRoi()))
    return emitOpError() << "needs a roi with the coordinates crop, and only then";
  if (result.getElementType() != x.getElementType())
    return emitOpError() << "gives elements of x's type, got " << result << " of " << x;
  SmallVector<AffineExpr> sizes = staticSizes(getX());
  sizes[axis] = AffineExpr();
  if (auto size = constantIntegers(getSize()))
    sizes[axis] = constant(*this, size->front());
  return verifySizes(*this, getResult(), sizes);
}

SmallVector<AffineExpr> ResampleOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  SmallVector<AffineExpr> sizes = shapes.sizesOf(getX());
  auto size = shapes.elementsOf(getSize());
  sizes[getAxis()] = size && size->size() == 1 ? size->front() : AffineExpr();
  return sizes;
}

LogicalResult GridSampleOp::verify() {
  auto x = tensorOf(getX()), places = tensorOf(getPlaces());
  int64_t spatial = x.getRank() - 2;
  if (!::llvm::is_contained({"nearest", "linear", "cubic"}, getMode()))
    return emitOpError() << "knows the modes nearest, linear and cubic, got '" << getMode() << "'";
  if (!::llvm::is_contained({"zeros", "border", "reflection"}, getPadding()))
    return emitOpError() << "knows the paddings zeros, border and reflection, got '" << getPadding() << "'";
  if (spatial < 1 || spatial > 4 || places.getRank() < 2 || places.getShape().back() != spatial)
    return emitOpError()
           << "needs x (batch, channels, 1 to 4 spatial axes) and places (batch, out.., spatial axes), got " << x
           << " and " << places;
  if (tensorOf(getResult()).getElementType() != x.getElementType())
    return emitOpError() << "gives elements of x's type, got " << getResult().getType() << " of " << x;
  SmallVector<AffineExpr> sizes = staticSizes(getX()), out = staticSizes(getPlaces());
  sizes.truncate(2);
  sizes.append(out.begin() + 1, out.end() - 1);
  return verifySizes(*this, getResult(), sizes);
}

SmallVector<AffineExpr> GridSampleOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  SmallVector<AffineExpr> sizes = shapes.sizesOf(getX()), out = shapes.sizesOf(getPlaces());
  sizes.truncate(2);
  sizes.append(out.begin() + 1, out.end() - 1);
  return sizes;
}

LogicalResult RoiPoolOp::verify() {
  auto x = tensorOf(getX()), rois = tensorOf(getRois()), batches = tensorOf(getBatches());
  if (x.getRank() != 4 || rois.getRank() != 2 || rois.getDimSize(1) != 4 || batches.getRank() != 1)
    return emitOpError() << "needs x (batch, channels, H, W), rois (count, 4) and batches (count), got " << x << ", "
                         << rois << " and " << batches;
  if (!::llvm::is_contained({"average", "max", "largest"}, getKind()))
    return emitOpError() << "knows the kinds average, max and largest, got '" << getKind() << "'";
  if (failed(verifyList(*this, "height and width", {int64_t(getHeight()), int64_t(getWidth())}, 2, 1)) ||
      failed(verifyList(*this, "sampling", {int64_t(getSampling())}, 1, 0)))
    return failure();
  if (tensorOf(getResult()).getElementType() != x.getElementType())
    return emitOpError() << "gives elements of x's type, got " << getResult().getType() << " of " << x;
  return verifySizes(
      *this, getResult(),
      {staticSizes(getRois())[0], staticSizes(getX())[1], constant(*this, getHeight()), constant(*this, getWidth())});
}

SmallVector<AffineExpr> RoiPoolOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  return {shapes.sizesOf(getRois())[0], shapes.sizesOf(getX())[1], constant(*this, getHeight()),
          constant(*this, getWidth())};
}

// ---- signals ------------------------------------------------------------------------------------------------------

/// The sizes of the result, given those of x and the length.
static SmallVector<AffineExpr> transformedSizes(DftOp op, SmallVector<AffineExpr> sizes, AffineExpr length) {
  bool half = op.getOnesided() && !op.getInverse();
  sizes[op.getAxis()] = length && half ? length.floorDiv(2) + 1 : length;
  sizes.back() = constant(op, op.getOnesided() && op.getInverse() ? 1 : 2);
  return sizes;
}

LogicalResult DftOp::verify() {
  auto x = tensorOf(getX());
  int64_t axis = static_cast<int64_t>(getAxis()), parts = x.getRank() < 2 ? 0 : x.getShape().back();
  if (parts != 1 && parts != 2)
    return emitOpError() << "needs x (.., 1 or 2), got " << x;
  if (axis < 0 || axis >= x.getRank() - 1)
    return emitOpError() << "has the axis " << axis << ", which is not in [0, " << x.getRank() - 1 << ")";
  if (!tensorOf(getLength()).hasStaticShape() || tensorOf(getLength()).getNumElements() != 1)
    return emitOpError() << "needs a length of one element, got " << getLength().getType();
  if (getOnesided() && parts == 2 && !getInverse())
    return emitOpError() << "gives one side of the transform of real signals only, got " << x;
  if (tensorOf(getResult()).getElementType() != x.getElementType())
    return emitOpError() << "gives elements of x's type, got " << getResult().getType() << " of " << x;
  AffineExpr length;
  if (auto known = constantIntegers(getLength())) {
    if (known->front() < 1 || known->front() > largest)
      return emitOpError() << "has the length " << known->front() << ", which is not in [1, " << largest << "]";
    length = constant(*this, known->front());
  }
  return verifySizes(*this, getResult(), transformedSizes(*this, staticSizes(getX()), length));
}

SmallVector<AffineExpr> DftOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  auto length = shapes.elementsOf(getLength());
  return canonical(shapes, transformedSizes(*this, shapes.sizesOf(getX()),
                                            length && length->size() == 1 ? length->front() : AffineExpr()));
}

} // namespace lathe::llm

#define GET_OP_CLASSES
#include "ir/llm/ConvolutionOps.cpp.inc"
