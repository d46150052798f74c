// Ops of the llm dialect: gather and scatter families, top_k, padding: ops that move elements by computed places, and
// running products and determinants, which belong to no other family.
#ifndef LATHE_IR_LLM_INDEX_OPS
#define LATHE_IR_LLM_INDEX_OPS

include "ir/llm/LlmBase.td"

class Llm_IndexOp<string mnemonic, list<Trait> traits = []>
    : Llm_InferredOp<mnemonic, traits # [DeclareOpInterfaceMethods<SymbolicSizes>]>;

def Llm_GatherElementsOp : Llm_IndexOp<"gather_elements"> {
  let summary = "elements of x chosen one by one along an axis";
  let description = [{
    `result[c] = x[c with c[axis] replaced by indices[c]]`, in the shape of `indices`, which along other axes than
    `axis` is at most as large as `x`; a negative index counts from the end. Source: ONNX GatherElements.
    Example: `%y = llm.gather_elements %x, %i {axis = 1 : i64}
              : (tensor<2x8xf32>, tensor<2x3xi64>) -> tensor<2x3xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, Llm_IntTensor:$indices, I64Attr:$axis);
  let results = (outs Llm_Tensor:$result);
}

def Llm_ScatterElementsOp : Llm_IndexOp<"scatter_elements"> {
  let summary = "x with elements replaced or combined one by one along an axis";
  let description = [{
    A copy of `x` in which, for all coordinates `c` of `indices` in row-major order, the element at `c` with `c[axis]`
    replaced by `indices[c]` is combined with `updates[c]`: by `reduction` none (replaced: the last one stays), add,
    mul, max or min. `updates` has the shape of `indices`, which along other axes than `axis` is at most as large as
    `x`; a negative index counts from the end. Source: ONNX ScatterElements (18), which leaves the order open.
    Example: `%y = llm.scatter_elements %x, %i, %u {axis = 1 : i64, reduction = "add"}
              : (tensor<2x8xf32>, tensor<2x3xi64>, tensor<2x3xf32>) -> tensor<2x8xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, Llm_IntTensor:$indices, Llm_Tensor:$updates, I64Attr:$axis,
                       DefaultValuedAttr<StrAttr, "\"none\"">:$reduction);
  let results = (outs Llm_Tensor:$result);
}

def Llm_ScatterNdOp : Llm_IndexOp<"scatter_nd"> {
  let summary = "x with slices replaced or combined at index tuples";
  let description = [{
    `indices` (q.., depth) holds tuples that name slices of `x` by its first `depth` axes: for all q in row-major order,
    `result[indices[q]]` is combined with `updates[q]` by `reduction` none (replaced: the last one stays), add, mul, max
    or min. A negative index counts from the end. Source: ONNX ScatterND (18), which leaves the order open.
    Example: `%y = llm.scatter_nd %x, %i, %u : (tensor<8x4xf32>, tensor<?x1xi64>, tensor<?x4xf32>) -> tensor<8x4xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, Llm_IntTensor:$indices, Llm_Tensor:$updates,
                       DefaultValuedAttr<StrAttr, "\"none\"">:$reduction);
  let results = (outs Llm_Tensor:$result);
}

def Llm_TensorScatterOp : Llm_IndexOp<"tensor_scatter"> {
  let summary = "x with a run of places along an axis replaced, from a start of its own in each row of the batch";
  let description = [{
    `result[b.., s, ..] = update[b.., s - starts[b], ..]` where that is a place of `update` (with `circular`: modulo the
    size of the axis), else `x[b.., s, ..]`. `update` has the shape of `x` but for a shorter `axis`, which is not the
    first; `starts` (batch); without it all are 0. How a step writes its keys into a cache of fixed size. Source: ONNX
    TensorScatter (24).
    Example: `%y = llm.tensor_scatter %x, %u, %s {axis = 2 : i64}
              : (tensor<?x4x64x8xf32>, tensor<?x4x?x8xf32>, tensor<?xi64>) -> tensor<?x4x64x8xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, Llm_Tensor:$update, Optional<Llm_IntTensor>:$starts, I64Attr:$axis,
                       UnitAttr:$circular);
  let results = (outs Llm_Tensor:$result);
}

def Llm_PadOp : Llm_Op<"pad", [Pure, DeclareOpInterfaceMethods<SymbolicSizes, ["symbolicContent"]>]> {
  let summary = "adds elements before and after those of each axis";
  let description = [{
    `pads` (2 rank) holds for each axis how many elements go before it, then for each how many go after it; negative
    ones remove elements, before any are added. `mode` says which are added: constant (`value`, a scalar), edge (the
    nearest element), reflect (mirrored at the first and last element, which are not repeated), wrap (as if the tensor
    repeated). Source: ONNX Pad (19).
    Example: `%y = llm.pad %x, %p, %v {mode = "constant"}
              : (tensor<?x8xf32>, tensor<4xi64>, tensor<f32>) -> tensor<?x10xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, Llm_ShapeTensor:$pads, Optional<Llm_Tensor>:$value,
                       DefaultValuedAttr<StrAttr, "\"constant\"">:$mode);
  let results = (outs Llm_Tensor:$result);
  let hasVerifier = 1;
}

def Llm_TopKOp : Llm_Op<"top_k", [Pure, DeclareOpInterfaceMethods<SymbolicSizes>]> {
  let summary = "the largest elements along an axis, and where they are";
  let description = [{
    The `k` (one element) largest, or with `smallest` the smallest, along `axis`, best first; of equal ones that with
    the lower index comes first. NaN is larger than any number. `indices` are i64. Source: ONNX TopK (11), sorted = 1.
    Example: `%v, %i = llm.top_k %x, %k {axis = 1 : i64}
              : (tensor<?x8xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)`
  }];
  let arguments = (ins Llm_NumberTensor:$x, Llm_ShapeTensor:$k, I64Attr:$axis, UnitAttr:$smallest);
  let results = (outs Llm_NumberTensor:$values, Llm_ShapeTensor:$indices);
  let hasVerifier = 1;
}

def Llm_ArgMaxOp : Llm_IndexOp<"arg_max"> {
  let summary = "where the largest element along an axis is";
  let description = [{
    The index, i64, of the largest element, or with `smallest` the smallest, along `axis`; of equal ones the first, or
    with `last` the last. NaN is larger than any number. With `keep` the axis stays as size 1. Source: ONNX ArgMax,
    ArgMin (13).
    Example: `%i = llm.arg_max %x {axis = 1 : i64} : (tensor<?x8xf32>) -> tensor<?xi64>`
  }];
  let arguments = (ins Llm_NumberTensor:$x, I64Attr:$axis, UnitAttr:$smallest, UnitAttr:$last, UnitAttr:$keep);
  let results = (outs Llm_ShapeTensor:$result);
}

def Llm_CumProdOp : Llm_IndexOp<"cumprod"> {
  let summary = "running products along an axis";
  let description = [{
    `result[i] = x[0] * ... * x[i]` along `axis`. Source: ONNX CumProd, exclusive = reverse = 0.
    Example: `%y = llm.cumprod %x {axis = 1 : i64} : (tensor<?x?xf32>) -> tensor<?x?xf32>`
  }];
  let arguments = (ins Llm_NumberTensor:$x, I64Attr:$axis);
  let results = (outs Llm_NumberTensor:$result);
}

def Llm_DetOp : Llm_IndexOp<"det"> {
  let summary = "determinants of matrices";
  let description = [{
    (.., M, M) -> (..), by elimination with partial pivoting; 1 for M = 0. Source: ONNX Det.
    Example: `%y = llm.det %x : (tensor<?x3x3xf32>) -> tensor<?xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$x);
  let results = (outs Llm_FloatTensor:$result);
}

#endif
