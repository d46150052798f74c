// What norms and activations look like when an exporter spells them out, and the composite ops they are. Small rules that build on
// each other: a norm is formed without its weight first, then takes in the casts around it and the weight.
#ifndef LATHE_PASSES_FUSION_MATH_PATTERNS
#define LATHE_PASSES_FUSION_MATH_PATTERNS

include "mlir/IR/PatternBase.td"
include "ir/llm/LlmOps.td"

// The predicates are functions of FuseMath.cpp.
def IsMeanOfRows : Constraint<CPred<"isMeanOfRows($0)">, "mean over the last axis, which is kept">;
def IsNumber : Constraint<CPred<"llm::constantSplat($0).has_value()">, "one constant number">;
def IsPerColumn : Constraint<CPred<"isPerColumn($0, $1)">, "one number for each element of a row">;
def IsStored : Constraint<CPred<"isStored($0)">, "constant, or made of weights alone">;
def IsNone : Constraint<CPred<"$0.empty()">, "operand that is not there">;
def IsSome : Constraint<CPred<"!$0.empty()">, "operand that is there">;
def HaveOneType : Constraint<CPred<"$0.getType() == $1.getType()">, "of one type">;
def AreDifferent : Constraint<CPred<"$0 != $1">, "two values">;
def IsFloat32 : Constraint<CPred<"isFloat32($0)">, "f32 tensor">;
def HasOneUse : Constraint<CPred<"$0.hasOneUse()">, "used once">;

def Number : NativeCodeCall<"numberAttribute($_builder, $0)">;
def RmsNorm : NativeCodeCall<"$_builder.create<llm::RmsNormOp>($_loc, $0, Value(), $1).getResult()">;
def WeightedRmsNorm : NativeCodeCall<"$_builder.create<llm::RmsNormOp>($_loc, $0, asVector($_builder, $_loc, $1), $2).getResult()">;
def LayerNorm : NativeCodeCall<"$_builder.create<llm::LayerNormOp>($_loc, $0, $1.front(), Value(), $2).getResult()">;
def BiasedLayerNorm :
    NativeCodeCall<"$_builder.create<llm::LayerNormOp>($_loc, $0, $1, asVector($_builder, $_loc, $2), $3).getResult()">;
def BiasedLinear : NativeCodeCall<"$_builder.create<llm::LinearOp>($_loc, $0, $1, asVector($_builder, $_loc, $2), $3).getResult()">;
class Glu<string activation>
    : NativeCodeCall<"$_builder.create<llm::GluOp>($_loc, llm::Activation::" # activation # ", $0, $1).getResult()">;
def GeluGlu : NativeCodeCall<"$_builder.create<llm::GluOp>($_loc, $0 ? llm::Activation::gelu_tanh : llm::Activation::gelu, $1, $2)"
                             ".getResult()">;

// ---- norms: the rest of the spellings (x ^ 2, 1 / sqrt, x / sqrt) are rewritten to these by simplify-graph ----------------

// x * rsqrt(mean(x * x) + epsilon) => rms_norm x
foreach spelled = [
    (Llm_MulOp $x, (Llm_RsqrtOp (Llm_AddOp (Llm_ReduceOp:$mean $kind, (Llm_MulOp $x, $x), $axes, $keep), $epsilon))),
    (Llm_MulOp (Llm_RsqrtOp (Llm_AddOp (Llm_ReduceOp:$mean $kind, (Llm_MulOp $x, $x), $axes, $keep), $epsilon)), $x)] in
  def : Pat<spelled, (RmsNorm $x, (Number $epsilon)), [(IsMeanOfRows $mean), (IsNumber $epsilon)]>;

// A norm of half-precision numbers computed in f32, as rms_norm is: cast(rms_norm(cast x)) => rms_norm x
def : Pat<(Llm_CastOp:$result (Llm_RmsNormOp (Llm_CastOp:$wide $x), $weight, $epsilon)), (RmsNorm $x, $epsilon),
          [(IsNone $weight), (HaveOneType $result, $x), (IsFloat32 $wide)]>;

// rms_norm(x) * weight => rms_norm x, weight
foreach spelled = [(Llm_MulOp:$product (Llm_RmsNormOp:$norm $x, $none, $epsilon), $weight),
                   (Llm_MulOp:$product $weight, (Llm_RmsNormOp:$norm $x, $none, $epsilon))] in
  def : Pat<spelled, (WeightedRmsNorm $x, $weight, $epsilon),
            [(IsNone $none), (IsPerColumn $weight, $x), (HaveOneType $product, $norm), (HasOneUse $norm)]>;

// rms_norm(x - mean(x)) is a layer_norm of x; it has a weight in every model.
def : Pat<(Llm_RmsNormOp (Llm_SubOp $x, (Llm_ReduceOp:$mean $kind, $x, $axes, $keep)), $weight, $epsilon),
          (LayerNorm $x, $weight, $epsilon), [(IsMeanOfRows $mean), (IsSome $weight)]>;
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

foreach spelled = [(Llm_MulOp (Llm_SiluOp:$active $gate), $up), (Llm_MulOp $up, (Llm_SiluOp:$active $gate))] in
  def : Pat<spelled, (Glu<"silu"> $gate, $up), [(HaveOneType $gate, $up), (HasOneUse $active)]>;
foreach spelled = [(Llm_MulOp (Llm_GeluOp:$active $gate, $approximate), $up),
                   (Llm_MulOp $up, (Llm_GeluOp:$active $gate, $approximate))] in
  def : Pat<spelled, (GeluGlu $approximate, $gate, $up), [(HaveOneType $gate, $up), (HasOneUse $active)]>;
foreach spelled = [(Llm_MulOp (Llm_ReluOp:$active $gate), $up), (Llm_MulOp $up, (Llm_ReluOp:$active $gate))] in
  def : Pat<spelled, (Glu<"relu"> $gate, $up), [(HaveOneType $gate, $up), (AreDifferent $active, $up), (HasOneUse $active)]>;

#endif
