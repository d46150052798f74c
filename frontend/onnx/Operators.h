// The builders of the operator table (OperatorTable.cpp), by the file they are in, and how to find one.
#pragma once

#include "frontend/onnx/NodeBuilder.h"

#include <string_view>

namespace lathe {

using BuildNode = void (*)(NodeBuilder &);

/// The builder of an operator in the version that holds at `opset`, or null.
BuildNode findOperator(std::string_view domain, std::string_view name, int64_t opset);

// PointwiseOperators.cpp
template <class Op> void buildUnary(NodeBuilder &n) { n.give(n.make<Op>({n.in(0)})); }
template <class Op> void buildBinary(NodeBuilder &n) { n.give(n.binary<Op>(n.in(0), n.in(1))); }
void buildLogical(NodeBuilder &n); // And, Or, Xor
void buildBitwise(NodeBuilder &n); // BitwiseAnd, BitwiseOr, BitwiseXor
void buildBitwiseNot(NodeBuilder &n);
void buildBitShift(NodeBuilder &n);
void buildBitCast(NodeBuilder &n);
void buildAbs(NodeBuilder &n);
void buildSign(NodeBuilder &n);
void buildNot(NodeBuilder &n);
void buildPow(NodeBuilder &n);
void buildMod(NodeBuilder &n);
void buildVariadic(NodeBuilder &n); // Max, Min, Sum, Mean
void buildClip(NodeBuilder &n);
void buildLeakyRelu(NodeBuilder &n);
void buildGelu(NodeBuilder &n);      // Gelu, FastGelu, BiasGelu
void buildQuickGelu(NodeBuilder &n); // QuickGelu, Swish
void buildIsNan(NodeBuilder &n);
void buildCompare(NodeBuilder &n);
void buildWhere(NodeBuilder &n);
void buildCast(NodeBuilder &n); // Cast, CastLike

// ShapeOperators.cpp
void buildIdentity(NodeBuilder &n);
void buildConstant(NodeBuilder &n);
void buildConstantOfShape(NodeBuilder &n);
void buildShape(NodeBuilder &n);
void buildSize(NodeBuilder &n);
void buildReshape(NodeBuilder &n);
void buildFlatten(NodeBuilder &n);
void buildUnsqueeze(NodeBuilder &n);
void buildSqueeze(NodeBuilder &n);
void buildTranspose(NodeBuilder &n);
void buildExpand(NodeBuilder &n);
void buildRange(NodeBuilder &n);

// IndexOperators.cpp
void buildSlice(NodeBuilder &n);
void buildSplit(NodeBuilder &n);
void buildConcat(NodeBuilder &n);
void buildGather(NodeBuilder &n);
void buildTrilu(NodeBuilder &n);
void buildCumulative(NodeBuilder &n); // CumSum, CumProd
void buildDet(NodeBuilder &n);

// ScatterOperators.cpp
void buildGatherElements(NodeBuilder &n);
void buildGatherNd(NodeBuilder &n);
void buildScatterElements(NodeBuilder &n); // ScatterElements, Scatter
void buildScatterNd(NodeBuilder &n);
void buildTensorScatter(NodeBuilder &n);
void buildReverseSequence(NodeBuilder &n);

// RankingOperators.cpp
void buildTopK(NodeBuilder &n);
void buildArgMax(NodeBuilder &n); // ArgMax, ArgMin
void buildOneHot(NodeBuilder &n);
void buildHardmax(NodeBuilder &n);
void buildEyeLike(NodeBuilder &n);

// RearrangeOperators.cpp
void buildTile(NodeBuilder &n);
void buildPad(NodeBuilder &n);
void buildDepthToSpace(NodeBuilder &n);
void buildSpaceToDepth(NodeBuilder &n);

// EinsumOperator.cpp
void buildEinsum(NodeBuilder &n);

// ControlFlowOperators.cpp
void buildIf(NodeBuilder &n);
void buildLoop(NodeBuilder &n);
void buildScan(NodeBuilder &n);

// ControlOperators.cpp
void buildNonZero(NodeBuilder &n);
void buildCompress(NodeBuilder &n);
void buildUnique(NodeBuilder &n);
void buildNonMaxSuppression(NodeBuilder &n);

// MathOperators.cpp
void buildMatMul(NodeBuilder &n);
void buildGemm(NodeBuilder &n);

// ReduceOperators.cpp
void buildReduce(NodeBuilder &n);
void buildSoftmax(NodeBuilder &n);     // Softmax, LogSoftmax
void buildFlatSoftmax(NodeBuilder &n); // before opset 13

// ActivationOperators.cpp
void buildElu(NodeBuilder &n);
void buildCelu(NodeBuilder &n);
void buildSelu(NodeBuilder &n);
void buildHardSigmoid(NodeBuilder &n);
void buildHardSwish(NodeBuilder &n);
void buildMish(NodeBuilder &n);
void buildSoftsign(NodeBuilder &n);
void buildThresholdedRelu(NodeBuilder &n);
void buildShrink(NodeBuilder &n);
void buildPRelu(NodeBuilder &n);
void buildSwiglu(NodeBuilder &n);
void buildDropout(NodeBuilder &n);
void buildIsInf(NodeBuilder &n);

// LossOperators.cpp
void buildNegativeLogLikelihoodLoss(NodeBuilder &n);
void buildSoftmaxCrossEntropyLoss(NodeBuilder &n);

// LinearQuantOperators.cpp
void buildQuantizeLinear(NodeBuilder &n);
void buildDequantizeLinear(NodeBuilder &n);
void buildDynamicQuantizeLinear(NodeBuilder &n);
void buildMatMulInteger(NodeBuilder &n);
void buildQLinearMatMul(NodeBuilder &n);

// LayerNormOperators.cpp
void buildLayerNorm(NodeBuilder &n);
void buildRmsNorm(NodeBuilder &n); // RMSNormalization, SimplifiedLayerNormalization
void buildSkipLayerNorm(NodeBuilder &n);
void buildSkipRmsNorm(NodeBuilder &n);
void buildEmbedLayerNorm(NodeBuilder &n);

// ConvolutionOperators.cpp
void buildConv(NodeBuilder &n);
void buildConvInteger(NodeBuilder &n);
void buildConvTranspose(NodeBuilder &n);
void buildQLinearConv(NodeBuilder &n);
void buildCausalConv(NodeBuilder &n); // CausalConvWithState
void buildDeformConv(NodeBuilder &n);
void buildCol2Im(NodeBuilder &n);

// PoolOperators.cpp
void buildMaxPool(NodeBuilder &n);
void buildAveragePool(NodeBuilder &n);
void buildLpPool(NodeBuilder &n);
void buildGlobalPool(NodeBuilder &n); // GlobalMaxPool, GlobalAveragePool
void buildGlobalLpPool(NodeBuilder &n);
void buildMaxUnpool(NodeBuilder &n);
void buildRoiAlign(NodeBuilder &n);
void buildMaxRoiPool(NodeBuilder &n);

// ResizeOperators.cpp
void buildResize(NodeBuilder &n); // Resize, Upsample
void buildGridSample(NodeBuilder &n);
void buildAffineGrid(NodeBuilder &n);
void buildCenterCropPad(NodeBuilder &n);

// NormOperators.cpp
void buildBatchNorm(NodeBuilder &n);
void buildInstanceNorm(NodeBuilder &n);
void buildGroupNorm(NodeBuilder &n);
void buildLrn(NodeBuilder &n);
void buildLpNorm(NodeBuilder &n);
void buildMeanVarianceNorm(NodeBuilder &n);

// SignalOperators.cpp
void buildDft(NodeBuilder &n);
void buildStft(NodeBuilder &n);
void buildWindow(NodeBuilder &n); // HannWindow, HammingWindow, BlackmanWindow
void buildMelWeights(NodeBuilder &n);

// AttentionOperators.cpp, GroupQueryAttention.cpp, MultiHeadAttention.cpp, RotaryOperators.cpp
void buildAttention(NodeBuilder &n);
void buildGroupQueryAttention(NodeBuilder &n);
void buildMicrosoftAttention(NodeBuilder &n);
void buildMultiHeadAttention(NodeBuilder &n);
void buildDecoderMaskedAttention(NodeBuilder &n);
void buildRotary(NodeBuilder &n);          // ai.onnx
void buildMicrosoftRotary(NodeBuilder &n); // com.microsoft
void buildThreefoldRotary(NodeBuilder &n); // MRotaryEmbedding

// FusedOperators.cpp
void buildFusedMatMul(NodeBuilder &n); // FusedMatMul, TransposeMatMul
void buildFusedGemm(NodeBuilder &n);
void buildFusedConv(NodeBuilder &n);
void buildGemmFastGelu(NodeBuilder &n);
void buildBiasAdd(NodeBuilder &n);
void buildBiasSplitGelu(NodeBuilder &n);
void buildBiasDropout(NodeBuilder &n);
void buildBiasSoftmax(NodeBuilder &n);
void buildMicrosoftGroupNorm(NodeBuilder &n);
void buildSkipGroupNorm(NodeBuilder &n);
void buildGatedRmsNorm(NodeBuilder &n);
void buildMicrosoftSwiglu(NodeBuilder &n);
void buildGatedAdd(NodeBuilder &n);
void buildScaledSilu(NodeBuilder &n);
void buildComplexMul(NodeBuilder &n); // ComplexMul, ComplexMulConj
void buildExpandDims(NodeBuilder &n);

// QLinearOperators.cpp
void buildQLinearAdd(NodeBuilder &n);
void buildQLinearMul(NodeBuilder &n);
void buildQLinearSigmoid(NodeBuilder &n);
void buildQLinearLeakyRelu(NodeBuilder &n);
void buildQLinearSoftmax(NodeBuilder &n);
void buildQLinearConcat(NodeBuilder &n);
void buildQLinearWhere(NodeBuilder &n);
void buildQLinearReduceMean(NodeBuilder &n);
void buildQLinearGlobalAveragePool(NodeBuilder &n);
void buildQGemm(NodeBuilder &n);
void buildMatMulIntegerToFloat(NodeBuilder &n);
void buildDynamicQuantizeMatMul(NodeBuilder &n);
void buildMatMulInteger16(NodeBuilder &n);
void buildMulInteger(NodeBuilder &n);
void buildReduceSumInteger(NodeBuilder &n);
void buildQAttention(NodeBuilder &n);

// BiasOperators.cpp
void buildRelativePositionBias(NodeBuilder &n);
void buildGatedRelativePositionBias(NodeBuilder &n);

// MoeOperators.cpp
void buildMoe(NodeBuilder &n);
void buildQMoe(NodeBuilder &n);

// QuantOperators.cpp
void buildMatMulNBits(NodeBuilder &n);
void buildGatherBlockQuantized(NodeBuilder &n);

} // namespace lathe
