// Ops of the llm dialect: mixtures of experts: routing and grouped products.
#ifndef LATHE_IR_LLM_MOE_OPS
#define LATHE_IR_LLM_MOE_OPS

include "ir/llm/LlmBase.td"

// The enum of MathOps.td, which cannot be included without its ops.
def Llm_ExpertActivation : Attr<CPred<"::llvm::isa<::lathe::llm::ActivationAttr>($_self)">, "an activation"> {
  let storageType = "::lathe::llm::ActivationAttr";
  let returnType = "::lathe::llm::Activation";
  let convertFromStorage = "$_self.getValue()";
}

class Llm_ExpertOp<string mnemonic, list<Trait> traits = []>
    : Llm_InferredOp<mnemonic, traits # [DeclareOpInterfaceMethods<SymbolicSizes>]>;

def Llm_RouteOp : Llm_ExpertOp<"route"> {
  let summary = "the experts of each token and their weights";
  let description = [{
    logits (.., E) -> weights (.., top) of their type and experts (.., top) i32. `p = softmax(logits)`, or with `sigmoid`
    1 / (1 + exp(-logits)). Chosen are the `top` experts with the largest p + bias (bias (E), 0 when not given), the largest
    first, of equal ones the lower number. With `groups` G > 1 the experts are G groups of neighbours, and only those of the
    `top_groups` groups are chosen from whose `group_best` largest p + bias have the largest sum. The weights are p, with
    `normalize` divided by their sum + 1e-20, times `scale`.
    Source: Shazeer et al. 2017, arXiv:1701.06538; Jiang et al. 2024, arXiv:2401.04088; DeepSeek-AI 2024, arXiv:2412.19437.
    Example: `%w, %e = llm.route %logits {top = 2 : i64, normalize} : (tensor<?x?x8xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xi32>)`
  }];
  let arguments = (ins Llm_FloatTensor:$logits, Optional<Llm_FloatTensor>:$bias, I64Attr:$top, UnitAttr:$sigmoid,
                       UnitAttr:$normalize, DefaultValuedAttr<F32Attr, "1.0f">:$scale,
                       DefaultValuedAttr<I64Attr, "1">:$groups, DefaultValuedAttr<I64Attr, "1">:$top_groups,
                       DefaultValuedAttr<I64Attr, "1">:$group_best);
  let results = (outs Llm_FloatTensor:$weights, Llm_IntTensor:$experts);
}

def Llm_ExpertLinearOp : Llm_ExpertOp<"expert_linear", [AttrSizedOperandSegments]> {
  let summary = "a linear map by the weight of each row's experts";
  let description = [{
    experts (.., S) -> (.., S, N): for slot s of a row with the expert e, `y = weight[e] x + bias[e]`, weight (E, N, K), bias
    (E, N), where x is (.., S, K), a row a slot, or (.., K), one for all slots. An expert that is not in [0, E) gives zeros.
    `activation` is applied to y: `silu` as y / (1 + exp(-alpha y)). It makes a gated unit where there is another factor,
    u = `up`[e] x + `up_bias`[e]: the result is `activation(y) * (u + offset)`. With `interleaved` there is no `up`, and
    weight (E, 2N, K) and bias hold the rows of gate and factor in turn. A `limit` l > 0 holds y at or below l, and u within
    [-l, l]. `int8_activations` as in `llm.linear`.
    Source: Shazeer et al. 2017, arXiv:1701.06538; OpenAI 2025, arXiv:2508.10925.
    Example: `%y = llm.expert_linear %x, %e, %w {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>}
              : (tensor<?x?x2x8xf32>, tensor<?x?x2xi32>, tensor<4x16x8xf32>) -> tensor<?x?x2x16xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$x, Llm_IntTensor:$experts, Llm_WeightTensor:$weight,
                       Optional<Llm_WeightTensor>:$up, Optional<Llm_FloatTensor>:$bias,
                       Optional<Llm_FloatTensor>:$up_bias, OptionalAttr<Llm_ExpertActivation>:$activation,
                       UnitAttr:$interleaved, DefaultValuedAttr<F32Attr, "1.0f">:$alpha,
                       DefaultValuedAttr<F32Attr, "0.0f">:$offset, DefaultValuedAttr<F32Attr, "0.0f">:$limit,
                       UnitAttr:$int8_activations);
  let results = (outs Llm_FloatTensor:$result);
}

def Llm_MoeOp : Llm_ExpertOp<"moe", [AttrSizedOperandSegments]> {
  let summary = "a feed-forward layer of experts, of which a router chooses some for each token";
  let description = [{
    `w, e = route(logits, choice_bias)` with the attributes of `llm.route`; `h = expert_linear(x, e, gate, up, gate_bias,
    up_bias)` with those of `llm.expert_linear`; `z = expert_linear(h, e, down, down_bias)`;
    `result = sum over s of w[.., s] * z[.., s, :]`, in the order of the slots. x (.., K), logits (.., E), gate and up
    (E, N, K), down (E, K, N). Without `up` and `interleaved` an expert is a plain feed-forward layer.
    Source: Fedus et al. 2021, arXiv:2101.03961; Jiang et al. 2024, arXiv:2401.04088.
    Example: `%y = llm.moe %x, %l, %g, %u, %d {top = 2 : i64, normalize, activation = #llm<activation silu>,
              operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0, 0, 0>} : (tensor<?x?x8xf32>, tensor<?x?x4xf32>,
              tensor<4x16x8xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x?x8xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$x, Llm_FloatTensor:$logits, Llm_WeightTensor:$gate,
                       Optional<Llm_WeightTensor>:$up, Llm_WeightTensor:$down, Optional<Llm_FloatTensor>:$choice_bias,
                       Optional<Llm_FloatTensor>:$gate_bias, Optional<Llm_FloatTensor>:$up_bias,
                       Optional<Llm_FloatTensor>:$down_bias, I64Attr:$top, UnitAttr:$sigmoid, UnitAttr:$normalize,
                       DefaultValuedAttr<F32Attr, "1.0f">:$scale, DefaultValuedAttr<I64Attr, "1">:$groups,
                       DefaultValuedAttr<I64Attr, "1">:$top_groups, DefaultValuedAttr<I64Attr, "1">:$group_best,
                       OptionalAttr<Llm_ExpertActivation>:$activation, UnitAttr:$interleaved,
                       DefaultValuedAttr<F32Attr, "1.0f">:$alpha, DefaultValuedAttr<F32Attr, "0.0f">:$offset,
                       DefaultValuedAttr<F32Attr, "0.0f">:$limit, UnitAttr:$int8_activations);
  let results = (outs Llm_FloatTensor:$result);
}

#endif
