// Ops that move, select or make elements without computing on them, and the ops that make weights and constants.
#ifndef LATHE_IR_LLM_TENSOR_OPS
#define LATHE_IR_LLM_TENSOR_OPS

include "ir/llm/LlmBase.td"

def Llm_ConstantOp : Llm_Op<"constant", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a small constant";
  let description = [{
    `result = value`. For shapes, scalars and short tables; weights are `llm.weight`.
    Example: `%0 = llm.constant dense<[1, 2]> : tensor<2xi64>`
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Llm_Tensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
}

def Llm_WeightOp : Llm_Op<"weight", [Pure]> {
  let summary = "an entry of the weight table";
  let description = [{
    `result = table[name]`. The type says how the weight is stored; row `r` of a matrix is what is multiplied with an
    input to give output `r`, as GGUF and PyTorch store it. Expressions over weights alone (concat, transpose, cast, ...)
    are evaluated when the artifact is written or loaded, never at run time.
    Example: `%0 = llm.weight @"blk.0.attn_q.weight" : tensor<576x576x!llm.block<q4_1>>`
  }];
  let arguments = (ins FlatSymbolRefAttr:$name);
  let results = (outs Llm_Tensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
}

def Llm_DimsOp : Llm_Op<"dims", [Pure]> {
  let summary = "a shape, as expressions of the function's symbols";
  let description = [{
    `result[i] = expressions[i](symbols)`; the map's symbols are the function's `llm.symbols`, in order. The one normal
    form of all shape arithmetic.
    Example: `%0 = llm.dims affine_map<()[s0, s1] -> (s0, s1, 9, 64)> : tensor<4xi64>`
  }];
  let arguments = (ins AffineMapAttr:$expressions);
  let results = (outs Llm_ShapeTensor:$result);
  let assemblyFormat = "$expressions attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Llm_ShapeOfOp : Llm_InferredOp<"shape_of"> {
  let summary = "the shape of a tensor";
  let description = [{
    `result[i] = size of axis i of x`, as i64. Source: ONNX Shape.
    Example: `%s = llm.shape_of %x : (tensor<?x8xf32>) -> tensor<2xi64>`
  }];
  let arguments = (ins Llm_Tensor:$x);
  let results = (outs Llm_ShapeTensor:$result);
}

def Llm_ReshapeOp : Llm_Op<"reshape", [Pure]> {
  let summary = "the same elements, in row-major order, in another shape";
  let description = [{
    `shape` holds the sizes of the result; one may be -1 (what remains), 0 keeps the size of that axis of `x`.
    Source: ONNX Reshape, allowzero = 0.
    Example: `%y = llm.reshape %x, %shape : (tensor<?x64xf32>, tensor<3xi64>) -> tensor<?x4x16xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, Llm_ShapeTensor:$shape);
  let results = (outs Llm_Tensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Llm_UnsqueezeOp : Llm_InferredOp<"unsqueeze"> {
  let summary = "inserts axes of size 1";
  let description = [{
    `axes`, counted in the result, ascending. Source: ONNX Unsqueeze.
    Example: `%y = llm.unsqueeze %x {axes = array<i64: 1>} : (tensor<?x?xf32>) -> tensor<?x1x?xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs Llm_Tensor:$result);
  let hasFolder = 1;
}

def Llm_SqueezeOp : Llm_InferredOp<"squeeze"> {
  let summary = "removes axes of size 1";
  let description = [{
    `axes`, counted in `x`, ascending. Source: ONNX Squeeze.
    Example: `%y = llm.squeeze %x {axes = array<i64: 1>} : (tensor<?x1x?xf32>) -> tensor<?x?xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs Llm_Tensor:$result);
  let hasFolder = 1;
}

def Llm_TransposeOp : Llm_InferredOp<"transpose"> {
  let summary = "permutes the axes";
  let description = [{
    `axis i of the result = axis permutation[i] of x`. Source: ONNX Transpose.
    Example: `%y = llm.transpose %x {permutation = array<i64: 0, 2, 1>} : (tensor<1x2x3xf32>) -> tensor<1x3x2xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs Llm_Tensor:$result);
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Llm_ExpandOp : Llm_Op<"expand", [Pure]> {
  let summary = "broadcasts to a shape";
  let description = [{
    numpy broadcasting of `x` with a tensor of the given shape. Source: ONNX Expand.
    Example: `%y = llm.expand %x, %shape : (tensor<1x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, Llm_ShapeTensor:$shape);
  let results = (outs Llm_Tensor:$result);
  let hasFolder = 1;
}

def Llm_SliceOp : Llm_Op<"slice", [Pure]> {
  let summary = "a strided box of a tensor";
  let description = [{
    For each `i`: along `axes[i]` the elements from `starts[i]` (inclusive) towards `ends[i]` (exclusive) in steps of
    `steps[i]`; negative starts and ends count from the end, both are clamped. Source: ONNX Slice.
    Example: `%y = llm.slice %x, %b, %e {axes = array<i64: 1>, steps = array<i64: 1>}
              : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x4xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, Llm_ShapeTensor:$starts, Llm_ShapeTensor:$ends, DenseI64ArrayAttr:$axes,
                       DenseI64ArrayAttr:$steps);
  let results = (outs Llm_Tensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Llm_ConcatOp : Llm_InferredOp<"concat"> {
  let summary = "joins tensors along an axis";
  let description = [{
    Source: ONNX Concat.
    Example: `%y = llm.concat %a, %b {axis = 1 : i64} : (tensor<2x?xf32>, tensor<2x?xf32>) -> tensor<2x?xf32>`
  }];
  let arguments = (ins Variadic<Llm_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Llm_Tensor:$result);
  let hasFolder = 1;
}

def Llm_GatherOp : Llm_InferredOp<"gather"> {
  let summary = "slices of x chosen by indices";
  let description = [{
    `result[a.., i.., b..] = x[a.., indices[i..], b..]` with `axis` replaced by the axes of `indices`; a negative index
    counts from the end. Source: ONNX Gather.
    Example: `%y = llm.gather %x, %i {axis = 0 : i64} : (tensor<512x64xf32>, tensor<?x?xi64>) -> tensor<?x?x64xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, Llm_IntTensor:$indices, I64Attr:$axis);
  let results = (outs Llm_Tensor:$result);
  let hasFolder = 1;
}

def Llm_RangeOp : Llm_Op<"range", [Pure]> {
  let summary = "start, start + delta, ... below limit";
  let description = [{
    Scalars in, a vector of `max(0, ceil((limit - start) / delta))` elements out. Source: ONNX Range.
    Example: `%r = llm.range %a, %b, %d : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>`
  }];
  let arguments = (ins Llm_Tensor:$start, Llm_Tensor:$limit, Llm_Tensor:$delta);
  let results = (outs Llm_Tensor:$result);
}

def Llm_CastOp : Llm_Op<"cast", [Pure, SameOperandsAndResultShape, DeclareOpInterfaceMethods<Pointwise>]> {
  let summary = "converts elements to another type";
  let description = [{
    Floats round to nearest even, floats to integers truncate, to booleans compare with 0; quantised blocks are
    dequantised; narrow types say what happens to numbers beyond their range. Source: ONNX Cast. Example: `%y = llm.cast %x : (tensor<?xi64>) -> tensor<?xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x);
  let results = (outs Llm_Tensor:$result);
  let hasFolder = 1;
}

def Llm_BitCastOp : Llm_Op<"bit_cast", [Pure, SameOperandsAndResultShape]> {
  let summary = "the same bytes as elements of another type";
  let description = [{
    Both types take as many bytes an element. Source: ONNX BitCast.
    Example: `%y = llm.bit_cast %x : (tensor<?xf32>) -> tensor<?xi32>`
  }];
  let arguments = (ins Llm_Tensor:$x);
  let results = (outs Llm_Tensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Llm_TriluOp : Llm_InferredOp<"trilu"> {
  let summary = "the upper or lower triangle of the last two axes";
  let description = [{
    `upper`: keeps elements with `column - row >= diagonal`, else those with `column - row <= diagonal`; others are 0.
    Source: ONNX Trilu. Example: `%y = llm.trilu %x {upper, diagonal = 1 : i64} : (tensor<?x?xf32>) -> tensor<?x?xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, UnitAttr:$upper, DefaultValuedAttr<I64Attr, "0">:$diagonal);
  let results = (outs Llm_Tensor:$result);
}

def Llm_CumSumOp : Llm_InferredOp<"cumsum"> {
  let summary = "running sums along an axis";
  let description = [{
    `result[i] = x[0] + ... + x[i]` along `axis`. Source: ONNX CumSum, exclusive = reverse = 0.
    Example: `%y = llm.cumsum %x {axis = 1 : i64} : (tensor<?x?xi64>) -> tensor<?x?xi64>`
  }];
  let arguments = (ins Llm_Tensor:$x, I64Attr:$axis);
  let results = (outs Llm_Tensor:$result);
}

#endif
