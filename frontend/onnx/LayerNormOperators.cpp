// Normalisations of rows: LayerNormalization, RMSNormalization and what ONNX Runtime made of them by fusion. Sources:
// the operator documents of ai.onnx and com.microsoft.
#include "frontend/onnx/AttentionParts.h"
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

namespace {

/// What a norm gives beside the normalised rows.
struct Norm {
  Value result, mean, inverse; // mean and 1 / deviation in f32, the normalised axes of size 1; null unless asked for
};

struct NormOptions {
  float epsilon;
  bool centred; // by the mean, as layer norm
  bool wantsMean, wantsInverse;
};

/// The size of one axis of `weight` where it covers exactly the axes of x from `axis` on; else nothing.
bool coversAxes(NodeBuilder &n, Value weight, Value x, int64_t axis) {
  if (n.rank(weight) != n.rank(x) - axis)
    return false;
  for (int64_t i = 0; i < n.rank(weight); ++i)
    if (n.type(weight).getDimSize(i) != n.type(x).getDimSize(axis + i) || n.type(weight).isDynamicDim(i))
      return false;
  return true;
}

/// The formula in primitive ops, computed in f32; `weight` and `bias` broadcast to x.
Norm byFormula(NodeBuilder &n, Value x, Value weight, Value bias, ArrayRef<int64_t> axes, NormOptions options) {
  Type element = n.element(x), wide = element.isF64() ? element : Type(n.state.builder.getF32Type());
  Norm norm;
  Value centred = n.cast(x, wide);
  if (options.centred) {
    norm.mean = n.reduce("mean", centred, axes, true);
    centred = n.make<llm::SubOp>({centred, norm.mean});
  }
  Value variance = n.reduce("mean", n.make<llm::MulOp>({centred, centred}), axes, true);
  norm.inverse = n.make<llm::ReciprocalOp>(
      {n.make<llm::SqrtOp>({n.make<llm::AddOp>({variance, n.scalar(wide, options.epsilon)})})});
  norm.result = n.cast(n.make<llm::MulOp>({centred, norm.inverse}), element);
  if (weight)
    norm.result = n.binary<llm::MulOp>(norm.result, n.cast(weight, element));
  if (bias)
    norm.result = n.binary<llm::AddOp>(norm.result, n.cast(bias, element));
  return norm;
}

/// Rows are all axes of x from `axis` on.
Norm normalize(NodeBuilder &n, Value x, Value weight, Value bias, int64_t axis, NormOptions options) {
  SmallVector<int64_t> axes;
  for (int64_t i = axis; i < n.rank(x); ++i)
    axes.push_back(i);
  auto flat = [&](Value value) {
    // Weights and biases of one axis may come with leading ones; of several, they are one row.
    if (!value || n.rank(value) == 1)
      return value;
    return n.reshape(value, {-1});
  };
  bool isRow = axis == n.rank(x) - 1 ? n.element(weight) == n.element(x)
                                     : coversAxes(n, weight, x, axis) && n.element(weight) == n.element(x);
  if (bias)
    isRow &= n.element(bias) == n.element(x) && (n.type(bias) == n.type(weight) || axis == n.rank(x) - 1);
  auto isVector = [&](Value value) {
    return !value ||
           (n.type(value).hasStaticShape() && n.type(value).getNumElements() == n.type(value).getShape().back());
  };
  if (axis == n.rank(x) - 1)
    isRow &= n.rank(weight) > 0 && isVector(weight) && isVector(bias) && !n.element(x).isF64() &&
             n.type(weight).getShape().back() == n.type(x).getShape().back();
  if (!isRow)
    return byFormula(n, x, weight, bias, axes, options);
  Norm norm;
  Value rows = x;
  if (axes.size() > 1) {
    SmallVector<int64_t> shape(axis, 0); // 0 keeps a size
    shape.push_back(-1);
    rows = n.reshape(x, shape);
  }
  SmallVector<NamedAttribute> attributes = {n.real("epsilon", options.epsilon)};
  SmallVector<Value> operands = {rows, flat(weight)};
  if (bias)
    operands.push_back(flat(bias));
  if (options.centred)
    norm.result = n.make<llm::LayerNormOp>(operands, attributes);
  else
    norm.result = n.make<llm::RmsNormOp>({operands[0], operands[1]}, attributes);
  if (axes.size() > 1)
    norm.result = n.reshape(norm.result, n.make<llm::ShapeOfOp>({x}));
  if (!options.centred && bias)
    norm.result = n.make<llm::AddOp>({norm.result, bias});
  if (options.wantsMean || options.wantsInverse) {
    Norm formula = byFormula(n, x, {}, {}, axes, options);
    norm.mean = formula.mean, norm.inverse = formula.inverse;
  }
  return norm;
}

int64_t axisOf(NodeBuilder &n, Value x) {
  if (n.rank(x) == 0)
    n.fail("normalises a scalar");
  return n.axis(n.integer("axis", -1), n.rank(x));
}

/// The element type of the outputs beside the first.
Value stashed(NodeBuilder &n, Value value) {
  int64_t type = n.integer("stash_type", onnx::TensorProto::FLOAT);
  std::optional<LatheType> known = type == onnx::TensorProto::BFLOAT16 || type == onnx::TensorProto::FLOAT ||
                                           type == onnx::TensorProto::FLOAT16 || type == onnx::TensorProto::DOUBLE
                                       ? typeOfOnnx(static_cast<int32_t>(type))
                                       : std::nullopt;
  if (!known)
    n.fail("has the stash_type " + std::to_string(type) + ", which is no type of floats");
  return value ? n.cast(value, llm::elementType(n.state.builder.getContext(), *known)) : value;
}

} // namespace

void buildLayerNorm(NodeBuilder &n) { // X, Scale, B
  Value x = n.in(0);
  Norm norm =
      normalize(n, x, n.in(1), n.inOrNull(2), axisOf(n, x), {n.number("epsilon", 1e-5f), true, n.gives(1), n.gives(2)});
  n.give(norm.result);
  n.give(stashed(n, norm.mean));
  n.give(stashed(n, norm.inverse));
}

void buildRmsNorm(NodeBuilder &n) { // X, scale
  Value x = n.in(0);
  Norm norm = normalize(n, x, n.in(1), {}, axisOf(n, x), {n.number("epsilon", 1e-5f), false, false, n.gives(1)});
  n.give(norm.result);
  n.give(stashed(n, norm.inverse));
}

namespace {

/// Gives (normalised sum, mean, 1 / deviation, sum).
void giveSkip(NodeBuilder &n, bool centred, Value weight, Value bias, Value added) {
  Value sum = n.binary<llm::AddOp>(n.in(0), n.in(1));
  if (added)
    sum = n.binary<llm::AddOp>(sum, added);
  Norm norm =
      normalize(n, sum, weight, bias, n.rank(sum) - 1, {n.number("epsilon", 1e-12f), centred, n.gives(1), n.gives(2)});
  n.give(norm.result);
  n.give(norm.mean);
  n.give(norm.inverse);
  n.give(sum);
}

} // namespace

void buildSkipLayerNorm(NodeBuilder &n) { // input, skip, gamma, beta, bias
  giveSkip(n, true, n.in(2), n.inOrNull(3), n.inOrNull(4));
}

void buildSkipRmsNorm(NodeBuilder &n) { // input, skip, gamma, bias
  giveSkip(n, false, n.in(2), {}, n.inOrNull(3));
}

// input_ids, segment_ids, word_embedding, position_embedding, segment_embedding, gamma, beta, mask, position_ids
void buildEmbedLayerNorm(NodeBuilder &n) {
  Value ids = n.in(0);
  if (n.rank(ids) != 2)
    n.fail("takes ids of rank 2, got " + std::to_string(n.rank(ids)));
  if (n.has(1) != n.has(4))
    n.fail("has one of segment_ids and segment_embedding; it takes both or none");
  auto rows = [&](Value table, Value indices) { return n.make<llm::GatherOp>({table, indices}, {n.whole("axis", 0)}); };
  Value sum = rows(n.in(2), ids), places;
  if (n.has(8)) {
    places = rows(n.in(3), n.in(8));
  } else { // the first rows, one a token
    places = rows(n.in(3), attention::indices(n, ids, 1, n.state.builder.getI64Type()));
  }
  sum = n.binary<llm::AddOp>(sum, places);
  if (n.has(1))
    sum = n.binary<llm::AddOp>(sum, rows(n.in(4), n.in(1)));
  Norm norm = normalize(n, sum, n.in(5), n.in(6), 2, {n.number("epsilon", 1e-12f), true, false, false});
  n.give(norm.result);
  Type i32 = n.state.builder.getI32Type();
  Value lengths;
  if (n.gives(1) && n.has(7)) {
    Value mask = n.in(7), ones = n.compare("eq", mask, n.scalar(n.element(mask), 1));
    lengths = n.reduce("sum", n.cast(ones, i32), {1}, false);
  } else if (n.gives(1)) {
    lengths = n.expand(n.scalar(i32, 0), n.slice(n.make<llm::ShapeOfOp>({ids}), 0, 0, 1));
  }
  n.give(lengths);
  n.give(sum);
}

} // namespace lathe
