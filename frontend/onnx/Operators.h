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
void buildGatherNd(NodeBuilder &n);
void buildTrilu(NodeBuilder &n);
void buildCumSum(NodeBuilder &n);

// MathOperators.cpp
void buildMatMul(NodeBuilder &n);
void buildGemm(NodeBuilder &n);
void buildReduce(NodeBuilder &n);
void buildSoftmax(NodeBuilder &n);
void buildFlatSoftmax(NodeBuilder &n); // before opset 13
void buildLayerNorm(NodeBuilder &n);
void buildRmsNorm(NodeBuilder &n); // RMSNormalization, SimplifiedLayerNormalization
void buildSkipLayerNorm(NodeBuilder &n);
void buildSkipRmsNorm(NodeBuilder &n);

// AttentionOperators.cpp, RotaryOperators.cpp
void buildAttention(NodeBuilder &n);
void buildGroupQueryAttention(NodeBuilder &n);
void buildRotary(NodeBuilder &n);          // ai.onnx
void buildMicrosoftRotary(NodeBuilder &n); // com.microsoft

// QuantOperators.cpp
void buildMatMulNBits(NodeBuilder &n);
void buildGatherBlockQuantized(NodeBuilder &n);

} // namespace lathe
