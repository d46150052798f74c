// Operators of com.microsoft that stand for a few of ai.onnx each: products and sums with what follows them. Source:
// their operator documents.
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

namespace {

/// Transposes the last two axes (`last`), and before that the first axis behind the other batch axes (`batch`).
Value transposed(NodeBuilder &n, Value x, bool last, bool batch) {
  int64_t rank = n.rank(x);
  if (rank < 2 || (!last && !batch))
    return x;
  SmallVector<int64_t> permutation;
  for (int64_t i = 0; i < rank; ++i)
    permutation.push_back(i);
  if (batch) // (b, .., m, k) is stored as (.., m, b, k)
    std::rotate(permutation.begin(), permutation.begin() + 1, permutation.begin() + rank - 1);
  if (last)
    std::swap(permutation[rank - 2], permutation[rank - 1]);
  return n.transpose(x, permutation);
}

Value scaled(NodeBuilder &n, Value x, float by) {
  return by == 1.0f ? x : n.make<llm::MulOp>({x, n.scalar(n.element(x), by)});
}

} // namespace

void buildFusedMatMul(NodeBuilder &n) { // A, B
  auto side = [&](size_t index, const char *last, const char *batch) {
    return transposed(n, n.in(index), n.integer(last, 0) != 0, n.integer(batch, 0) != 0);
  };
  Value product = n.binary<llm::MatmulOp>(side(0, "transA", "transBatchA"), side(1, "transB", "transBatchB"));
  n.give(scaled(n, product, n.number("alpha", 1)));
}

Value activated(NodeBuilder &n, Value x, const std::string &name, ArrayRef<float> parameters) {
  auto parameter = [&](size_t index, float otherwise) {
    return static_cast<double>(index < parameters.size() ? parameters[index] : otherwise);
  };
  Type element = n.element(x);
  if (name.empty())
    return x;
  if (name == "Relu")
    return n.make<llm::ReluOp>({x});
  if (name == "Tanh")
    return n.make<llm::TanhOp>({x});
  if (name == "Sigmoid")
    return n.make<llm::SigmoidOp>({x});
  if (name == "LeakyRelu") {
    Value low = n.make<llm::MinOp>({x, n.scalar(element, 0)});
    return n.make<llm::AddOp>(
        {n.make<llm::ReluOp>({x}), n.make<llm::MulOp>({low, n.scalar(element, parameter(0, 0.01f))})});
  }
  if (name == "Clip") {
    Value low = n.make<llm::MaxOp>({x, n.scalar(element, parameter(0, std::numeric_limits<float>::lowest()))});
    return n.make<llm::MinOp>({low, n.scalar(element, parameter(1, std::numeric_limits<float>::max()))});
  }
  if (name == "HardSigmoid") {
    Value line = n.make<llm::AddOp>(
        {n.make<llm::MulOp>({x, n.scalar(element, parameter(0, 0.2f))}), n.scalar(element, parameter(1, 0.5f))});
    return n.make<llm::MinOp>({n.make<llm::ReluOp>({line}), n.scalar(element, 1)});
  }
  n.fail("has the activation '" + name + "', which is not supported");
}

void buildFusedGemm(NodeBuilder &n) { // A, B, C
  buildGemm(n);
  SmallVector<float> parameters;
  for (const char *name : {"activation_alpha", "activation_beta", "activation_gamma"})
    if (n.hasAttribute(name))
      parameters.push_back(n.number(name, 0));
  n.results[0] = activated(n, n.results[0], n.text("activation", ""), parameters);
}

void buildFusedConv(NodeBuilder &n) { // X, W, B, Z
  buildConv(n);
  Value result = n.results[0];
  if (n.has(3))
    result = n.binary<llm::AddOp>(result, n.in(3));
  SmallVector<float> parameters;
  if (auto given = n.numbers("activation_params"))
    parameters = *given;
  n.results[0] = activated(n, result, n.text("activation", ""), parameters);
}

void buildGemmFastGelu(NodeBuilder &n) { // X, W, bias
  Value x = n.binary<llm::MatmulOp>(n.in(0), n.in(1));
  if (n.has(2))
    x = n.binary<llm::AddOp>(x, n.in(2));
  n.give(n.make<llm::GeluOp>({x}, {n.flag("approximate")}));
}

void buildBiasAdd(NodeBuilder &n) { // X, bias, skip
  n.give(n.binary<llm::AddOp>(n.binary<llm::AddOp>(n.in(0), n.in(1)), n.in(2)));
}

void buildBiasSplitGelu(NodeBuilder &n) { // X, bias
  Value x = n.binary<llm::AddOp>(n.in(0), n.in(1));
  int64_t last = n.rank(x) - 1, width = n.type(x).getDimSize(last);
  if (ShapedType::isDynamic(width) || width % 2 != 0)
    n.fail("splits " + std::to_string(width) + " columns into halves");
  Value left = n.slice(x, last, 0, width / 2), right = n.slice(x, last, width / 2, width);
  n.give(n.make<llm::MulOp>({left, n.make<llm::GeluOp>({right})}));
}

void buildBiasDropout(NodeBuilder &n) { // data, bias, residual, ratio, training_mode
  if (n.has(4)) {
    auto training = n.state.facts.constants(n.in(4));
    if (!training || llvm::any_of(*training, [](int64_t value) { return value != 0; }))
      n.fail("drops at random (training_mode), which is not supported");
  }
  Value result = n.binary<llm::AddOp>(n.in(0), n.in(1));
  if (n.has(2))
    result = n.binary<llm::AddOp>(result, n.in(2));
  n.give(result);
  if (n.gives(1))
    n.give(n.expand(n.scalar(n.state.builder.getI1Type(), 1), n.make<llm::ShapeOfOp>({result})));
}

void buildBiasSoftmax(NodeBuilder &n) { // data, bias
  Value x = n.in(0), bias = n.in(1);
  int64_t rank = n.rank(x), axis = n.axis(n.integer("axis", 1), rank);
  // The bias is spread over leading axes as numpy does it, or over the axes just before the normalised ones.
  if (n.integer("is_inner_broadcast", 1)) {
    int64_t missing = rank - n.rank(bias);
    if (missing < 0 || missing > axis)
      n.fail("has a bias of rank " + std::to_string(n.rank(bias)) + " for a rank of " + std::to_string(rank));
    SmallVector<int64_t> inner;
    for (int64_t i = 0; i < missing; ++i)
      inner.push_back(axis - missing + i);
    if (!inner.empty())
      bias = n.unsqueeze(bias, inner);
  }
  Value sum = n.binary<llm::AddOp>(x, bias);
  if (axis == rank - 1)
    return n.give(n.make<llm::SoftmaxOp>({sum}, {n.whole("axis", axis)}));
  SmallVector<int64_t> shape(axis, 0); // 0 keeps a size
  shape.push_back(-1);
  Value flat = n.make<llm::SoftmaxOp>({n.reshape(sum, shape)}, {n.whole("axis", axis)});
  n.give(n.reshape(flat, n.make<llm::ShapeOfOp>({x})));
}

namespace {

/// gamma * (x - mean) / deviation + beta over groups of channels; x (N, .., C), or (N, C, ..) without `channelsLast`.
Value groupNorm(NodeBuilder &n, Value x, Value gamma, Value beta, bool channelsLast) {
  int64_t rank = n.rank(x), groups = n.integer("groups", 0);
  if (rank < 3)
    n.fail("normalises a tensor of rank " + std::to_string(rank) + "; it takes (N, .., C)");
  int64_t channels = n.type(x).getDimSize(channelsLast ? rank - 1 : 1);
  if (ShapedType::isDynamic(channels) || groups <= 0 || channels % groups != 0)
    n.fail("has " + std::to_string(channels) + " channels in " + std::to_string(groups) + " groups");
  Type element = n.element(x), f32 = n.state.builder.getF32Type();
  Value wide = n.cast(x, f32), shape = n.make<llm::ShapeOfOp>({x});
  if (!channelsLast) {
    SmallVector<int64_t> permutation = {0};
    for (int64_t i = 2; i < rank; ++i)
      permutation.push_back(i);
    permutation.push_back(1);
    wide = n.transpose(wide, permutation);
    shape = n.make<llm::ShapeOfOp>({wide});
  }
  Value parts = n.reshape(wide, {0, -1, groups, channels / groups});
  Value centred = n.make<llm::SubOp>({parts, n.reduce("mean", parts, {1, 3}, true)});
  Value variance = n.reduce("mean", n.make<llm::MulOp>({centred, centred}), {1, 3}, true);
  Value deviation = n.make<llm::SqrtOp>({n.make<llm::AddOp>({variance, n.scalar(f32, n.number("epsilon", 1e-5f))})});
  Value result = n.reshape(n.make<llm::DivOp>({centred, deviation}), shape);
  result = n.make<llm::AddOp>({n.make<llm::MulOp>({result, n.cast(gamma, f32)}), n.cast(beta, f32)});
  int64_t activation = n.integer("activation", 0);
  if (activation != 0 && activation != 1)
    n.fail("has the activation " + std::to_string(activation) + "; 0 and 1 (SiLU) are known");
  if (activation)
    result = n.make<llm::SiluOp>({result});
  if (!channelsLast) {
    SmallVector<int64_t> permutation = {0, rank - 1};
    for (int64_t i = 1; i + 1 < rank; ++i)
      permutation.push_back(i);
    result = n.transpose(result, permutation);
  }
  return n.cast(result, element);
}

} // namespace

void buildMicrosoftGroupNorm(NodeBuilder &n) { // X, gamma, beta
  n.give(groupNorm(n, n.in(0), n.in(1), n.in(2), n.integer("channels_last", 1) != 0));
}

void buildSkipGroupNorm(NodeBuilder &n) { // X, gamma, beta, skip, bias
  Value sum = n.in(0), skip = n.in(3);
  if (n.rank(skip) == 2 && n.rank(sum) == 4)
    skip = n.unsqueeze(skip, {1, 2});
  sum = n.binary<llm::AddOp>(sum, skip);
  if (n.has(4))
    sum = n.binary<llm::AddOp>(sum, n.in(4));
  n.give(groupNorm(n, sum, n.in(1), n.in(2), n.integer("channels_last", 1) != 0));
  n.give(sum);
}

void buildGatedRmsNorm(NodeBuilder &n) { // X, gate, scale
  Value x = n.in(0), gate = n.in(1), weight = n.in(2);
  int64_t last = n.rank(x) - 1,
          size = n.type(weight).getRank() == 1 ? n.type(weight).getDimSize(0) : ShapedType::kDynamic;
  if (last < 0 || ShapedType::isDynamic(size) || size <= 0)
    n.fail("needs a scale of rank 1 with a known size");
  Type element = n.element(x), f32 = n.state.builder.getF32Type();
  SmallVector<int64_t> shape(last, 0); // 0 keeps a size
  shape.append({-1, size});
  Value rows = n.reshape(n.cast(x, f32), shape);
  Value result = n.make<llm::RmsNormOp>({rows, n.cast(weight, f32)}, {n.real("epsilon", n.number("epsilon", 1e-5f))});
  result = n.reshape(result, n.make<llm::ShapeOfOp>({x}));
  std::string activation = n.text("activation", "silu");
  Value wide = n.cast(gate, f32);
  if (activation == "silu" || activation == "swish")
    wide = n.make<llm::SiluOp>({wide});
  else if (activation == "sigmoid")
    wide = n.make<llm::SigmoidOp>({wide});
  else
    n.fail("has the activation '" + activation + "'; silu, swish and sigmoid are known");
  n.give(n.cast(n.make<llm::MulOp>({result, wide}), element));
}

void buildMicrosoftSwiglu(NodeBuilder &n) { // gate, up
  Value gate = n.in(0), up = n.inOrNull(1);
  if (!up) {
    int64_t last = n.rank(gate) - 1, width = n.type(gate).getDimSize(last);
    if (ShapedType::isDynamic(width) || width % 2 != 0)
      n.fail("splits " + std::to_string(width) + " columns into halves");
    up = n.slice(gate, last, width / 2, width);
    gate = n.slice(gate, last, 0, width / 2);
  }
  Type element = n.element(gate);
  float limit = n.number("limit", 0), alpha = n.number("activation_alpha", 1), beta = n.number("activation_beta", 0);
  if (limit > 0) {
    gate = n.make<llm::MinOp>({gate, n.scalar(element, limit)});
    up = n.make<llm::MaxOp>({n.make<llm::MinOp>({up, n.scalar(element, limit)}), n.scalar(element, -limit)});
  }
  Value active = alpha == 1.0f ? n.make<llm::SiluOp>({gate})
                               : n.make<llm::MulOp>({gate, n.make<llm::SigmoidOp>({scaled(n, gate, alpha)})});
  if (beta != 0)
    up = n.make<llm::AddOp>({up, n.scalar(element, beta)});
  n.give(n.binary<llm::MulOp>(active, up));
}

void buildGatedAdd(NodeBuilder &n) { // X, Y, gate, gate_weight
  Value gate = n.in(2);
  if (n.has(3))
    gate = n.make<llm::SigmoidOp>({n.binary<llm::MatmulOp>(gate, n.in(3))});
  n.give(n.binary<llm::AddOp>(n.in(0), n.binary<llm::MulOp>(n.in(1), gate)));
}

void buildScaledSilu(NodeBuilder &n) { // X, scale
  Value x = n.in(0);
  x = n.has(1) ? n.make<llm::MulOp>({x, n.cast(n.in(1), n.element(x))}) : scaled(n, x, n.number("alpha", 1));
  n.give(n.make<llm::SiluOp>({x}));
}

void buildComplexMul(NodeBuilder &n) { // A, B: (.., 2) of real and imaginary parts
  Value a = n.in(0), b = n.in(1);
  int64_t last = n.rank(a) - 1;
  if (last < 0 || n.rank(b) < 1 || n.type(a).getDimSize(last) != 2 || n.type(b).getShape().back() != 2)
    n.fail("multiplies complex numbers, which are pairs along the last axis");
  auto part = [&](Value x, int64_t i) { return n.slice(x, n.rank(x) - 1, i, i + 1); };
  bool conjugate = n.node.op_type() == "ComplexMulConj";
  Value ac = n.binary<llm::MulOp>(part(a, 0), part(b, 0)), bd = n.make<llm::MulOp>({part(a, 1), part(b, 1)});
  Value ad = n.make<llm::MulOp>({part(a, 0), part(b, 1)}), bc = n.make<llm::MulOp>({part(a, 1), part(b, 0)});
  Value real = conjugate ? n.make<llm::AddOp>({ac, bd}) : n.make<llm::SubOp>({ac, bd});
  Value imaginary = conjugate ? n.make<llm::SubOp>({bc, ad}) : n.make<llm::AddOp>({ad, bc});
  n.give(n.concat({real, imaginary}, n.rank(real) - 1));
}

void buildExpandDims(NodeBuilder &n) { // X, axis
  SmallVector<int64_t> axis = n.constants(1, "the axis");
  if (axis.size() != 1)
    n.fail("has an axis that is no scalar");
  n.give(n.unsqueeze(n.in(0), {n.axis(axis.front(), n.rank(n.in(0)) + 1)}));
}

} // namespace lathe
