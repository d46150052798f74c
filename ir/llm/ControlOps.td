// Ops of the llm dialect: sizes that data decides, and control flow over functions of the module.
#ifndef LATHE_IR_LLM_CONTROL_OPS
#define LATHE_IR_LLM_CONTROL_OPS

include "ir/llm/LlmBase.td"

include "mlir/IR/SymbolInterfaces.td"

def Llm_ScalarBool : Type<CPred<"::lathe::llm::isScalarBool($_self)">, "tensor<i1>">;
def Llm_ScalarI64 : Type<CPred<"::lathe::llm::isScalarI64($_self)">, "tensor<i64>">;

// Defining a symbol is an effect: such an op has uses that no operand shows (llm.dims of its symbol).
def Llm_DefinesSymbols : MemoryEffects<[MemWrite]>;

def Llm_SizeOp : Llm_Op<"size", [Llm_DefinesSymbols, DeclareOpInterfaceMethods<SymbolicSizes, ["symbolicContent"]>]> {
  let summary = "a size that data decides: from here on a symbol of the function";
  let description = [{
    `result = value`, and the symbol of that name in the function's `llm.symbols` has this value: the inputs do not tell it. Everything
    that is known of sizes then follows from the symbol, as it does for the sizes of inputs. A program is split where it reads one
    (docs/architecture.md, Stages). A value below 0 is an error at run time.
    Example: `%n = llm.size %count {symbol = "nonzeros"} : (tensor<i64>) -> tensor<i64>`
  }];
  let arguments = (ins Llm_ScalarI64:$value, StrAttr:$symbol);
  let results = (outs Llm_ScalarI64:$result);
  let hasVerifier = 1;
}

def Llm_NonZeroOp : Llm_Op<"non_zero", [Pure, DeclareOpInterfaceMethods<SymbolicSizes>]> {
  let summary = "the coordinates of the elements that are not 0";
  let description = [{
    `result[axis, i]` is the coordinate along `axis` of the i-th element of `x`, in row-major order, that is not 0, for i below `count`
    (there are at least so many). A scalar has one axis, of size 1. Source: ONNX NonZero.
    Example: `%y = llm.non_zero %x, %n : (tensor<2x?xf32>, tensor<i64>) -> tensor<2x?xi64>`
  }];
  let arguments = (ins Llm_Tensor:$x, Llm_ScalarI64:$count);
  let results = (outs Llm_ShapeTensor:$result);
  let hasVerifier = 1;
}

def Llm_BroadcastToOp : Llm_Op<"broadcast_to", [Pure, DeclareOpInterfaceMethods<SymbolicSizes>]> {
  let summary = "broadcasts to exactly these sizes";
  let description = [{
    numpy broadcasting of `x` to `sizes`, expressions of the function's symbols. Unlike with `llm.expand` each size is that of the result:
    an axis of `x` has it, or is 1; anything else is an error at run time.
    Example: `%y = llm.broadcast_to %x {sizes = affine_map<()[s0, s1] -> (s1, 8)>} : (tensor<?x8xf32>) -> tensor<?x8xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, AffineMapAttr:$sizes);
  let results = (outs Llm_Tensor:$result);
  let hasVerifier = 1;
}

def Llm_BoxOp : Llm_Op<"box", [Pure, DeclareOpInterfaceMethods<SymbolicSizes>]> {
  let summary = "a strided box of a tensor, of exactly these sizes";
  let description = [{
    `result[i, j, ..] = x[starts[0] + steps[0] * i, starts[1] + steps[1] * j, ..]`; `starts` and `sizes` are expressions of the function's
    symbols, an entry for each axis, and the box lies inside of `x`: what `llm.slice` is when data decides its bounds.
    Example: `%y = llm.box %x {starts = affine_map<()[s0, s1] -> (s0)>, sizes = affine_map<()[s0, s1] -> (s1)>,
              steps = array<i64: 1>} : (tensor<8xf32>) -> tensor<?xf32>`
  }];
  let arguments = (ins Llm_Tensor:$x, AffineMapAttr:$starts, AffineMapAttr:$sizes, DenseI64ArrayAttr:$steps);
  let results = (outs Llm_Tensor:$result);
  let hasVerifier = 1;
}

def Llm_UniqueOp : Llm_Op<"unique", [Pure, DeclareOpInterfaceMethods<SymbolicSizes>]> {
  let summary = "which slices along an axis are equal";
  let description = [{
    The n slices of `x` along `axis` form `number` groups of equal ones, numbered in ascending order of the slices (by their elements in
    row-major order, NaN last) with `sorted`, else in the order in which they come. `inverse[i]` is the group of slice i; for each group g
    below `number`, `first[g]` is its first slice and `counts[g]` how many it has; beyond that both are 0. `first`, `inverse` and `counts`
    have n elements. Source: ONNX Unique, whose results are cut to `number`.
    Example: `%f, %i, %c, %n = llm.unique %x {axis = 0 : i64, sorted} : (tensor<?x2xf32>)
              -> (tensor<?xi64>, tensor<?xi64>, tensor<?xi64>, tensor<i64>)`
  }];
  let arguments = (ins Llm_Tensor:$x, I64Attr:$axis, UnitAttr:$sorted);
  let results = (outs Llm_ShapeTensor:$first, Llm_ShapeTensor:$inverse, Llm_ShapeTensor:$counts, Llm_ScalarI64:$number);
  let hasVerifier = 1;
}

def Llm_NonMaxSuppressionOp : Llm_Op<"non_max_suppression", [Pure, DeclareOpInterfaceMethods<SymbolicSizes>]> {
  let summary = "the best boxes that do not overlap";
  let description = [{
    For each batch and class: of the boxes whose score is above `score_threshold` (if given) the one with the highest score is taken, then
    those that overlap it by more than `iou_threshold` (intersection over union) are left out, and so on, until `most` are taken. Equal
    scores: the first box. `boxes` (batch, boxes, 4) are two opposite corners y, x, y, x, with `centered` center and size x, y, width,
    height; `scores` (batch, classes, boxes). `selected` (batch classes boxes, 3) holds batch, class and box of those taken, 0 beyond
    `number`. Source: ONNX NonMaxSuppression, whose result is cut to `number`.
    Example: `%s, %n = llm.non_max_suppression %b, %c, %most, %iou, %score : (tensor<1x6x4xf32>, tensor<1x2x6xf32>, tensor<i64>,
              tensor<f32>, tensor<f32>) -> (tensor<12x3xi64>, tensor<i64>)`
  }];
  let arguments = (ins Llm_FloatTensor:$boxes, Llm_FloatTensor:$scores, Llm_ScalarI64:$most, Llm_FloatTensor:$iou_threshold,
                       Optional<Llm_FloatTensor>:$score_threshold, UnitAttr:$centered);
  let results = (outs Llm_ShapeTensor:$selected, Llm_ScalarI64:$number);
  let hasVerifier = 1;
}

class Llm_CallOp<string mnemonic>
    : Llm_Op<mnemonic, [Llm_DefinesSymbols, DeclareOpInterfaceMethods<SymbolicSizes>,
                        DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let results = (outs Variadic<Llm_Tensor>:$outputs);
  let hasVerifier = 1;
}

def Llm_IfOp : Llm_CallOp<"if"> {
  let summary = "one of two functions";
  let description = [{
    `outputs = then(inputs)` where `condition` is true, else `otherwise(inputs)`. Both are functions of the module with `llm.symbols` and
    `llm.dims`; symbols of the same name have the same value there. `sizes` has a map for each result, from the symbols of this function
    to its shape; `symbols` are those that the inputs of this function do not tell: they follow from what comes out.
    Source: ONNX If, what a branch takes from outside being its inputs.
    Example: `%y = llm.if %c, %x {then = @then_0, otherwise = @else_0, symbols = ["u0"], sizes = [affine_map<()[s0] -> (s0)>]}
              : (tensor<i1>, tensor<4xf32>) -> tensor<?xf32>`
  }];
  let arguments = (ins Llm_ScalarBool:$condition, Variadic<Llm_Tensor>:$inputs, FlatSymbolRefAttr:$then,
                       FlatSymbolRefAttr:$otherwise, StrArrayAttr:$symbols, ArrayAttr:$sizes);
}

def Llm_LoopOp : Llm_CallOp<"loop"> {
  let summary = "a function again and again";
  let description = [{
    Calls `body(iteration, condition, inputs)` while `iteration < limit` and `condition` is true, iteration 0, 1, ... a tensor<i64>. It gives
    (condition, carried values, parts): the condition of the next iteration; the first `carried` inputs of the next iteration, whose
    sizes may change; and values whose sizes may not. Results are the carried values in the end, then the parts of all iterations,
    stacked along a new first axis. `symbols` and `sizes` as in `llm.if`.
    Source: ONNX Loop, what the body takes from outside being its last inputs.
    Example: `%s, %all = llm.loop %n, %true, %x {body = @body_0, carried = 1 : i64, symbols = ["u0"],
              sizes = [affine_map<()[s0] -> ()>, affine_map<()[s0] -> (s0)>]}
              : (tensor<i64>, tensor<i1>, tensor<f32>) -> (tensor<f32>, tensor<?xf32>)`
  }];
  let arguments = (ins Llm_ScalarI64:$limit, Llm_ScalarBool:$condition, Variadic<Llm_Tensor>:$inputs, FlatSymbolRefAttr:$body,
                       I64Attr:$carried, StrArrayAttr:$symbols, ArrayAttr:$sizes);
}

#endif
