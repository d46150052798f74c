// Messages of ir/llm/AttentionOps.cpp and Llm.cpp: the cache and the types.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

!cache = !llm.kv_cache<2 x 4 x f32, page 64>
func.func @append(%c: !cache, %k: tensor<1x?x2x8xf32>, %p: tensor<?xi32>, %b: tensor<?x?xi32>) {
  // expected-error@+1 {{'llm.cache_append' op writes 'tensor<1x?x2x8xf32>' into '!llm.kv_cache<2 x 4 x f32, page 64>'}}
  %0 = llm.cache_append %c, %k, %k, %p, %p, %b : (!cache, tensor<1x?x2x8xf32>, tensor<1x?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x?xi32>) -> !cache
  return
}

// -----

!cache = !llm.kv_cache<2 x 4 x f32, page 64>
func.func @append_table(%c: !cache, %k: tensor<1x?x2x4xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{'llm.cache_append' op block_table has rank 2, got 'tensor<?xi32>'}}
  %0 = llm.cache_append %c, %k, %k, %p, %p, %p : (!cache, tensor<1x?x2x4xf32>, tensor<1x?x2x4xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32>) -> !cache
  return
}

// -----

!cache = !llm.kv_cache<2 x 4 x f32, page 64>
func.func @query(%c: !cache, %q: tensor<1x?x2x8xf32>, %p: tensor<?xi32>, %b: tensor<?x?xi32>) {
  // expected-error@+1 {{'llm.cached_attention' op query 'tensor<1x?x2x8xf32>' does not fit '!llm.kv_cache<2 x 4 x f32, page 64>'}}
  %0 = llm.cached_attention %q, %c, %p, %p, %b {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>} : (tensor<1x?x2x8xf32>, !cache, tensor<?xi32>, tensor<?xi32>, tensor<?x?xi32>) -> tensor<1x?x2x8xf32>
  return
}

// -----

!cache = !llm.kv_cache<2 x 4 x f32, page 64>
func.func @heads(%c: !cache, %q: tensor<1x?x3x4xf32>, %p: tensor<?xi32>, %b: tensor<?x?xi32>) {
  // expected-error@+1 {{'llm.cached_attention' op has 3 heads, which is no multiple of 2 key heads}}
  %0 = llm.cached_attention %q, %c, %p, %p, %b {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>} : (tensor<1x?x3x4xf32>, !cache, tensor<?xi32>, tensor<?xi32>, tensor<?x?xi32>) -> tensor<1x?x3x4xf32>
  return
}

// -----

// expected-error@+1 {{unknown block scheme 'q3_x'; known: q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k, int4}}
func.func private @scheme(tensor<2x32x!llm.block<q3_x>>)

// -----

// expected-error@+1 {{a kv cache needs at least one head of at least one element, got 0 x 4}}
func.func private @no_heads(!llm.kv_cache<0 x 4 x f32, page 64>)

// -----

// expected-error@+1 {{a kv cache holds floats, got 'i32'}}
func.func private @integers(!llm.kv_cache<2 x 4 x i32, page 64>)

// -----

// expected-error@+1 {{a page holds a multiple of 16 tokens, got 24}}
func.func private @page(!llm.kv_cache<2 x 4 x f32, page 24>)

// -----

// expected-error@+1 {{the window is not negative, got -2}}
func.func private @window(!llm.kv_cache<2 x 4 x f32, page 64, window -2>)
