// The llm dialect: what is computed, on value tensors. Types, interfaces and base classes that the families of ops share.
#ifndef LATHE_IR_LLM_BASE
#define LATHE_IR_LLM_BASE

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "ir/llm/LlmInterfaces.td"

def Llm_Dialect : Dialect {
  let name = "llm";
  let cppNamespace = "::lathe::llm";
  let summary = "what a language model computes";
  let description = [{
    Generic tensor primitives, in which any exporter's graph can be said, and the composite ops that fusion forms
    (attention, rope, rms_norm, glu, kv-cache ops, linear maps over quantised weights).

    Values are builtin ranked tensors. Sizes that are not known are `?` in the types; what they are is said by the
    function's attributes: `llm.symbols` names the symbolic sizes, and each argument's `llm.dims`, an affine map from
    those symbols, gives its shape. Everything else follows by inference (ir/llm/SymbolicShapes.h).
    Weights never enter the IR: `llm.weight` refers to an entry of the weight table by name.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

class Llm_Type<string name, string typeMnemonic> : TypeDef<Llm_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Llm_BlockType : Llm_Type<"Block", "block"> {
  let summary = "element type of a block-quantised weight";
  let description = [{
    One element of a tensor whose rows are stored in GGML's blocks: `tensor<576x576x!llm.block<q4_1>>`. Schemes: q4_0,
    q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k, int4 (runtime/artifact.h). The last axis is a multiple of the block.
  }];
  let parameters = (ins StringRefParameter<"scheme">:$scheme);
  let assemblyFormat = "`<` custom<Scheme>($scheme) `>`";
  let genVerifyDecl = 1;
}

def Llm_NarrowType : Llm_Type<"Narrow", "narrow"> {
  let summary = "element type of a float of 4 or 8 bits, or an integer of 2 or 4 bits";
  let description = [{
    One element in a byte whose low bits count: `tensor<?x8x!llm.narrow<f8e4m3fn>>`. Types: f8e4m3fn, f8e4m3fnuz, f8e5m2,
    f8e5m2fnuz, f8e8m0, f4e2m1, i4, u4, i2, u2 (runtime/artifact.h). Such tensors are moved and cast, not computed with. A
    cast to a float rounds to nearest even (f8e8m0: halves up); what is too large becomes infinity, NaN where the type has
    no infinity, the largest number where it has no NaN. A cast to an integer keeps the low bits.
  }];
  let parameters = (ins StringRefParameter<"type">:$name);
  let assemblyFormat = "`<` custom<Scheme>($name) `>`";
  let genVerifyDecl = 1;
}

def Llm_KvCacheType : Llm_Type<"KvCache", "kv_cache"> {
  let summary = "keys and values of one attention layer, for all sequences";
  let description = [{
    `!llm.kv_cache<3 x 64 x f16, page 64>`: 3 heads of size 64, f16, in pages of 64 tokens that a block table maps to
    sequences. With `window 4096`, tokens further back than that are never read. A value of this type stands for the
    whole pool; ops that append return the new value and the plan updates in place.
  }];
  let parameters = (ins "int64_t":$heads, "int64_t":$headDim, "::mlir::Type":$elementType, "int64_t":$pageTokens,
                        DefaultValuedParameter<"int64_t", "0">:$window);
  let assemblyFormat = "`<` $heads `x` $headDim `x` $elementType `,` `page` $pageTokens (`,` `window` $window^)? `>`";
  let genVerifyDecl = 1;
}

// Any ranked tensor of numbers, booleans (i1) or quantised blocks.
def Llm_Tensor : Type<CPred<"::lathe::llm::isTensor($_self)">, "tensor of numbers, booleans or quantised blocks">;
// One that is computed with: no narrow elements.
def Llm_NumberTensor : Type<CPred<"::lathe::llm::isNumberTensor($_self)">, "tensor of numbers or booleans that are computed with">;
def Llm_FloatTensor : RankedTensorOf<[AnyFloat]>;
def Llm_IntTensor : RankedTensorOf<[AnyInteger]>;
def Llm_BoolTensor : RankedTensorOf<[I1]>;
def Llm_ShapeTensor : RankedTensorOf<[I64]>;
// A matrix of weights: plain floats or quantised blocks.
def Llm_WeightTensor : Type<CPred<"::lathe::llm::isWeightTensor($_self)">, "tensor of floats or quantised blocks">;

class Llm_Op<string mnemonic, list<Trait> traits = []> : Op<Llm_Dialect, mnemonic, traits> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

// An op whose result types follow from operands and attributes; a written type may know more or fewer sizes than the
// inferred one, never other sizes.
class Llm_InferredOp<string mnemonic, list<Trait> traits = []>
    : Llm_Op<mnemonic, traits # [Pure, InferTypeOpAdaptor]> {
  code inferredDecls = [{
    static bool isCompatibleReturnTypes(::mlir::TypeRange l, ::mlir::TypeRange r) { return areCompatible(l, r); }
  }];
  let extraClassDeclaration = inferredDecls;
}

#endif
