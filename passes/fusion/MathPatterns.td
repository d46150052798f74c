// Small rules of fuse-math, which build on each other and on the patterns of Norms.cpp and Activations.cpp: a norm is formed without
// its weight first, then takes in the casts around it, the weight and the bias.
#ifndef LATHE_PASSES_FUSION_MATH_PATTERNS
#define LATHE_PASSES_FUSION_MATH_PATTERNS

include "mlir/IR/PatternBase.td"
include "ir/llm/LlmOps.td"

// The predicates are functions of FuseMath.cpp and FusePatterns.h.
def IsPerColumn : Constraint<CPred<"isPerColumn($0, $1)">, "one number for each element of a row">;
def IsStored : Constraint<CPred<"isStored($0)">, "constant, or made of weights alone">;
def IsNone : Constraint<CPred<"$0.empty()">, "operand that is not there">;
def HaveOneType : Constraint<CPred<"$0.getType() == $1.getType()">, "of one type">;
def IsFloat32 : Constraint<CPred<"isFloat32($0)">, "f32 tensor">;
def HasOneUse : Constraint<CPred<"$0.hasOneUse()">, "used once">;

def RmsNorm : NativeCodeCall<"$_builder.create<llm::RmsNormOp>($_loc, $0, Value(), $1).getResult()">;
def BiasedLayerNorm :
    NativeCodeCall<"$_builder.create<llm::LayerNormOp>($_loc, $0, $1, asVector($_builder, $_loc, $2), $3).getResult()">;
def BiasedLinear : NativeCodeCall<"$_builder.create<llm::LinearOp>($_loc, $0, $1, asVector($_builder, $_loc, $2), $3).getResult()">;

// ---- norms: Norms.cpp forms them without casts and biases ------------------------------------------------------------

// A norm of half-precision numbers computed in f32, as rms_norm is: cast(rms_norm(cast x)) => rms_norm x
def : Pat<(Llm_CastOp:$result (Llm_RmsNormOp (Llm_CastOp:$wide $x), $weight, $epsilon)), (RmsNorm $x, $epsilon),
          [(IsNone $weight), (HaveOneType $result, $x), (IsFloat32 $wide)]>;

foreach spelled = [(Llm_AddOp:$sum (Llm_LayerNormOp:$norm $x, $weight, $none, $epsilon), $bias),
                   (Llm_AddOp:$sum $bias, (Llm_LayerNormOp:$norm $x, $weight, $none, $epsilon))] in
  def : Pat<spelled, (BiasedLayerNorm $x, $weight, $bias, $epsilon),
            [(IsNone $none), (IsPerColumn $bias, $x), (HaveOneType $sum, $norm), (HasOneUse $norm)]>;

// ---- biases ---------------------------------------------------------------------------------------------------------

foreach spelled = [(Llm_AddOp:$sum (Llm_LinearOp:$linear $x, $weight, $none, $int8), $bias),
                   (Llm_AddOp:$sum $bias, (Llm_LinearOp:$linear $x, $weight, $none, $int8))] in
  def : Pat<spelled, (BiasedLinear $x, $weight, $bias, $int8),
            [(IsNone $none), (IsStored $bias), (IsPerColumn $bias, $linear), (HaveOneType $sum, $linear), (HasOneUse $linear)]>;

// ---- activations ----------------------------------------------------------------------------------------------------

foreach spelled = [(Llm_MulOp $x, (Llm_SigmoidOp $x)), (Llm_MulOp (Llm_SigmoidOp $x), $x)] in
  def : Pat<spelled, (Llm_SiluOp $x)>;

#endif
