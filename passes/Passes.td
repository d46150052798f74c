// Every pass of the compiler, by phase: what it turns into what, its options and its statistics. Their order is in Pipelines.cpp.
#ifndef LATHE_PASSES
#define LATHE_PASSES

include "mlir/Pass/PassBase.td"

// ---- canonicalize: passes/graph ------------------------------------------------------------------------------------

def FoldShapes : Pass<"fold-shapes", "::mlir::func::FuncOp"> {
  let summary = "shape arithmetic => llm.dims";
  let description = [{
    Every integer tensor whose elements are known as expressions of the function's symbols becomes an `llm.constant` (numbers) or an
    `llm.dims` (squeezed, reshaped or cast once, for other types than i64 vectors), and result types get the sizes that turn out static.

    ```
    %s = llm.shape_of %x                                    =>  %s = llm.dims affine_map<()[s0, s1] -> (s0, s1, 64)>
    %r = llm.reshape %x, dense<[0, 0, 4, -1]> : ?x?x?x?     =>  %r = llm.reshape %x, %dims : ?x?x4x16
    ```
    Leaves alone: arguments, floats, tensors of more than 64 elements.
  }];
  let statistics = [
    Statistic<"foldedCount", "folded", "integer tensors that became llm.dims or llm.constant">,
    Statistic<"refinedCount", "refined", "result types that got static sizes">];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
}

def ResolveSizes : Pass<"resolve-sizes", "::mlir::func::FuncOp"> {
  let summary = "symbols that data was to decide and that are known => what they are";
  let description = [{
    An `llm.size` whose value is known as an expression of other symbols, or that has the value of another one, goes: its symbol is
    replaced in all shapes. So do `llm.size`, `llm.if` and `llm.loop` whose symbols and results nothing uses.

    ```
    %n = llm.size (llm.dims affine_map<()[s0] -> (s0 * 4)> squeezed) {symbol = "u"}    =>  s0 * 4 for u
    ```
    Leaves alone: a value that is known to be negative, which is an error at run time.
  }];
  let statistics = [Statistic<"resolvedCount", "resolved", "symbols that became expressions">,
                    Statistic<"unusedCount", "unused", "ops that went since nothing uses them">];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
}

def MeasureSizes : Pass<"measure-sizes", "::mlir::func::FuncOp"> {
  let summary = "sizes that expressions cannot say => llm.size";
  let description = [{
    Where the sizes of a result are no expressions of the function's symbols, they are computed by llm ops and become symbols: the shape
    of a reshape or an expand, the bounds of a slice (=> `llm.box`), the length of a range, the size that broadcasting gives
    (=> `llm.broadcast_to`), and small integer operands on which the sizes of other ops depend.

    ```
    llm.reshape %x, %shape : ?x?       =>  llm.size %shape[0] {u}, llm.size %shape[1] {v}, llm.reshape %x, llm.dims (u, v)
    ```
    Leaves alone: ops whose operands have unknown sizes that it cannot measure.
  }];
  let statistics = [Statistic<"measuredCount", "measured", "symbols that were made">];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
}

def FoldConstants : Pass<"fold-constants", "::mlir::func::FuncOp"> {
  let summary = "ops over small constants => llm.constant";
  let description = [{
    Pointwise ops, casts, ranges, and ops that move elements, over constants alone => their value, computed by the reference evaluator.

    ```
    llm.div (llm.constant 1.0), (llm.pow 10000.0, dense<[0, 0.5]>)  =>  llm.constant dense<[1.0, 0.01]>
    ```
    Leaves alone: results above `max-elements` elements, tables above 64 elements that broadcasting makes (their rows and columns say more),
    expressions over weights (they are evaluated when weights are packed).
  }];
  let options = [Option<"maxElements", "max-elements", "int64_t", "4096", "results above this are not computed">];
  let statistics = [Statistic<"foldedCount", "folded", "ops that became constants">];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
}

def SimplifyGraph : Pass<"simplify-graph", "::mlir::func::FuncOp"> {
  let summary = "one spelling for what exporters spell differently";
  let description = [{
    Rewrites to a fixed point, together with the folds and canonicalisation patterns of the ops:

    ```
    expand to its own shape, or into a broadcasting op  =>  dropped
    cast of cast, transpose of transpose, reshape of reshape/unsqueeze/squeeze  =>  one
    linear(reshape x to (batch tokens, k))  =>  reshape(linear x)
    matmul with an inner size of 1  =>  mul
    slice of slice, slice of concat, gather by a constant scalar  =>  slice
    gather by (i < 0 ? i + size : i)  =>  gather by i
    scatter_nd to a box of places  =>  the updates, or a concat of them with what lies before and behind
    x + 0, x * 1, x / 1, x ^ 1  =>  x         x ^ 2  =>  x * x
    1 / x, x ^ -1  =>  reciprocal x           1 / sqrt x, x ^ -0.5  =>  rsqrt x        a * rsqrt x  <=  a / sqrt x
    select of a constant condition  =>  one side
    ```
    Leaves alone: x * sigmoid(x) and everything fusion looks for; divisions by constants whose reciprocal is not exact.
  }];
  let statistics = [Statistic<"rewriteCount", "rewritten", "ops in less ops out">];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
}

def NormalizePositions : Pass<"normalize-positions", "::mlir::func::FuncOp"> {
  let summary = "positions computed from sizes => llm.positions";
  let description = [{
    An integer tensor (batch, tokens) or (1, tokens) whose element [b, t] is provably past + t, for a size `past`, => `llm.positions`.

    ```
    llm.unsqueeze (llm.range past, past + tokens, 1)  =>  llm.positions affine_map<()[s0, s1, s2] -> (1, s1, s2)>
    llm.cumsum of ones, minus 1                       =>  llm.positions affine_map<()[s0, s1] -> (s0, s1, 0)>
    ```
    Leaves alone: positions that are an input, or depend on the values of one.
  }];
  let statistics = [Statistic<"positionsCount", "positions", "tensors that became llm.positions">];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
}

def ExplainMasks : Pass<"explain-masks", "::mlir::func::FuncOp"> {
  let summary = "remarks what each attention mask lets through";
  let description = [{
    A remark at each softmax over scores with a mask (added, or by a select) and each llm.attention with one: what was proven of it
    (passes/graph/MaskPredicate.h), or the op that was not understood. Changes nothing.

    ```
    llm.softmax (llm.add %scores, %mask)  =>  remark: mask: s <= t + s2, padding 'attention_mask'
    ```
  }];
  let statistics = [
    Statistic<"knownCount", "known", "masks that were understood">,
    Statistic<"unknownCount", "unknown", "masks that were not">];
}

def VerifyCanonical : Pass<"verify-canonical", "::mlir::func::FuncOp"> {
  let summary = "fails where shape arithmetic is left whose content is known";
  let description = [{
    An error at each op that computes an integer tensor whose elements are known, and at each result type that misses a static size.
  }];
}

// ---- fuse: passes/fusion -------------------------------------------------------------------------------------------

def FuseMath : Pass<"fuse-math", "::mlir::func::FuncOp"> {
  let constructor = "::lathe::createFuseMath()";
  let summary = "norms and activations that are spelled out => rms_norm, layer_norm, silu, gelu, glu";
  let description = [{
    The patterns of passes/fusion/Norms.cpp, Activations.cpp and MathPatterns.td:

    ```
    x * rsqrt(mean(x * x) + e) * w                  =>  rms_norm x, w        also cast to f32 and back around it
    rms_norm(x - mean(x), w) + b                    =>  layer_norm x, w, b
    x * sigmoid(x)                                  =>  silu x
    0.5 * x * (1 + erf(x / sqrt 2)), (1 + tanh(..)) =>  gelu x
    silu(g) * u, gelu(g) * u, relu(g) * u           =>  glu g, u
    linear(x, w) + b                                =>  linear x, w, b
    ```
    Leaves alone: means over other axes than the last, epsilons that are not constant, weights that are not one number a column.
  }];
  let statistics = [Statistic<"normCount", "norms", "rms_norm and layer_norm formed">,
                    Statistic<"gluCount", "glus", "gated linear units formed">];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
}

def FuseRope : Pass<"fuse-rope", "::mlir::func::FuncOp"> {
  let constructor = "::lathe::createFuseRope()";
  let summary = "rotary embeddings that are spelled out => rope";
  let description = [{
    `x * cos + concat(-x[half:], x[:half]) * sin`, or the two halves apart, with cosines and sines of positions x constant frequencies or
    from cached tables => `rope`, on (batch, tokens, heads, headDim): a transpose before it moves behind it. Frequencies that are
    base^(-2i/dims) become `base`, others an operand; a rotation of the first columns alone is a rope with fewer `dims`. Any other spelling
    (pairs of neighbours stacked, products of complex numbers, angles repeated by an expand) is read off what each column of a head is
    computed to (passes/fusion/RotatedColumns.h), and may be `interleaved`.

    ```
    %t = llm.transpose %x ; mul, slice, neg, concat, mul, add  =>  %r = llm.rope %x, %positions {base, dims} ; llm.transpose %r
    ```
    Leaves alone: rotations the other way, tables whose two halves are not known to be equal.
  }];
  let statistics = [Statistic<"ropeCount", "ropes", "rotary embeddings formed">];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
}

def FuseAttention : Pass<"fuse-attention", "::mlir::func::FuncOp"> {
  let constructor = "::lathe::createFuseAttention()";
  let summary = "softmax(q k^T) v => attention in its normal form";
  let description = [{
    Scales, soft caps, masks (added or selected), guards against NaN and casts around the softmax are taken in. Query, key and value are
    followed to the (batch, tokens, heads, headDim) tensors they are made of, heads that are repeated for grouped queries are not; a
    concat of past and new keys is turned, and what else uses it becomes a transpose of that. A mask that is proven to be causal, a window
    or padding becomes `causal`, `window` and a boolean mask (batch, 1, 1, S); of a sum the parts that are; a bias that is a slope for each
    head times the place of the key becomes `slopes`; any other stays an operand. Products over (batch heads, tokens, size) are parted first.

    ```
    matmul(softmax(q k^T * scale + mask), v)                         =>  attention q, k, v, mask
    attention q, transpose(repeat(concat(past, k) {axis = 2})), ...  =>  attention q, concat(transpose past, k) {axis = 1}, ...
    attention q, k, v, (0 where s <= t + S - T, else -inf)           =>  attention q, k, v {causal}
    ```
    A query that is padding itself may see nothing then, which gives 0 where a mask of large negative numbers gave a mean. Leaves alone:
    softmaxes of other ranks, scores scaled after the soft cap.
  }];
  let statistics = [Statistic<"formedCount", "formed", "attentions formed">,
                    Statistic<"causalCount", "causal", "attentions proven to be causal">,
                    Statistic<"maskedCount", "masked", "attentions with a mask operand">];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
}

def FuseMoe : Pass<"fuse-moe", "::mlir::func::FuncOp"> {
  let constructor = "::lathe::createFuseMoe()";
  let summary = "experts that each compute the rows that chose them => moe";
  let description = [{
    A top_k over the softmax or sigmoid of logits, then for every expert: the places in the top_k's indices that hold its number
    (compared or one-hot, in any order of axes), the rows of x at the tokens of these places, a feed-forward layer or gated unit, the
    weights at these places, and the products added at these tokens (scatter_nd or scatter_elements) to the sum of the other experts, which
    begins with zeros. Proven element by element; every expert must be there once, and all must have the same form.

    ```
    sum over e of scatter(zeros, tokens(e), ffn_e(x[tokens(e)]) * w[tokens(e), slots(e)])  =>  moe x, logits {top, normalize}
    ```
    Leaves alone: experts that differ in form or weighting, fewer experts than logits.
  }];
  let statistics = [Statistic<"formedCount", "formed", "mixtures in their normal form">];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
}

def VerifyFused : Pass<"verify-fused", "::mlir::func::FuncOp"> {
  let summary = "fails where a composite op does not fit its operands; remarks attention that was not fused";
  let description = [{
    Errors: positions of a rope that are not one for each of its tokens, an epsilon of a norm below 0, masks and lengths that do not fit an attention, a window without causal. A remark at each softmax over a product of two values
    that are no weights, whose result is multiplied by a third.
  }];
}

def MergeLinears : Pass<"merge-linears", "::mlir::func::FuncOp"> {
  let constructor = "::lathe::createMergeLinears()";
  let summary = "linears of one input => one linear over stacked weights";
  let description = [{
    `glu(linear(x, g), linear(x, u))` => `glu(linear(x, concat(g, u)))`; `linear(x, a), linear(x, b), ...` => slices of
    `linear(x, concat(a, b, ...))`, so that one launch reads the input once and all the weights. Leaves linears alone whose weights have
    different element types, or of which only some have a bias.
  }];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
  let statistics = [Statistic<"mergedCount", "merged", "linears formed from several">];
}

// ---- quantize -----------------------------------------------------------------------------------------------------

def QuantizeActivations : Pass<"quantize-activations", "::mlir::func::FuncOp"> {
  let summary = "linears with block-quantised weights => with int8 activations";
  let description = [{
    `linear(x, w)` => `linear(x, w) {int8_activations}` where w is of a block type and `compute` is not f32; so `moe`. Linears with plain float weights
    keep float activations.
  }];
  let options = [Option<"compute", "compute", "std::string", "\"auto\"", "auto, f32 or int8">];
  let statistics = [Statistic<"quantizedCount", "quantized", "linears with int8 activations">,
                    Statistic<"keptCount", "kept", "linears with float activations">];
}

def VerifyQuantized : Pass<"verify-quantized", "::mlir::func::FuncOp"> {
  let summary = "fails where int8 activations meet a weight that is not of a block type";
  let description = [{
    Kernels multiply int8 activations with quantised blocks only: an error at each linear that says otherwise.
  }];
}

// ---- stateful -----------------------------------------------------------------------------------------------------

def FormStep : Pass<"form-step", "::mlir::ModuleOp"> {
  let summary = "@forward of a causal decoder => @step beside it, over a paged cache";
  let description = [{
    `attention(q, concat(past, k), concat(past, v)) {causal}` => `cache_append` and `cached_attention` over a `!llm.kv_cache` argument;
    batch becomes 1, tokens are ragged, positions come from the step's arguments, and only the rows in `output_rows` go through the last norm and
    linear. Leaves a graph alone (with the reason in the module's `llm.no_step`) whose attention is not causal or whose logits need the past in
    another way; with `require` that is an error.
  }];
  let dependentDialects = ["::lathe::llm::LlmDialect", "::mlir::func::FuncDialect"];
  let options = [Option<"cacheType", "cache-type", "std::string", "\"f16\"", "element type of the cache: f32, f16, bf16">,
                 Option<"require", "require", "bool", "false", "fail when there can be no step">];
  let statistics = [Statistic<"cacheCount", "caches", "attentions over a cache">];
}

def VerifyStep : Pass<"verify-step", "::mlir::ModuleOp"> {
  let summary = "fails where @step mixes tokens or counts them";
  let description = [{
    The tokens of a step may come in any portions, so each must be computed from itself and the caches alone: an error at `@step` for an op that
    sums over tokens, orders them, or makes values from their number (`llm.range` over tokens, a shape read as data).
  }];
}

def DropForward : Pass<"drop-forward", "::mlir::ModuleOp"> {
  let summary = "removes @forward where @step stands in for it";
  let description = [{
    A module with `@step` loses `@forward`, so that nothing is compiled for it. Leaves a module without `@step` alone.
  }];
}

// ---- plan ---------------------------------------------------------------------------------------------------------

def DecomposeComposites : Pass<"decompose-composites", "::mlir::func::FuncOp"> {
  let summary = "composite ops that no kernel computes as such => primitive ops";
  let description = [{
    `glu act, gate, up` => `act(gate) * up`; `glu act, x` => the same over the halves of x; `moe` => `route`, two `expert_linear`s and the
    product of a token's weights with its experts' results. Leaves alone a glu over the result of a linear
    that nothing else uses: the linear's kernel computes it.
  }];
  let dependentDialects = ["::lathe::llm::LlmDialect"];
  let statistics = [Statistic<"decomposedCount", "decomposed", "composite ops replaced">];
}

def SelectKernels : Pass<"select-kernels", "::mlir::func::FuncOp"> {
  let summary = "llm ops => plan.group, each with its kernel";
  let description = [{
    From the last op to the first, the catalogue's kernels are asked, fused ones first, what they can compute that ends there. Weight
    expressions, constants, shapes and views (reshape, squeeze, unsqueeze) need no kernel.
  }];
  let dependentDialects = ["::lathe::plan::PlanDialect", "::lathe::llm::LlmDialect"];
  let options = [Option<"target", "target", "std::string", "\"cpu\"", "as lathe's --target">];
  let statistics = [Statistic<"groupCount", "groups", "launches">, Statistic<"fusedCount", "fused", "launches of several ops">];
}

def VerifySelected : Pass<"verify-selected", "::mlir::func::FuncOp"> {
  let summary = "fails for an op that no kernel computes";
  let description = [{
    Names every op outside the groups that is neither a weight expression, a constant, a shape nor a view, with its types. Changes nothing.
  }];
}

def ScheduleLaunches : Pass<"schedule-launches", "::mlir::ModuleOp"> {
  let summary = "functions of plan.groups => plan.programs of launches over buffers";
  let description = [{
    One launch for each group, in order; values become buffers (inputs, outputs, scratch, state), views share the buffer they show, caches
    are updated in place, weight expressions become `plan.weight` with the pieces to pack.
  }];
  let dependentDialects = ["::lathe::plan::PlanDialect"];
  let statistics = [Statistic<"launchCount", "launches", "launches">];
}

def VerifyScheduled : Pass<"verify-scheduled", "::mlir::ModuleOp"> {
  let summary = "fails where a launch reads what no launch before it wrote";
  let description = [{
    An error at a launch that reads a scratch or output buffer before any launch has written it, and at an output that no launch writes.
  }];
}

def PlaceBuffers : Pass<"place-buffers", "::mlir::ModuleOp"> {
  let summary = "scratch buffers => with slots";
  let description = [{
    Buffers whose live ranges (first to last launch) do not overlap share a slot of the scratch arena, closest size first. A slot is as large as its
    largest buffer, as an expression of the symbols. Buffers nobody touches are removed.
  }];
  let statistics = [Statistic<"bufferCount", "buffers", "scratch buffers">, Statistic<"slotCount", "slots", "slots they share">];
}

def VerifyPlaced : Pass<"verify-placed", "::mlir::ModuleOp"> {
  let summary = "fails where two buffers that live at once share a slot";
  let description = [{
    Works live ranges out anew: every scratch buffer has a slot whose sizes include its own, and no two that overlap have the same. Changes
    nothing.
  }];
}

#endif
