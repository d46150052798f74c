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

def FoldConstants : Pass<"fold-constants", "::mlir::func::FuncOp"> {
  let summary = "ops over small constants => llm.constant";
  let description = [{
    Pointwise ops, casts, ranges, and ops that move elements, over constants alone => their value, computed by the reference evaluator.

    ```
    llm.div (llm.constant 1.0), (llm.pow 10000.0, dense<[0, 0.5]>)  =>  llm.constant dense<[1.0, 0.01]>
    ```
    Leaves alone: results above `max-elements` elements, expressions over weights (they are evaluated when weights are packed).
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
    cast of cast, transpose of transpose, reshape of reshape/unsqueeze/squeeze/expand  =>  one
    slice of slice, slice of concat, gather by a constant scalar  =>  slice
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

// ---- fusion: projections ------------------------------------------------------------------------------------------

def MergeLinears : Pass<"merge-linears", "::mlir::func::FuncOp"> {
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
    `linear(x, w)` => `linear(x, w) {int8_activations}` where w is of a block type and `compute` is not f32. Linears with plain float weights
    keep float activations.
  }];
  let options = [Option<"compute", "compute", "std::string", "\"auto\"", "auto, f32 or int8">];
  let statistics = [Statistic<"quantizedCount", "quantized", "linears with int8 activations">,
                    Statistic<"keptCount", "kept", "linears with float activations">];
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

def DropForward : Pass<"drop-forward", "::mlir::ModuleOp"> {
  let summary = "removes @forward where @step stands in for it";
  let description = [{
    A module with `@step` loses `@forward`, so that nothing is compiled for it. Leaves a module without `@step` alone.
  }];
}

// ---- plan ---------------------------------------------------------------------------------------------------------

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
}

#endif
