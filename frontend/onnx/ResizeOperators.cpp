// ONNX operators that give images another resolution or place. Sources: the operator documents of ai.onnx.
#include "frontend/files/Quoted.h"
#include "frontend/onnx/Operators.h"
#include "ir/llm/ConvolutionOps.h"

#include "onnx-ml.pb.h"

#include <cmath>

using namespace mlir;

namespace lathe {

namespace {

NamedAttribute text(const NodeBuilder &n, StringRef name, StringRef value) {
  return n.attribute(name, n.state.builder.getStringAttr(value));
}

/// The elements of a small constant of floats, or nothing.
std::optional<SmallVector<double>> constantNumbers(Value value) {
  auto op = value ? value.getDefiningOp<llm::ConstantOp>() : llm::ConstantOp();
  auto elements = op ? dyn_cast<DenseElementsAttr>(op.getValue()) : DenseElementsAttr();
  if (!elements || !isa<FloatType>(elements.getElementType()))
    return std::nullopt;
  SmallVector<double> result;
  for (APFloat number : elements.getValues<APFloat>()) {
    bool loses = false;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
    result.push_back(number.convertToDouble());
  }
  return result;
}

/// How a node resizes its axes.
struct Resizing {
  SmallVector<int64_t> axes;
  Value scales, sizes, roi; ///< elements for `axes`; roi: begins, then ends
  std::string mode = "nearest", coordinates = "half_pixel", rounding = "prefer_floor";
  float cubic = -0.75f, outside = 0;
  bool excludeOutside = false, antialias = false;
};

/// Element `index` of a vector, as a vector of one element.
Value elementAt(NodeBuilder &n, Value vector, int64_t index) { return n.slice(vector, 0, index, index + 1); }

/// floor(size of the axis * scale), i64[1]; the product is in f32, as ONNX infers shapes.
Value scaledSize(NodeBuilder &n, Value x, int64_t axis, Value scale) {
  Type i64 = n.state.builder.getI64Type();
  auto known = constantNumbers(scale);
  Value size = n.unsqueeze(n.sizeOf(x, axis), {0});
  if (known && known->size() == 1) {
    double factor = known->front();
    if (!(factor > 0) || factor > 1e6)
      n.fail("has the scale " + std::to_string(factor) + ", which is not in (0, 1000000]");
    if (!n.type(x).isDynamicDim(axis))
      return n.vector({static_cast<int64_t>(
          std::floor(static_cast<float>(n.type(x).getDimSize(axis)) * static_cast<float>(factor)))});
    // A scale that is a fraction of small numbers keeps the size an expression of the input's.
    for (int64_t divisor : {1, 2, 4, 8, 16, 32})
      if (double above = factor * static_cast<double>(divisor); above == std::floor(above) && above <= 1024) {
        Value times = n.make<llm::MulOp>({size, n.vector({static_cast<int64_t>(above)})});
        return divisor == 1 ? times : n.make<llm::DivOp>({times, n.vector({divisor})});
      }
  }
  Type f32 = n.state.builder.getF32Type();
  return n.cast(n.make<llm::FloorOp>({n.make<llm::MulOp>({n.cast(size, f32), n.cast(scale, f32)})}), i64);
}

/// Whether an axis stays as it is.
bool isIdentity(NodeBuilder &n, const Resizing &how, Value x, int64_t axis, Value size, Value scale) {
  if (how.coordinates == "crop")
    return false;
  if (scale) {
    auto known = constantNumbers(scale);
    return known && known->size() == 1 && known->front() == 1;
  }
  auto known = n.state.facts.integers(size);
  AffineExpr now = n.state.facts.dims(x)[axis];
  return known && known->size() == 1 && now && known->front() == now;
}

Value resized(NodeBuilder &n, Value x, const Resizing &how) {
  for (auto [index, axis] : llvm::enumerate(how.axes)) {
    int64_t i = static_cast<int64_t>(index);
    Value scale = how.scales ? elementAt(n, how.scales, i) : Value();
    if (auto numbers = constantNumbers(how.scales)) {
      Attribute number = n.state.builder.getFloatAttr(n.element(how.scales), (*numbers)[index]);
      scale = n.constant(DenseElementsAttr::get(RankedTensorType::get({1}, n.element(how.scales)), number));
    }
    Value size = how.sizes ? elementAt(n, how.sizes, i) : scaledSize(n, x, axis, scale);
    if (isIdentity(n, how, x, axis, size, how.sizes ? Value() : scale))
      continue;
    Value roi;
    if (how.coordinates == "crop")
      roi = n.concat({elementAt(n, how.roi, i), elementAt(n, how.roi, i + static_cast<int64_t>(how.axes.size()))}, 0);
    Expressions dims = n.state.facts.dims(x);
    auto known = n.state.facts.integers(size);
    dims[axis] = known && known->size() == 1 ? known->front() : AffineExpr();
    if (auto number = dyn_cast_or_null<AffineConstantExpr>(dims[axis]); number && number.getValue() < 0)
      n.fail("has the size " + std::to_string(number.getValue()) + " for axis " + std::to_string(axis));
    SmallVector<Value> operands = {x, size};
    for (Value value : {scale, roi})
      if (value)
        operands.push_back(value);
    SmallVector<NamedAttribute> attributes = {
        n.whole("axis", axis),
        text(n, "mode", how.mode),
        text(n, "coordinates", how.coordinates),
        text(n, "rounding", how.rounding),
        n.real("cubic_coefficient", how.cubic),
        n.real("outside", how.outside),
        n.attribute("operandSegmentSizes", n.state.builder.getDenseI32ArrayAttr({1, 1, scale ? 1 : 0, roi ? 1 : 0}))};
    if (how.excludeOutside)
      attributes.push_back(n.flag("exclude_outside"));
    if (how.antialias)
      attributes.push_back(n.flag("antialias"));
    x = n.makeTyped<llm::ResampleOp>(n.element(x), dims, operands, attributes);
  }
  return x;
}

/// The sizes and scales of a policy that keeps the aspect: scale = the least (largest) of sizes / in; all in f64.
void keepAspect(NodeBuilder &n, Value x, Resizing &how, bool larger) {
  Type f64 = n.state.builder.getF64Type(), i64 = n.state.builder.getI64Type();
  SmallVector<int64_t> given;
  if (auto known = n.state.facts.constants(how.sizes))
    given = *known;
  double best = 0;
  bool isStatic = given.size() == how.axes.size();
  for (auto [index, axis] : llvm::enumerate(how.axes)) {
    isStatic = isStatic && !n.type(x).isDynamicDim(axis) && n.type(x).getDimSize(axis) > 0;
    if (!isStatic)
      break;
    double scale = static_cast<double>(given[index]) / static_cast<double>(n.type(x).getDimSize(axis));
    best = index == 0 ? scale : larger ? std::max(best, scale) : std::min(best, scale);
  }
  if (isStatic) {
    SmallVector<int64_t> sizes;
    for (int64_t axis : how.axes)
      sizes.push_back(static_cast<int64_t>(std::floor(best * static_cast<double>(n.type(x).getDimSize(axis)) + 0.5)));
    how.sizes = n.vector(sizes);
    SmallVector<double> scales(sizes.size(), best);
    how.scales = n.constant(DenseElementsAttr::get(RankedTensorType::get({static_cast<int64_t>(sizes.size())}, f64),
                                                   ArrayRef<double>(scales)));
    return;
  }
  SmallVector<Value> ins;
  for (int64_t axis : how.axes)
    ins.push_back(n.unsqueeze(n.sizeOf(x, axis), {0}));
  Value in = n.cast(n.concat(ins, 0), f64);
  Value scale = n.reduce(larger ? "max" : "min", n.make<llm::DivOp>({n.cast(how.sizes, f64), in}), {0}, true);
  how.sizes =
      n.cast(n.make<llm::FloorOp>({n.make<llm::AddOp>({n.make<llm::MulOp>({in, scale}), n.scalar(f64, 0.5)})}), i64);
  how.scales = n.expand(scale, n.vector({static_cast<int64_t>(how.axes.size())}));
}

template <size_t N>
std::string known(NodeBuilder &n, const char *what, const std::string &value,
                  const std::pair<const char *, const char *> (&names)[N]) {
  for (auto &[onnx, own] : names)
    if (value == onnx)
      return own;
  n.fail(std::string("has the ") + what + " " + lathe::quoted(value) + ", which is not known");
}

/// An operand that is there and has elements.
Value filled(NodeBuilder &n, size_t index) {
  if (!n.has(index))
    return Value();
  Value value = n.in(index);
  if (n.rank(value) != 1 || n.type(value).isDynamicDim(0))
    n.fail("has an input " + std::to_string(index) + " of unknown length");
  return n.type(value).getDimSize(0) == 0 ? Value() : value;
}

} // namespace

void buildResize(NodeBuilder &n) { // X, roi, scales, sizes; before opset 11 X, scales
  Value x = n.in(0);
  Resizing how;
  for (int64_t axis = 0; axis < n.rank(x); ++axis)
    how.axes.push_back(axis);
  bool old = n.opset < 11 || n.node.op_type() == "Upsample";
  how.mode = known(n, "mode", n.text("mode", "nearest"),
                   {{"nearest", "nearest"}, {"linear", "linear"}, {"bilinear", "linear"}, {"cubic", "cubic"}});
  if (old) {
    how.coordinates = "asymmetric";
    how.rounding = "floor";
    if (auto given = n.numbers("scales"))
      how.scales = n.constant(DenseElementsAttr::get(
          RankedTensorType::get({static_cast<int64_t>(given->size())}, n.state.builder.getF32Type()),
          ArrayRef<float>(*given)));
    else
      how.scales = n.in(1);
  } else {
    how.coordinates = known(n, "coordinate_transformation_mode", n.text("coordinate_transformation_mode", "half_pixel"),
                            {{"half_pixel", "half_pixel"},
                             {"pytorch_half_pixel", "pytorch_half_pixel"},
                             {"half_pixel_symmetric", "half_pixel_symmetric"},
                             {"asymmetric", "asymmetric"},
                             {"align_corners", "align_corners"},
                             {"tf_half_pixel_for_nn", "tf_half_pixel"},
                             {"tf_crop_and_resize", "crop"}});
    how.rounding = known(n, "nearest_mode", n.text("nearest_mode", "round_prefer_floor"),
                         {{"round_prefer_floor", "prefer_floor"},
                          {"round_prefer_ceil", "prefer_ceil"},
                          {"floor", "floor"},
                          {"ceil", "ceil"}});
    how.cubic = n.number("cubic_coeff_a", -0.75f);
    how.outside = n.number("extrapolation_value", 0);
    how.excludeOutside = n.integer("exclude_outside", 0) != 0;
    how.antialias = n.integer("antialias", 0) != 0;
    how.scales = filled(n, 2);
    how.sizes = filled(n, 3);
    if (auto given = n.integers("axes")) {
      how.axes.clear();
      for (int64_t axis : *given)
        how.axes.push_back(n.axis(axis, n.rank(x)));
    }
    if (how.coordinates == "crop") {
      how.roi = filled(n, 1);
      if (!how.roi || n.type(how.roi).getDimSize(0) != 2 * static_cast<int64_t>(how.axes.size()))
        n.fail("needs a roi of " + std::to_string(2 * how.axes.size()) + " elements with tf_crop_and_resize");
    }
  }
  if (bool(how.scales) == bool(how.sizes))
    n.fail("needs either scales or sizes");
  Value given = how.scales ? how.scales : how.sizes;
  if (n.type(given).getDimSize(0) != static_cast<int64_t>(how.axes.size()))
    n.fail("has " + std::to_string(n.type(given).getDimSize(0)) + " scales or sizes for " +
           std::to_string(how.axes.size()) + " axes");
  if (how.sizes) {
    how.sizes = n.cast(how.sizes, n.state.builder.getI64Type());
    std::string policy = n.text("keep_aspect_ratio_policy", "stretch");
    if (policy == "not_larger" || policy == "not_smaller")
      keepAspect(n, x, how, policy == "not_smaller");
    else if (policy != "stretch")
      n.fail("has the keep_aspect_ratio_policy " + lathe::quoted(policy) + ", which is not known");
  }
  Value y = resized(n, x, how);
  n.give(y == x && x.getDefiningOp() ? x : y);
}

void buildGridSample(NodeBuilder &n) { // X, grid (batch, out.., spatial), the last spatial axis first
  Value x = n.in(0), grid = n.in(1);
  int64_t spatial = n.rank(x) - 2;
  if (spatial < 1 || n.rank(grid) < 2 || n.type(grid).getShape().back() != spatial)
    n.fail("needs an input (batch, channels, spatial..) and a grid whose last size is the number of spatial axes");
  Type real = n.element(grid);
  bool aligned = n.integer("align_corners", 0) != 0;
  Value places = n.slice(grid, n.vector({-1}), n.vector({INT64_MIN + 1}), {n.rank(grid) - 1}, {-1});
  Value sizes = n.cast(n.slice(n.make<llm::ShapeOfOp>({x}), 0, 2, n.rank(x)), real), one = n.scalar(real, 1),
        half = n.scalar(real, 0.5);
  // From -1 .. 1 to elements.
  places = n.make<llm::AddOp>({places, one});
  if (aligned)
    places = n.make<llm::MulOp>({n.make<llm::MulOp>({places, half}), n.make<llm::SubOp>({sizes, one})});
  else
    places = n.make<llm::MulOp>({n.make<llm::SubOp>({n.make<llm::MulOp>({places, sizes}), one}), half});
  std::string mode = known(
      n, "mode", n.text("mode", n.opset < 20 ? "bilinear" : "linear"),
      {{"linear", "linear"}, {"bilinear", "linear"}, {"nearest", "nearest"}, {"cubic", "cubic"}, {"bicubic", "cubic"}});
  std::string padding = known(n, "padding_mode", n.text("padding_mode", "zeros"),
                              {{"zeros", "zeros"}, {"border", "border"}, {"reflection", "reflection"}});
  SmallVector<NamedAttribute> attributes = {text(n, "mode", mode), text(n, "padding", padding)};
  if (aligned)
    attributes.push_back(n.flag("align_corners"));
  Expressions dims = n.state.facts.dims(x), out = n.state.facts.dims(grid);
  dims.truncate(2);
  dims.append(out.begin() + 1, out.end() - 1);
  Type element = n.element(x);
  Value image = isa<FloatType>(element) ? x : n.cast(x, n.state.builder.getF32Type());
  n.give(n.cast(n.makeTyped<llm::GridSampleOp>(n.element(image), dims, {image, places}, attributes), element));
}

void buildAffineGrid(NodeBuilder &n) { // theta (batch, axes, axes + 1), size (batch, channels, spatial..)
  Value theta = n.in(0), size = n.cast(n.in(1), n.state.builder.getI64Type());
  if (n.rank(theta) != 3 || n.rank(size) != 1 || n.type(theta).isDynamicDim(1) || n.type(theta).isDynamicDim(2))
    n.fail("needs theta (batch, axes, axes + 1) and a size");
  int64_t spatial = n.type(theta).getDimSize(1);
  if (n.type(theta).getDimSize(2) != spatial + 1 || n.type(size).getDimSize(0) != spatial + 2)
    n.fail("has theta for " + std::to_string(spatial) + " axes, but a size of " +
           std::to_string(n.type(size).getDimSize(0)) + " numbers");
  Type real = n.element(theta);
  bool aligned = n.integer("align_corners", 0) != 0;
  // Element k of each row of theta, as (batch, 1.., axes).
  auto column = [&](int64_t k) {
    SmallVector<int64_t> axes;
    for (int64_t axis = 1; axis <= spatial; ++axis)
      axes.push_back(axis);
    return n.unsqueeze(n.squeeze(n.slice(theta, 2, k, k + 1), {2}), axes);
  };
  Value sum = column(spatial), one = n.scalar(real, 1), two = n.scalar(real, 2);
  for (int64_t axis = 0; axis < spatial; ++axis) {
    Value count = n.squeeze(n.slice(size, 0, axis + 2, axis + 3), {0}), index = n.cast(n.range(count), real),
          length = n.cast(count, real);
    Value at = n.make<llm::MulOp>({index, two});
    at = aligned ? n.make<llm::DivOp>({at, n.make<llm::SubOp>({length, one})})
                 : n.make<llm::DivOp>({n.make<llm::AddOp>({at, one}), length});
    at = n.make<llm::SubOp>({at, one});
    SmallVector<int64_t> shape(spatial + 2, 1);
    shape[axis + 1] = -1;
    sum = n.make<llm::AddOp>({sum, n.make<llm::MulOp>({n.reshape(at, shape), column(spatial - 1 - axis)})});
  }
  n.give(sum);
}

void buildCenterCropPad(NodeBuilder &n) { // input, shape
  Value x = n.in(0), i64Shape = n.cast(n.in(1), n.state.builder.getI64Type());
  SmallVector<int64_t> axes;
  if (auto given = n.integers("axes")) {
    for (int64_t axis : *given)
      axes.push_back(n.axis(axis, n.rank(x)));
  } else {
    for (int64_t axis = 0; axis < n.rank(x); ++axis)
      axes.push_back(axis);
  }
  if (n.rank(i64Shape) != 1 || n.type(i64Shape).getDimSize(0) != static_cast<int64_t>(axes.size()))
    n.fail("needs a shape of " + std::to_string(axes.size()) + " sizes");
  // Along each axis some elements are too many, or some are missing, on both sides; the odd one is at the end.
  Value zero = n.vector({0}), two = n.vector({2});
  SmallVector<Value> before(n.rank(x), zero), after(n.rank(x), zero), starts, ends;
  for (auto [index, axis] : llvm::enumerate(axes)) {
    int64_t i = static_cast<int64_t>(index);
    Value wanted = n.slice(i64Shape, 0, i, i + 1), size = n.unsqueeze(n.sizeOf(x, axis), {0});
    Value missing = n.make<llm::SubOp>({wanted, size});
    Value start = n.make<llm::DivOp>({n.make<llm::MaxOp>({n.make<llm::SubOp>({zero, missing}), zero}), two});
    starts.push_back(start);
    ends.push_back(n.make<llm::AddOp>({start, n.make<llm::MinOp>({wanted, size})}));
    missing = n.make<llm::MaxOp>({missing, zero});
    before[axis] = n.make<llm::DivOp>({missing, two});
    after[axis] = n.make<llm::SubOp>({missing, before[axis]});
  }
  Value kept =
      axes.empty() ? x : n.slice(x, n.concat(starts, 0), n.concat(ends, 0), axes, SmallVector<int64_t>(axes.size(), 1));
  before.append(after);
  n.give(n.pad(kept, n.concat(before, 0), n.scalar(n.element(x), 0)));
}

} // namespace lathe
