// The ONNX operators that can be imported: (domain, name, first opset of the meaning) -> builder. One entry an
// operator; a second one where an opset changed what it means and the builder cannot tell from the inputs. To add one,
// write its builder in the file of its family and its line here.
#include "frontend/onnx/OnnxSupport.h"
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
    {"", "Abs", 1, buildAbs},
    {"", "Acos", 7, buildUnary<llm::AcosOp>},
    {"", "Acosh", 9, buildUnary<llm::AcoshOp>},
    {"", "Add", 7, buildBinary<llm::AddOp>},
    {"", "And", 7, buildLogical},
    {"", "Asin", 7, buildUnary<llm::AsinOp>},
    {"", "Asinh", 9, buildUnary<llm::AsinhOp>},
    {"", "Atan", 7, buildUnary<llm::AtanOp>},
    {"", "Atanh", 9, buildUnary<llm::AtanhOp>},
    {"", "BitCast", 26, buildBitCast},
    {"", "BitShift", 11, buildBitShift},
    {"", "BitwiseAnd", 18, buildBitwise},
    {"", "BitwiseNot", 18, buildBitwiseNot},
    {"", "BitwiseOr", 18, buildBitwise},
    {"", "BitwiseXor", 18, buildBitwise},
    {"", "Cast", 6, buildCast},
    {"", "CastLike", 15, buildCast},
    {"", "Ceil", 1, buildUnary<llm::CeilOp>},
    {"", "Celu", 12, buildCelu},
    {"", "Clip", 6, buildClip},
    {"", "Cos", 7, buildUnary<llm::CosOp>},
    {"", "Cosh", 9, buildUnary<llm::CoshOp>},
    {"", "Div", 7, buildBinary<llm::DivOp>},
    {"", "Dropout", 7, buildDropout},
    {"", "Elu", 1, buildElu},
    {"", "Equal", 7, buildCompare},
    {"", "Erf", 1, buildUnary<llm::ErfOp>},
    {"", "Exp", 1, buildUnary<llm::ExpOp>},
    {"", "Floor", 1, buildUnary<llm::FloorOp>},
    {"", "Gelu", 20, buildGelu},
    {"", "Greater", 7, buildCompare},
    {"", "GreaterOrEqual", 12, buildCompare},
    {"", "HardSigmoid", 1, buildHardSigmoid},
    {"", "HardSwish", 14, buildHardSwish},
    {"", "IsInf", 10, buildIsInf},
    {"", "IsNaN", 9, buildIsNan},
    {"", "LeakyRelu", 1, buildLeakyRelu},
    {"", "Less", 7, buildCompare},
    {"", "LessOrEqual", 12, buildCompare},
    {"", "Log", 1, buildUnary<llm::LogOp>},
    {"", "Max", 6, buildVariadic},
    {"", "Mean", 6, buildVariadic},
    {"", "Min", 6, buildVariadic},
    {"", "Mish", 18, buildMish},
    {"", "Mod", 10, buildMod},
    {"", "Mul", 7, buildBinary<llm::MulOp>},
    {"", "Neg", 1, buildUnary<llm::NegOp>},
    {"", "Not", 1, buildNot},
    {"", "Or", 7, buildLogical},
    {"", "PRelu", 7, buildPRelu},
    {"", "Pow", 7, buildPow},
    {"", "Reciprocal", 1, buildUnary<llm::ReciprocalOp>},
    {"", "Relu", 1, buildUnary<llm::ReluOp>},
    {"", "Round", 11, buildUnary<llm::RoundOp>},
    {"", "Selu", 1, buildSelu},
    {"", "Shrink", 9, buildShrink},
    {"", "Sigmoid", 1, buildUnary<llm::SigmoidOp>},
    {"", "Sign", 9, buildSign},
    {"", "Sin", 7, buildUnary<llm::SinOp>},
    {"", "Sinh", 9, buildUnary<llm::SinhOp>},
    {"", "Softplus", 1, buildUnary<llm::SoftplusOp>},
    {"", "Softsign", 1, buildSoftsign},
    {"", "Sqrt", 1, buildUnary<llm::SqrtOp>},
    {"", "Sub", 7, buildBinary<llm::SubOp>},
    {"", "Sum", 6, buildVariadic},
    {"", "SwiGLU", 28, buildSwiglu},
    {"", "Swish", 24, buildQuickGelu},
    {"", "Tan", 7, buildUnary<llm::TanOp>},
    {"", "Tanh", 1, buildUnary<llm::TanhOp>},
    {"", "ThresholdedRelu", 10, buildThresholdedRelu},
    {"", "Where", 9, buildWhere},
    {"", "Xor", 7, buildLogical},
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
    {"", "ArgMax", 1, buildArgMax},
    {"", "ArgMin", 1, buildArgMax},
    {"", "Concat", 4, buildConcat},
    {"", "CumProd", 26, buildCumulative},
    {"", "CumSum", 11, buildCumulative},
    {"", "DepthToSpace", 1, buildDepthToSpace},
    {"", "Det", 11, buildDet},
    {"", "Einsum", 12, buildEinsum},
    {"", "EyeLike", 9, buildEyeLike},
    {"", "Gather", 1, buildGather},
    {"", "GatherElements", 11, buildGatherElements},
    {"", "GatherND", 11, buildGatherNd},
    {"", "Hardmax", 1, buildHardmax},
    {"", "OneHot", 9, buildOneHot},
    {"", "Pad", 2, buildPad},
    {"", "ReverseSequence", 10, buildReverseSequence},
    {"", "Scatter", 9, buildScatterElements},
    {"", "ScatterElements", 11, buildScatterElements},
    {"", "ScatterND", 11, buildScatterNd},
    {"", "Slice", 10, buildSlice},
    {"", "SpaceToDepth", 1, buildSpaceToDepth},
    {"", "Split", 2, buildSplit},
    {"", "TensorScatter", 24, buildTensorScatter},
    {"", "Tile", 6, buildTile},
    {"", "TopK", 1, buildTopK},
    {"", "Trilu", 14, buildTrilu},

    // sizes that data decides
    {"", "Compress", 9, buildCompress},
    {"", "If", 1, buildIf},
    {"", "Loop", 1, buildLoop},
    {"", "NonMaxSuppression", 10, buildNonMaxSuppression},
    {"", "NonZero", 9, buildNonZero},
    {"", "Scan", 9, buildScan},
    {"", "Unique", 11, buildUnique},

    // products, reductions, norms
    {"", "Gemm", 7, buildGemm},
    {"", "LayerNormalization", 1, buildLayerNorm}, // 1: ONNX Runtime's, before opset 17 had one
    {"", "LogSoftmax", 1, buildFlatSoftmax},
    {"", "LogSoftmax", 13, buildSoftmax},
    {"", "MatMul", 1, buildMatMul},
    {"", "NegativeLogLikelihoodLoss", 12, buildNegativeLogLikelihoodLoss},
    {"", "RMSNormalization", 23, buildRmsNorm},
    {"", "ReduceL1", 1, buildReduce},
    {"", "ReduceL2", 1, buildReduce},
    {"", "ReduceLogSum", 1, buildReduce},
    {"", "ReduceLogSumExp", 1, buildReduce},
    {"", "ReduceMax", 1, buildReduce},
    {"", "ReduceMean", 1, buildReduce},
    {"", "ReduceMin", 1, buildReduce},
    {"", "ReduceProd", 1, buildReduce},
    {"", "ReduceSum", 1, buildReduce},
    {"", "ReduceSumSquare", 1, buildReduce},
    {"", "SimplifiedLayerNormalization", 1, buildRmsNorm}, // ONNX Runtime's
    {"", "Softmax", 1, buildFlatSoftmax},
    {"", "Softmax", 13, buildSoftmax},
    {"", "SoftmaxCrossEntropyLoss", 12, buildSoftmaxCrossEntropyLoss},
    {microsoft, "EmbedLayerNormalization", 1, buildEmbedLayerNorm},
    {microsoft, "LayerNormalization", 1, buildLayerNorm},
    {microsoft, "SimplifiedLayerNormalization", 1, buildRmsNorm},
    {microsoft, "SkipLayerNormalization", 1, buildSkipLayerNorm},
    {microsoft, "SkipSimplifiedLayerNormalization", 1, buildSkipRmsNorm},

    // convolution, pooling, images, signals
    {"", "AffineGrid", 20, buildAffineGrid},
    {"", "AveragePool", 1, buildAveragePool},
    {"", "BatchNormalization", 7, buildBatchNorm},
    {"", "BlackmanWindow", 17, buildWindow},
    {"", "CausalConvWithState", 27, buildCausalConv},
    {"", "CenterCropPad", 18, buildCenterCropPad},
    {"", "Col2Im", 18, buildCol2Im},
    {"", "Conv", 1, buildConv},
    {"", "ConvInteger", 10, buildConvInteger},
    {"", "ConvTranspose", 1, buildConvTranspose},
    {"", "DFT", 17, buildDft},
    {"", "DeformConv", 19, buildDeformConv},
    {"", "GlobalAveragePool", 1, buildGlobalPool},
    {"", "GlobalLpPool", 2, buildGlobalLpPool},
    {"", "GlobalMaxPool", 1, buildGlobalPool},
    {"", "GridSample", 16, buildGridSample},
    {"", "GroupNormalization", 18, buildGroupNorm},
    {"", "HammingWindow", 17, buildWindow},
    {"", "HannWindow", 17, buildWindow},
    {"", "InstanceNormalization", 6, buildInstanceNorm},
    {"", "LRN", 1, buildLrn},
    {"", "LpNormalization", 1, buildLpNorm},
    {"", "LpPool", 2, buildLpPool},
    {"", "MaxPool", 1, buildMaxPool},
    {"", "MaxRoiPool", 1, buildMaxRoiPool},
    {"", "MaxUnpool", 9, buildMaxUnpool},
    {"", "MeanVarianceNormalization", 9, buildMeanVarianceNorm},
    {"", "MelWeightMatrix", 17, buildMelWeights},
    {"", "QLinearConv", 10, buildQLinearConv},
    {"", "Resize", 10, buildResize},
    {"", "RoiAlign", 10, buildRoiAlign},
    {"", "STFT", 17, buildStft},
    {"", "Upsample", 7, buildResize},

    // attention
    {"", "Attention", 23, buildAttention},
    {"", "RotaryEmbedding", 23, buildRotary},
    {microsoft, "Attention", 1, buildMicrosoftAttention},
    {microsoft, "DecoderMaskedMultiHeadAttention", 1, buildDecoderMaskedAttention},
    {microsoft, "GroupQueryAttention", 1, buildGroupQueryAttention},
    {microsoft, "MultiHeadAttention", 1, buildMultiHeadAttention},
    {microsoft, "RotaryEmbedding", 1, buildMicrosoftRotary},

    // quantised tensors
    {"", "DequantizeLinear", 10, buildDequantizeLinear},
    {"", "DynamicQuantizeLinear", 11, buildDynamicQuantizeLinear},
    {"", "MatMulInteger", 10, buildMatMulInteger},
    {"", "QLinearMatMul", 10, buildQLinearMatMul},
    {"", "QuantizeLinear", 10, buildQuantizeLinear},
    {microsoft, "DequantizeLinear", 1, buildDequantizeLinear},
    {microsoft, "DynamicQuantizeMatMul", 1, buildDynamicQuantizeMatMul},
    {microsoft, "MatMulInteger16", 1, buildMatMulInteger16},
    {microsoft, "MatMulIntegerToFloat", 1, buildMatMulIntegerToFloat},
    {microsoft, "MulInteger", 1, buildMulInteger},
    {microsoft, "QAttention", 1, buildQAttention},
    {microsoft, "QGemm", 1, buildQGemm},
    {microsoft, "QLinearAdd", 1, buildQLinearAdd},
    {microsoft, "QLinearConcat", 1, buildQLinearConcat},
    {microsoft, "QLinearGlobalAveragePool", 1, buildQLinearGlobalAveragePool},
    {microsoft, "QLinearLeakyRelu", 1, buildQLinearLeakyRelu},
    {microsoft, "QLinearMul", 1, buildQLinearMul},
    {microsoft, "QLinearReduceMean", 1, buildQLinearReduceMean},
    {microsoft, "QLinearSigmoid", 1, buildQLinearSigmoid},
    {microsoft, "QLinearSoftmax", 1, buildQLinearSoftmax},
    {microsoft, "QLinearWhere", 1, buildQLinearWhere},
    {microsoft, "QuantizeLinear", 1, buildQuantizeLinear},
    {microsoft, "ReduceSumInteger", 1, buildReduceSumInteger},
    {microsoft, "GatedRelativePositionBias", 1, buildGatedRelativePositionBias},
    {microsoft, "MRotaryEmbedding", 1, buildThreefoldRotary},
    {microsoft, "RelativePositionBias", 1, buildRelativePositionBias},

    // several operators in one, of ONNX Runtime
    {microsoft, "BiasAdd", 1, buildBiasAdd},
    {microsoft, "BiasDropout", 1, buildBiasDropout},
    {microsoft, "BiasSoftmax", 1, buildBiasSoftmax},
    {microsoft, "BiasSplitGelu", 1, buildBiasSplitGelu},
    {microsoft, "ComplexMul", 1, buildComplexMul},
    {microsoft, "ComplexMulConj", 1, buildComplexMul},
    {microsoft, "ExpandDims", 1, buildExpandDims},
    {microsoft, "FusedConv", 1, buildFusedConv},
    {microsoft, "FusedGemm", 1, buildFusedGemm},
    {microsoft, "FusedMatMul", 1, buildFusedMatMul},
    {microsoft, "GatedAdd", 1, buildGatedAdd},
    {microsoft, "GatedRMSNorm", 1, buildGatedRmsNorm},
    {microsoft, "GatherND", 1, buildGatherNd},
    {microsoft, "GemmFastGelu", 1, buildGemmFastGelu},
    {microsoft, "GroupNorm", 1, buildMicrosoftGroupNorm},
    {microsoft, "Range", 1, buildRange},
    {microsoft, "ScaledSiLU", 1, buildScaledSilu},
    {microsoft, "SkipGroupNorm", 1, buildSkipGroupNorm},
    {microsoft, "SwiGLU", 1, buildMicrosoftSwiglu},
    {microsoft, "TransposeMatMul", 1, buildFusedMatMul},
    {microsoft, "Trilu", 1, buildTrilu},

    // quantised weights
    {microsoft, "GatherBlockQuantized", 1, buildGatherBlockQuantized},
    {microsoft, "MatMulNBits", 1, buildMatMulNBits},
    {microsoft, "MoE", 1, buildMoe},
    {microsoft, "QMoE", 1, buildQMoe},
};

} // namespace

std::vector<OperatorName> supportedOperators() {
  std::vector<OperatorName> result;
  for (const Operator &entry : operators)
    result.push_back({entry.domain, entry.name, entry.since});
  return result;
}

BuildNode findOperator(std::string_view domain, std::string_view name, int64_t opset) {
  const Operator *best = nullptr;
  for (const Operator &entry : operators)
    if (entry.domain == domain && entry.name == name && entry.since <= opset && (!best || entry.since > best->since))
      best = &entry;
  return best ? best->build : nullptr;
}

} // namespace lathe
