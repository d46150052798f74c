// The check dialect: tests of numbers written as functions. Nothing but tests uses it.
#ifndef LATHE_IR_CHECK_OPS
#define LATHE_IR_CHECK_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "ir/llm/LlmBase.td"

def Check_Dialect : Dialect {
  let name = "check";
  let cppNamespace = "::lathe::check";
  let summary = "what an op gives for an input";
  let description = [{
    A function without arguments that holds checks is a test. `run-checks` (ir/check/RunChecks.h) makes of it a function of the
    `check.input`s and `check.cache`s, has that evaluated by a backend, and compares what the checks name.
    Inputs and weights are ops of their own, which nothing folds, so that a compiler sees values that it does not know.
  }];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
}

class Check_Op<string mnemonic, list<Trait> traits = []> : Op<Check_Dialect, mnemonic, traits>;

def Check_InputOp : Check_Op<"input"> {
  let summary = "an input of the test";
  let description = [{
    `value`, as an argument of the function that is tested. Its type may leave sizes open; `sizes` then says what they are, as
    expressions of the function's `llm.symbols`.
    Example: `%x = check.input dense<[1.0, 2.0]> : tensor<2xf32>`, or
    `%x = check.input dense<[[1, 2]]> : tensor<1x2xi64> sizes affine_map<()[s0] -> (1, s0)> -> tensor<1x?xi64>`
  }];
  let arguments = (ins ElementsAttr:$value, OptionalAttr<AffineMapAttr>:$sizes);
  let results = (outs Llm_Tensor:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Check_WeightOp : Check_Op<"weight"> {
  let summary = "a weight of the test";
  let description = [{
    An entry of the test's weight table. `value` holds the elements, or, as i8, the bytes of a tensor of any other type, quantised
    blocks included.
    Example: `%w = check.weight dense<"0x003c01..."> : tensor<34xi8> -> tensor<1x32x!llm.block<q8_0>>`
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Llm_Tensor:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Check_CacheOp : Check_Op<"cache"> {
  let summary = "an empty key-value cache";
  let description = [{
    A cache of `pages` pages, zero at first.
    Example: `%c = check.cache 2 : !llm.kv_cache<2 x 16 x f16, page 64>`
  }];
  let arguments = (ins I64Attr:$pages);
  let results = (outs Llm_KvCacheType:$result);
  let assemblyFormat = "$pages attr-dict `:` qualified(type($result))";
  let hasVerifier = 1;
}

def Check_EqualOp : Check_Op<"equal"> {
  let summary = "checks that two tensors are the same";
  let description = [{
    Same shape and elements; NaN is equal to NaN, -0 to 0.
    Example: `check.equal %y, %e : tensor<?xi64>, tensor<3xi64>`
  }];
  let arguments = (ins Llm_Tensor:$actual, Llm_Tensor:$expected);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

def Check_AlmostEqualOp : Check_Op<"almost_equal"> {
  let summary = "checks that two tensors are about the same";
  let description = [{
    Same shape, and each element has `|actual - expected| <= atol + rtol * |expected|`; NaN is equal to NaN, an infinity to
    itself alone.
    Example: `check.almost_equal %y, %e {rtol = 1.0e-3} : tensor<?xf16>, tensor<3xf16>`
  }];
  let arguments = (ins Llm_FloatTensor:$actual, Llm_FloatTensor:$expected, DefaultValuedAttr<F64Attr, "1.0e-5">:$rtol,
                       DefaultValuedAttr<F64Attr, "1.0e-6">:$atol);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

#endif
