// Rotary embedding, attention, and the key-value cache.
#ifndef LATHE_IR_LLM_ATTENTION_OPS
#define LATHE_IR_LLM_ATTENTION_OPS

include "ir/llm/LlmBase.td"

def Llm_RopeOp : Llm_InferredOp<"rope", [AttrSizedOperandSegments]> {
  let summary = "rotary position embedding";
  let description = [{
    x (batch, tokens, heads, headDim), positions (batch, tokens) -> as x. The first `dims` elements of a head are rotated in
    pairs: i and i + dims/2, or with `interleaved` 2i and 2i + 1; pair i by the angle
    `positions * f[i]`, f[i] = base^(-2i / dims), or from the operand `frequencies` (dims/2); the rotated pair is multiplied by
    `factor`. With the tables `cosine` and `sine` (positions, dims/2) those are used instead and nothing is computed.
    Scaling rules (linear, llama3, yarn, longrope) are a table of frequencies and a factor.
    Source: Su et al. 2021, arXiv:2104.09864; ONNX RotaryEmbedding.
    Example: `%y = llm.rope %x, %p {base = 10000.0 : f32, dims = 16 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>}
              : (tensor<?x?x4x16xf32>, tensor<?x?xi64>) -> tensor<?x?x4x16xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$x, Llm_IntTensor:$positions, Optional<Llm_FloatTensor>:$frequencies,
                       Optional<Llm_FloatTensor>:$cosine, Optional<Llm_FloatTensor>:$sine,
                       DefaultValuedAttr<F32Attr, "10000.0f">:$base, I64Attr:$dims, UnitAttr:$interleaved,
                       DefaultValuedAttr<F32Attr, "1.0f">:$factor);
  let results = (outs Llm_FloatTensor:$result);
  let hasVerifier = 1;
}

def Llm_PositionsOp : Llm_Op<"positions", [Pure]> {
  let summary = "the position of each token in its sequence";
  let description = [{
    `result[b, t] = past + t`, for result (batch, tokens). `sizes` gives batch, tokens and past as expressions of the function's
    symbols, as `llm.dims` does. The normal form of what exporters write with Range, CumSum or a position_ids input; the ragged
    step replaces it by its own positions.
    Example: `%p = llm.positions affine_map<()[s0, s1, s2] -> (s0, s1, s2)> : tensor<?x?xi64>`
  }];
  let arguments = (ins AffineMapAttr:$sizes);
  let results = (outs Llm_IntTensor:$result);
  let assemblyFormat = "$sizes attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Llm_AttentionOp : Llm_InferredOp<"attention", [AttrSizedOperandSegments]> {
  let summary = "scaled dot-product attention over values";
  let description = [{
    query (batch, T, heads, D), key (batch, S, kvHeads, D), value (batch, S, kvHeads, Dv) -> (batch, T, heads, Dv); head h
    reads key head h / (heads / kvHeads). `score = scale * q.k`, soft cap `c * tanh(score / c)` if `softcap` is c > 0, plus
    `mask` (additive floats, or booleans: false hides), broadcast to (batch, heads, T, S), plus
    `slopes[h] * (key - query position)` (ALiBi), or where `slopes` is (heads, 2 D + 1) `slopes[h, D + clamp(key - query position,
    -D, D)]` (biases by distance, as T5's); softmax over the visible keys; times value. A query that sees no key gives 0.
    Query t of a sequence of length L (S, or `lengths[b]` where given: keys from there on are hidden) has the position
    L - T + t; `causal` hides keys after it, `window` w > 0 also those at or before position - w, `ahead` a >= 0 those after
    position + a. `sinks` (heads) adds an exp(sink) to the softmax's denominator.

    A pattern says how often a key counts: c times weighs exp(score) c times, never hides it. Query and key positions p and k:
    - `segments` [n..] with `dilations` [d..]: once for each n, d where p and k lie in one segment of n positions (0: one that
      holds all) and p mod d = k mod d = h mod d.
    - `block_size` b: once if p and k lie in blocks of b positions at most `block_window` apart, or either in the
      `first_blocks` first or `last_blocks` last ones of L; and once more for each triple (head, block of p, block of k) of
      `block_pairs`, where head -1 is every head and block -1 of p every one that is not first or last. Lengths L up to
      `dense_length` are dense: every key counts once.
    Source: Vaswani et al. 2017, arXiv:1706.03762; Ainslie et al. 2023, arXiv:2305.13245; ONNX Attention; patterns: Ding et al.
    2023, arXiv:2307.02486 (the branches' denominators weigh them, which is one softmax over their keys together); Zaheer et al.
    2020, arXiv:2007.14062.
    Example: `%y = llm.attention %q, %k, %v {scale = 0.25 : f32, causal, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
              : (tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>) -> tensor<?x?x4x16xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$query, Llm_FloatTensor:$key, Llm_FloatTensor:$value, Optional<Llm_Tensor>:$mask,
                       Optional<Llm_IntTensor>:$lengths, Optional<Llm_FloatTensor>:$slopes,
                       Optional<Llm_FloatTensor>:$sinks, F32Attr:$scale, UnitAttr:$causal,
                       DefaultValuedAttr<I64Attr, "0">:$window, DefaultValuedAttr<F32Attr, "0.0f">:$softcap,
                       DefaultValuedAttr<I64Attr, "-1">:$ahead,
                       OptionalAttr<DenseI64ArrayAttr>:$segments, OptionalAttr<DenseI64ArrayAttr>:$dilations,
                       DefaultValuedAttr<I64Attr, "0">:$block_size, DefaultValuedAttr<I64Attr, "0">:$block_window,
                       DefaultValuedAttr<I64Attr, "0">:$first_blocks, DefaultValuedAttr<I64Attr, "0">:$last_blocks,
                       OptionalAttr<DenseI64ArrayAttr>:$block_pairs,
                       DefaultValuedAttr<I64Attr, "0">:$dense_length);
  let results = (outs Llm_FloatTensor:$result);
  let hasVerifier = 1;
}

def Llm_CacheAppendOp : Llm_Op<"cache_append", [Pure, AllTypesMatch<["cache", "result"]>]> {
  let summary = "writes keys and values of a step into the cache";
  let description = [{
    key and value (1, tokens, kvHeads, headDim) of token i go to position `positions[i]` of the sequence `sequences[i]`: slot
    `position mod page` of the page `block_table[sequence, position / page]`. positions and sequences (tokens), block_table
    (sequences, blocks), all i32. Source: Kwon et al. 2023, arXiv:2309.06180.
    Example: `%c1 = llm.cache_append %c0, %k, %v, %p, %s, %b : (!llm.kv_cache<2 x 16 x f16, page 64>, tensor<1x?x2x16xf32>,
              tensor<1x?x2x16xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x?xi32>) -> !llm.kv_cache<2 x 16 x f16, page 64>`
  }];
  let arguments = (ins Llm_KvCacheType:$cache, Llm_FloatTensor:$key, Llm_FloatTensor:$value, Llm_IntTensor:$positions,
                       Llm_IntTensor:$sequences, Llm_IntTensor:$block_table);
  let results = (outs Llm_KvCacheType:$result);
  let hasVerifier = 1;
}

def Llm_CachedAttentionOp : Llm_InferredOp<"cached_attention", [AttrSizedOperandSegments]> {
  let summary = "causal attention over the cache";
  let description = [{
    As `llm.attention`, causal, where token i (query (1, tokens, heads, headDim)) sees the positions 0 .. positions[i] of its
    sequence in the cache. Attributes as there, patterns too as far as they do not count from a sequence's end.
    Example: `%y = llm.cached_attention %q, %c, %p, %s, %b {scale = 0.25 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>}
              : (tensor<1x?x4x16xf32>, !llm.kv_cache<2 x 16 x f16, page 64>, tensor<?xi32>, tensor<?xi32>, tensor<?x?xi32>)
              -> tensor<1x?x4x16xf32>`
  }];
  let arguments = (ins Llm_FloatTensor:$query, Llm_KvCacheType:$cache, Llm_IntTensor:$positions, Llm_IntTensor:$sequences,
                       Llm_IntTensor:$block_table, Optional<Llm_FloatTensor>:$slopes, Optional<Llm_FloatTensor>:$sinks,
                       F32Attr:$scale, DefaultValuedAttr<I64Attr, "0">:$window,
                       DefaultValuedAttr<F32Attr, "0.0f">:$softcap,
                       OptionalAttr<DenseI64ArrayAttr>:$segments, OptionalAttr<DenseI64ArrayAttr>:$dilations,
                       DefaultValuedAttr<I64Attr, "0">:$block_size, DefaultValuedAttr<I64Attr, "0">:$block_window,
                       DefaultValuedAttr<I64Attr, "0">:$first_blocks, OptionalAttr<DenseI64ArrayAttr>:$block_pairs);
  let results = (outs Llm_FloatTensor:$result);
  let hasVerifier = 1;
}

#endif
