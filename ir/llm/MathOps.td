// Ops that compute on elements: pointwise, reductions, products, norms, activations.
#ifndef LATHE_IR_LLM_MATH_OPS
#define LATHE_IR_LLM_MATH_OPS

include "ir/llm/LlmBase.td"

class Llm_UnaryOp<string mnemonic> : Llm_InferredOp<mnemonic, [DeclareOpInterfaceMethods<Pointwise>]> {
  let arguments = (ins Llm_NumberTensor:$x);
  let results = (outs Llm_NumberTensor:$result);
  let extraClassDeclaration = inferredDecls;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *, ::std::optional<::mlir::Location>, Adaptor adaptor,
                                                      ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      types.push_back(adaptor.getX().getType());
      return ::mlir::success();
    }
  }];
}

class Llm_BinaryOp<string mnemonic, list<Trait> traits = []>
    : Llm_InferredOp<mnemonic, [DeclareOpInterfaceMethods<Pointwise>] # traits> {
  let arguments = (ins Llm_NumberTensor:$lhs, Llm_NumberTensor:$rhs);
  let results = (outs Llm_Tensor:$result);
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *, ::std::optional<::mlir::Location> location,
                                                      Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return inferBroadcast(location, adaptor.getOperands(), ::mlir::Type(), types);
    }
  }];
}

def Llm_NegOp : Llm_UnaryOp<"neg"> {
  let summary = "-x";
  let description = [{
    `-x`, element by element. Source: ONNX Neg.
    Example: `%y = llm.neg %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_AbsOp : Llm_UnaryOp<"abs"> {
  let summary = "|x|";
  let description = [{
    `|x|`, element by element. Source: ONNX Abs.
    Example: `%y = llm.abs %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_ExpOp : Llm_UnaryOp<"exp"> {
  let summary = "e^x";
  let description = [{
    `e^x`, element by element. Source: ONNX Exp.
    Example: `%y = llm.exp %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_LogOp : Llm_UnaryOp<"log"> {
  let summary = "the natural logarithm";
  let description = [{
    the natural logarithm, element by element. Source: ONNX Log.
    Example: `%y = llm.log %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_SqrtOp : Llm_UnaryOp<"sqrt"> {
  let summary = "the square root";
  let description = [{
    the square root, element by element. Source: ONNX Sqrt.
    Example: `%y = llm.sqrt %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_RsqrtOp : Llm_UnaryOp<"rsqrt"> {
  let summary = "1 / sqrt(x)";
  let description = [{
    `1 / sqrt(x)`, element by element. Source: PyTorch rsqrt.
    Example: `%y = llm.rsqrt %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_ReciprocalOp : Llm_UnaryOp<"reciprocal"> {
  let summary = "1 / x";
  let description = [{
    `1 / x`, element by element. Source: ONNX Reciprocal.
    Example: `%y = llm.reciprocal %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_SigmoidOp : Llm_UnaryOp<"sigmoid"> {
  let summary = "1 / (1 + e^-x)";
  let description = [{
    `1 / (1 + e^-x)`, element by element. Source: ONNX Sigmoid.
    Example: `%y = llm.sigmoid %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_TanhOp : Llm_UnaryOp<"tanh"> {
  let summary = "the hyperbolic tangent";
  let description = [{
    the hyperbolic tangent, element by element. Source: ONNX Tanh.
    Example: `%y = llm.tanh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_ErfOp : Llm_UnaryOp<"erf"> {
  let summary = "the error function";
  let description = [{
    the error function, element by element. Source: ONNX Erf.
    Example: `%y = llm.erf %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_SinOp : Llm_UnaryOp<"sin"> {
  let summary = "the sine";
  let description = [{
    the sine, element by element. Source: ONNX Sin.
    Example: `%y = llm.sin %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_CosOp : Llm_UnaryOp<"cos"> {
  let summary = "the cosine";
  let description = [{
    the cosine, element by element. Source: ONNX Cos.
    Example: `%y = llm.cos %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_TanOp : Llm_UnaryOp<"tan"> {
  let summary = "the tangent";
  let description = [{
    the tangent, element by element. Source: ONNX Tan.
    Example: `%y = llm.tan %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_AsinOp : Llm_UnaryOp<"asin"> {
  let summary = "the arc sine";
  let description = [{
    the arc sine, element by element. Source: ONNX Asin.
    Example: `%y = llm.asin %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_AcosOp : Llm_UnaryOp<"acos"> {
  let summary = "the arc cosine";
  let description = [{
    the arc cosine, element by element. Source: ONNX Acos.
    Example: `%y = llm.acos %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_AtanOp : Llm_UnaryOp<"atan"> {
  let summary = "the arc tangent";
  let description = [{
    the arc tangent, element by element. Source: ONNX Atan.
    Example: `%y = llm.atan %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_SinhOp : Llm_UnaryOp<"sinh"> {
  let summary = "the hyperbolic sine";
  let description = [{
    the hyperbolic sine, element by element. Source: ONNX Sinh.
    Example: `%y = llm.sinh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_CoshOp : Llm_UnaryOp<"cosh"> {
  let summary = "the hyperbolic cosine";
  let description = [{
    the hyperbolic cosine, element by element. Source: ONNX Cosh.
    Example: `%y = llm.cosh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_AsinhOp : Llm_UnaryOp<"asinh"> {
  let summary = "the inverse of the hyperbolic sine";
  let description = [{
    the inverse of the hyperbolic sine, element by element. Source: ONNX Asinh.
    Example: `%y = llm.asinh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_AcoshOp : Llm_UnaryOp<"acosh"> {
  let summary = "the inverse of the hyperbolic cosine";
  let description = [{
    the inverse of the hyperbolic cosine, element by element. Source: ONNX Acosh.
    Example: `%y = llm.acosh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_AtanhOp : Llm_UnaryOp<"atanh"> {
  let summary = "the inverse of the hyperbolic tangent";
  let description = [{
    the inverse of the hyperbolic tangent, element by element. Source: ONNX Atanh.
    Example: `%y = llm.atanh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_Expm1Op : Llm_UnaryOp<"expm1"> {
  let summary = "e^x - 1, exact near 0";
  let description = [{
    e^x - 1, exact near 0, element by element. Source: C99 expm1; for ONNX Elu, Selu and Celu.
    Example: `%y = llm.expm1 %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_Log1pOp : Llm_UnaryOp<"log1p"> {
  let summary = "the natural logarithm of 1 + x, exact near 0";
  let description = [{
    the natural logarithm of 1 + x, exact near 0, element by element. Source: C99 log1p.
    Example: `%y = llm.log1p %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_SoftplusOp : Llm_UnaryOp<"softplus"> {
  let summary = "log(1 + e^x)";
  let description = [{
    log(1 + e^x), element by element. Source: ONNX Softplus.
    Example: `%y = llm.softplus %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_BitLogic : I32EnumAttr<"BitLogic", "how the bits of two integers are combined", [
    I32EnumAttrCase<"both", 0, "and">, I32EnumAttrCase<"either", 1, "or">, I32EnumAttrCase<"one", 2, "xor">,
    I32EnumAttrCase<"left", 3, "shift_left">, I32EnumAttrCase<"right", 4, "shift_right">]> {
  let cppNamespace = "::lathe::llm";
  let genSpecializedAttr = 0;
}
def Llm_BitLogicAttr : EnumAttr<Llm_Dialect, Llm_BitLogic, "bit_logic">;

def Llm_BitwiseOp : Llm_InferredOp<"bitwise", [DeclareOpInterfaceMethods<Pointwise>]> {
  let summary = "combines the bits of two integers";
  let description = [{
    `and`, `or`, `xor`, `shift_left` and `shift_right` of integers of one type, with numpy broadcasting. Signed integers
    shift right arithmetically; a shift by less than 0 or by all bits and more leaves the fill: 0, or the sign.
    Source: ONNX BitwiseAnd, BitwiseOr, BitwiseXor, BitShift (28).
    Example: `%y = llm.bitwise xor, %a, %b : (tensor<?x8xi32>, tensor<8xi32>) -> tensor<?x8xi32>`
  }];
  let arguments = (ins Llm_BitLogicAttr:$kind, Llm_IntTensor:$lhs, Llm_IntTensor:$rhs);
  let results = (outs Llm_IntTensor:$result);
  let assemblyFormat = "$kind `,` operands attr-dict `:` functional-type(operands, results)";
}

def Llm_FloorOp : Llm_UnaryOp<"floor"> {
  let summary = "the largest integer not above x";
  let description = [{
    the largest integer not above x, element by element. Source: ONNX Floor.
    Example: `%y = llm.floor %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_CeilOp : Llm_UnaryOp<"ceil"> {
  let summary = "the smallest integer not below x";
  let description = [{
    the smallest integer not below x, element by element. Source: ONNX Ceil.
    Example: `%y = llm.ceil %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_RoundOp : Llm_UnaryOp<"round"> {
  let summary = "the nearest integer, halves to even";
  let description = [{
    the nearest integer, halves to even, element by element. Source: ONNX Round.
    Example: `%y = llm.round %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_SignOp : Llm_UnaryOp<"sign"> {
  let summary = "-1, 0 or 1";
  let description = [{
    -1, 0 or 1, element by element. Source: ONNX Sign.
    Example: `%y = llm.sign %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_ReluOp : Llm_UnaryOp<"relu"> {
  let summary = "max(x, 0)";
  let description = [{
    `max(x, 0)`, element by element. Source: ONNX Relu.
    Example: `%y = llm.relu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_SiluOp : Llm_UnaryOp<"silu"> {
  let summary = "x * sigmoid(x)";
  let description = [{
    `x * sigmoid(x)`, element by element. Source: Elfwing et al. 2017, arXiv:1702.03118.
    Example: `%y = llm.silu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_NotOp : Llm_UnaryOp<"not"> {
  let summary = "the negation of a boolean";
  let description = [{
    the negation of a boolean, element by element. Source: ONNX Not.
    Example: `%y = llm.not %x : (tensor<?x8xi1>) -> tensor<?x8xi1>`
  }];
}

def Llm_AddOp : Llm_BinaryOp<"add", [Commutative]> {
  let summary = "lhs + rhs";
  let description = [{
    `lhs + rhs`, with numpy broadcasting. Source: ONNX Add.
    Example: `%y = llm.add %a, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_SubOp : Llm_BinaryOp<"sub"> {
  let summary = "lhs - rhs";
  let description = [{
    `lhs - rhs`, with numpy broadcasting. Source: ONNX Sub.
    Example: `%y = llm.sub %a, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_MulOp : Llm_BinaryOp<"mul", [Commutative]> {
  let summary = "lhs * rhs";
  let description = [{
    `lhs * rhs`; of booleans: and, with numpy broadcasting. Source: ONNX Mul.
    Example: `%y = llm.mul %a, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_DivOp : Llm_BinaryOp<"div"> {
  let summary = "lhs / rhs";
  let description = [{
    `lhs / rhs`; integers truncate towards 0, with numpy broadcasting. Source: ONNX Div.
    Example: `%y = llm.div %a, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_PowOp : Llm_BinaryOp<"pow"> {
  let summary = "lhs ^ rhs, in the type of lhs";
  let description = [{
    `lhs ^ rhs`, in the type of lhs, with numpy broadcasting. Source: ONNX Pow.
    Example: `%y = llm.pow %a, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_ModOp : Llm_BinaryOp<"mod"> {
  let summary = "the remainder";
  let description = [{
    the remainder; of integers with the sign of rhs, of floats (fmod) with that of lhs, with numpy broadcasting. Source: ONNX Mod.
    Example: `%y = llm.mod %a, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_MinOp : Llm_BinaryOp<"min", [Commutative]> {
  let summary = "the smaller one";
  let description = [{
    the smaller one; NaN if one is, with numpy broadcasting. Source: ONNX Min.
    Example: `%y = llm.min %a, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_MaxOp : Llm_BinaryOp<"max", [Commutative]> {
  let summary = "the larger one";
  let description = [{
    the larger one; NaN if one is, with numpy broadcasting. Source: ONNX Max.
    Example: `%y = llm.max %a, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>`
  }];
}

def Llm_AndOp : Llm_BinaryOp<"and", [Commutative]> {
  let summary = "logical and";
  let description = [{
    logical and, with numpy broadcasting. Source: ONNX And.
    Example: `%y = llm.and %a, %b : (tensor<?x8xi1>, tensor<8xi1>) -> tensor<?x8xi1>`
  }];
}

def Llm_OrOp : Llm_BinaryOp<"or", [Commutative]> {
  let summary = "logical or";
  let description = [{
    logical or, with numpy broadcasting. Source: ONNX Or.
    Example: `%y = llm.or %a, %b : (tensor<?x8xi1>, tensor<8xi1>) -> tensor<?x8xi1>`
  }];
}

def Llm_XorOp : Llm_BinaryOp<"xor", [Commutative]> {
  let summary = "logical exclusive or";
  let description = [{
    logical exclusive or, with numpy broadcasting. Source: ONNX Xor.
    Example: `%y = llm.xor %a, %b : (tensor<?x8xi1>, tensor<8xi1>) -> tensor<?x8xi1>`
  }];
}

def Llm_GeluOp : Llm_InferredOp<"gelu", [DeclareOpInterfaceMethods<Pointwise>]> {
  let summary = "the Gaussian error linear unit";
  let description = [{
    `x * (1 + erf(x / sqrt 2)) / 2`, or with `approximate` the tanh form
    `x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2`. Source: Hendrycks and Gimpel 2016, arXiv:1606.08415; ONNX Gelu.
    Example: `%y = llm.gelu %x {approximate} : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, UnitAttr:$approximate);
  let results = (outs Llm_Tensor:$result);
}

def Llm_IsNanOp : Llm_InferredOp<"is_nan", [DeclareOpInterfaceMethods<Pointwise>]> {
  let summary = "whether x is not a number";
  let description = [{
    Source: ONNX IsNaN. Example: `%y = llm.is_nan %x : (tensor<?xf32>) -> tensor<?xi1>`
  }];
  let arguments = (ins Llm_FloatTensor:$x);
  let results = (outs Llm_BoolTensor:$result);
}

def Llm_Predicate : I32EnumAttr<"Predicate", "how two elements are compared", [
    I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"ne", 1>, I32EnumAttrCase<"lt", 2>, I32EnumAttrCase<"le", 3>,
    I32EnumAttrCase<"gt", 4>, I32EnumAttrCase<"ge", 5>]> {
  let cppNamespace = "::lathe::llm";
  let genSpecializedAttr = 0;
}
def Llm_PredicateAttr : EnumAttr<Llm_Dialect, Llm_Predicate, "predicate">;

def Llm_CompareOp : Llm_InferredOp<"compare", [DeclareOpInterfaceMethods<Pointwise>]> {
  let summary = "compares elements";
  let description = [{
    `lhs predicate rhs`, with numpy broadcasting; comparisons with NaN are false, `ne` true. Source: ONNX Equal, Less, ...
    Example: `%y = llm.compare le, %a, %b : (tensor<?x1xi64>, tensor<?xi64>) -> tensor<?x?xi1>`
  }];
  let arguments = (ins Llm_PredicateAttr:$predicate, Llm_NumberTensor:$lhs, Llm_NumberTensor:$rhs);
  let results = (outs Llm_BoolTensor:$result);
  let assemblyFormat = "$predicate `,` operands attr-dict `:` functional-type(operands, results)";
}

def Llm_SelectOp : Llm_InferredOp<"select", [DeclareOpInterfaceMethods<Pointwise>]> {
  let summary = "chooses between two tensors";
  let description = [{
    `condition ? x : y`, with numpy broadcasting. Source: ONNX Where.
    Example: `%r = llm.select %c, %x, %y : (tensor<?x?xi1>, tensor<f32>, tensor<?x?xf32>) -> tensor<?x?xf32>`
  }];
  let arguments = (ins Llm_BoolTensor:$condition, Llm_Tensor:$x, Llm_Tensor:$y);
  let results = (outs Llm_Tensor:$result);
}

def Llm_Reduction : I32EnumAttr<"Reduction", "how elements are combined", [
    I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"mean", 1>, I32EnumAttrCase<"max", 2>, I32EnumAttrCase<"min", 3>,
    I32EnumAttrCase<"prod", 4>]> {
  let cppNamespace = "::lathe::llm";
  let genSpecializedAttr = 0;
}
def Llm_ReductionAttr : EnumAttr<Llm_Dialect, Llm_Reduction, "reduction">;

def Llm_ReduceOp : Llm_InferredOp<"reduce"> {
  let summary = "combines the elements along axes";
  let description = [{
    `axes` ascending; with `keep` they stay as size 1. Source: ONNX ReduceSum, ReduceMean, ...
    Example: `%y = llm.reduce mean, %x {axes = array<i64: 2>, keep} : (tensor<?x?x8xf32>) -> tensor<?x?x1xf32>`
  }];
  let arguments = (ins Llm_ReductionAttr:$kind, Llm_NumberTensor:$x, DenseI64ArrayAttr:$axes, UnitAttr:$keep);
  let results = (outs Llm_Tensor:$result);
  let assemblyFormat = "$kind `,` operands attr-dict `:` functional-type(operands, results)";
}

def Llm_SoftmaxOp : Llm_InferredOp<"softmax"> {
  let summary = "softmax along an axis";
  let description = [{
    `e^(x - max) / sum of e^(x - max)` along `axis`. Source: ONNX Softmax (13).
    Example: `%y = llm.softmax %x {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$x, I64Attr:$axis);
  let results = (outs Llm_FloatTensor:$result);
}

def Llm_MatmulOp : Llm_InferredOp<"matmul"> {
  let summary = "matrix product of value tensors";
  let description = [{
    numpy's matmul: (..., M, K) x (..., K, N) -> (..., M, N), leading axes broadcast; a vector gains and loses an axis.
    Source: ONNX MatMul.
    Example: `%c = llm.matmul %a, %b : (tensor<?x4x?x16xf32>, tensor<?x4x16x?xf32>) -> tensor<?x4x?x?xf32>`
  }];
  let arguments = (ins Llm_NumberTensor:$lhs, Llm_NumberTensor:$rhs);
  let results = (outs Llm_Tensor:$result);
  let hasCanonicalizer = 1;
}

def Llm_LinearOp : Llm_InferredOp<"linear"> {
  let summary = "a linear map by a weight";
  let description = [{
    `result[.., n] = sum over k of x[.., k] * weight[n, k] + bias[n]`: x (..., K), weight (N, K) of any float or block type
    (dequantised), bias (N). With `int8_activations` x is first rounded in blocks of 32 along K: scale d = max |x| / 127 (f32),
    q = round half to even(x / d) in int8, and the products are summed over q * d; the weight is of a block type then.
    Source: PyTorch Linear.
    Example: `%y = llm.linear %x, %w : (tensor<?x?x576xf32>, tensor<960x576x!llm.block<q4_1>>) -> tensor<?x?x960xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$x, Llm_WeightTensor:$weight, Optional<Llm_FloatTensor>:$bias,
                       UnitAttr:$int8_activations);
  let results = (outs Llm_FloatTensor:$result);
}

def Llm_EmbeddingOp : Llm_InferredOp<"embedding"> {
  let summary = "rows of a table";
  let description = [{
    `result[i.., :] = table[indices[i..], :]`, dequantised: table (V, D) of any float or block type -> (..., D).
    Example: `%y = llm.embedding %table, %ids : (tensor<512x64xf32>, tensor<?x?xi64>) -> tensor<?x?x64xf32>`
  }];
  let arguments = (ins Llm_WeightTensor:$table, Llm_IntTensor:$indices);
  let results = (outs Llm_FloatTensor:$result);
}

def Llm_RmsNormOp : Llm_InferredOp<"rms_norm"> {
  let summary = "root mean square normalisation over the last axis";
  let description = [{
    `result = x / sqrt(mean(x^2) + epsilon) * weight`, computed in f32. Source: Zhang and Sennrich 2019, arXiv:1910.07467;
    ONNX RMSNormalization.
    Example: `%y = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$x, Optional<Llm_FloatTensor>:$weight, F32Attr:$epsilon);
  let results = (outs Llm_FloatTensor:$result);
}

def Llm_LayerNormOp : Llm_InferredOp<"layer_norm"> {
  let summary = "layer normalisation over the last axis";
  let description = [{
    `result = (x - mean) / sqrt(variance + epsilon) * weight + bias`, computed in f32. Source: Ba et al. 2016,
    arXiv:1607.06450; ONNX LayerNormalization.
    Example: `%y = llm.layer_norm %x, %w, %b {epsilon = 1.0e-5 : f32} : (tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x8xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$x, Llm_FloatTensor:$weight, Optional<Llm_FloatTensor>:$bias, F32Attr:$epsilon);
  let results = (outs Llm_FloatTensor:$result);
}

def Llm_Activation : I32EnumAttr<"Activation", "the gate's activation", [
    I32EnumAttrCase<"silu", 0>, I32EnumAttrCase<"gelu", 1>, I32EnumAttrCase<"gelu_tanh", 2>, I32EnumAttrCase<"relu", 3>,
    I32EnumAttrCase<"sigmoid", 4>]> {
  let cppNamespace = "::lathe::llm";
  let genSpecializedAttr = 0;
}
def Llm_ActivationAttr : EnumAttr<Llm_Dialect, Llm_Activation, "activation">;

def Llm_GluOp : Llm_InferredOp<"glu"> {
  let summary = "gated linear unit";
  let description = [{
    `result = activation(gate) * up`. With one operand (..., 2F) its first half along the last axis is the gate, the second
    the other factor. Source: Shazeer 2020, arXiv:2002.05202.
    Example: `%y = llm.glu silu, %gate, %up : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
  let arguments = (ins Llm_ActivationAttr:$activation, Llm_FloatTensor:$gate, Optional<Llm_FloatTensor>:$up);
  let results = (outs Llm_FloatTensor:$result);
  let assemblyFormat = "$activation `,` operands attr-dict `:` functional-type(operands, results)";
}

#endif
