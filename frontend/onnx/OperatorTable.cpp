// The ONNX operators that can be imported: (domain, name, first opset of the meaning) -> builder. One entry an
// operator; a second one where an opset changed what it means and the builder cannot tell from the inputs. To add one,
// write its builder in the file of its family and its line here.
#include "frontend/onnx/Operators.h"

namespace lathe {

namespace {

struct Operator {
  std::string_view domain, name;
  int64_t since;
  BuildNode build;
};

constexpr std::string_view microsoft = "com.microsoft";

constexpr Operator operators[] = {
    // pointwise
    {"", "Abs", 1, buildUnary<llm::AbsOp>},
    {"", "Add", 1, buildBinary<llm::AddOp>},
    {"", "And", 1, buildLogical},
    {"", "Cast", 1, buildCast},
    {"", "CastLike", 15, buildCast},
    {"", "Ceil", 1, buildUnary<llm::CeilOp>},
    {"", "Clip", 11, buildClip},
    {"", "Cos", 1, buildUnary<llm::CosOp>},
    {"", "Div", 1, buildBinary<llm::DivOp>},
    {"", "Equal", 1, buildCompare},
    {"", "Erf", 1, buildUnary<llm::ErfOp>},
    {"", "Exp", 1, buildUnary<llm::ExpOp>},
    {"", "Floor", 1, buildUnary<llm::FloorOp>},
    {"", "Gelu", 20, buildGelu},
    {"", "Greater", 1, buildCompare},
    {"", "GreaterOrEqual", 12, buildCompare},
    {"", "IsNaN", 1, buildIsNan},
    {"", "LeakyRelu", 1, buildLeakyRelu},
    {"", "Less", 1, buildCompare},
    {"", "LessOrEqual", 12, buildCompare},
    {"", "Log", 1, buildUnary<llm::LogOp>},
    {"", "Max", 1, buildVariadic},
    {"", "Mean", 1, buildVariadic},
    {"", "Min", 1, buildVariadic},
    {"", "Mod", 1, buildMod},
    {"", "Mul", 1, buildBinary<llm::MulOp>},
    {"", "Neg", 1, buildUnary<llm::NegOp>},
    {"", "Not", 1, buildNot},
    {"", "Or", 1, buildLogical},
    {"", "Pow", 1, buildPow},
    {"", "Reciprocal", 1, buildUnary<llm::ReciprocalOp>},
    {"", "Relu", 1, buildUnary<llm::ReluOp>},
    {"", "Round", 1, buildUnary<llm::RoundOp>},
    {"", "Sigmoid", 1, buildUnary<llm::SigmoidOp>},
    {"", "Sign", 1, buildUnary<llm::SignOp>},
    {"", "Sin", 1, buildUnary<llm::SinOp>},
    {"", "Sqrt", 1, buildUnary<llm::SqrtOp>},
    {"", "Sub", 1, buildBinary<llm::SubOp>},
    {"", "Sum", 1, buildVariadic},
    {"", "Swish", 24, buildQuickGelu},
    {"", "Tanh", 1, buildUnary<llm::TanhOp>},
    {"", "Where", 1, buildWhere},
    {"", "Xor", 1, buildLogical},
    {microsoft, "BiasGelu", 1, buildGelu},
    {microsoft, "FastGelu", 1, buildGelu},
    {microsoft, "Gelu", 1, buildGelu},
    {microsoft, "QuickGelu", 1, buildQuickGelu},

    // shapes
    {"", "Constant", 1, buildConstant},
    {"", "ConstantOfShape", 1, buildConstantOfShape},
    {"", "Expand", 1, buildExpand},
    {"", "Flatten", 1, buildFlatten},
    {"", "Identity", 1, buildIdentity},
    {"", "Range", 1, buildRange},
    {"", "Reshape", 5, buildReshape},
    {"", "Shape", 1, buildShape},
    {"", "Size", 1, buildSize},
    {"", "Squeeze", 1, buildSqueeze},
    {"", "Transpose", 1, buildTranspose},
    {"", "Unsqueeze", 1, buildUnsqueeze},

    // parts and indices
    {"", "Concat", 4, buildConcat},
    {"", "CumSum", 11, buildCumSum},
    {"", "Gather", 1, buildGather},
    {"", "GatherND", 11, buildGatherNd},
    {"", "Slice", 10, buildSlice},
    {"", "Split", 2, buildSplit},
    {"", "Trilu", 14, buildTrilu},

    // products, reductions, norms
    {"", "Gemm", 1, buildGemm},
    {"", "LayerNormalization", 1, buildLayerNorm}, // 1: ONNX Runtime's, before opset 17 had one
    {"", "MatMul", 1, buildMatMul},
    {"", "RMSNormalization", 23, buildRmsNorm},
    {"", "ReduceL2", 1, buildReduce},
    {"", "ReduceMax", 1, buildReduce},
    {"", "ReduceMean", 1, buildReduce},
    {"", "ReduceMin", 1, buildReduce},
    {"", "ReduceProd", 1, buildReduce},
    {"", "ReduceSum", 1, buildReduce},
    {"", "ReduceSumSquare", 1, buildReduce},
    {"", "SimplifiedLayerNormalization", 1, buildRmsNorm}, // ONNX Runtime's
    {"", "Softmax", 1, buildFlatSoftmax},
    {"", "Softmax", 13, buildSoftmax},
    {microsoft, "SimplifiedLayerNormalization", 1, buildRmsNorm},
    {microsoft, "SkipLayerNormalization", 1, buildSkipLayerNorm},
    {microsoft, "SkipSimplifiedLayerNormalization", 1, buildSkipRmsNorm},

    // attention
    {"", "Attention", 23, buildAttention},
    {"", "RotaryEmbedding", 23, buildRotary},
    {microsoft, "GroupQueryAttention", 1, buildGroupQueryAttention},
    {microsoft, "RotaryEmbedding", 1, buildMicrosoftRotary},

    // quantised weights
    {microsoft, "GatherBlockQuantized", 1, buildGatherBlockQuantized},
    {microsoft, "MatMulNBits", 1, buildMatMulNBits},
};

} // namespace

BuildNode findOperator(std::string_view domain, std::string_view name, int64_t opset) {
  const Operator *best = nullptr;
  for (const Operator &entry : operators)
    if (entry.domain == domain && entry.name == name && entry.since <= opset && (!best || entry.since > best->since))
      best = &entry;
  return best ? best->build : nullptr;
}

} // namespace lathe
