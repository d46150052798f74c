// Messages of ir/llm/AttentionOps.cpp: patterns.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

func.func @ahead(%q: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op ahead is a number of positions, or -1 for all, got -2}}
  %0 = llm.attention %q, %q, %q {scale = 1.0 : f32, ahead = -2 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @last(%q: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op last_blocks and dense_length are not negative and need a block_size, got 1 and 0}}
  %0 = llm.attention %q, %q, %q {scale = 1.0 : f32, last_blocks = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @dilations(%q: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op needs a dilation for each segment, got 2 segments and 1 dilations}}
  %0 = llm.attention %q, %q, %q {scale = 1.0 : f32, segments = array<i64: 4, 8>, dilations = array<i64: 1>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @no_dilations(%q: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op needs a dilation for each segment, got 1 segments and 0 dilations}}
  %0 = llm.attention %q, %q, %q {scale = 1.0 : f32, segments = array<i64: 4>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @step(%q: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op segments are lengths of 0 or more and dilations steps of 1 or more}}
  %0 = llm.attention %q, %q, %q {scale = 1.0 : f32, segments = array<i64: 4>, dilations = array<i64: 0>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @negative(%q: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op block_size, block_window and first_blocks are not negative, got 4, -1 and 0}}
  %0 = llm.attention %q, %q, %q {scale = 1.0 : f32, block_size = 4 : i64, block_window = -1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @no_blocks(%q: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op block_window, first_blocks and block_pairs need a block_size}}
  %0 = llm.attention %q, %q, %q {scale = 1.0 : f32, first_blocks = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @both(%q: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op takes segments or blocks, not both}}
  %0 = llm.attention %q, %q, %q {scale = 1.0 : f32, block_size = 4 : i64, segments = array<i64: 4>, dilations = array<i64: 1>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @triples(%q: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op block_pairs are triples of a head, a query's and a key's block, got 2 numbers}}
  %0 = llm.attention %q, %q, %q {scale = 1.0 : f32, block_size = 4 : i64, block_pairs = array<i64: 0, 1>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @pair(%q: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op block_pairs has no block -1}}
  %0 = llm.attention %q, %q, %q {scale = 1.0 : f32, block_size = 4 : i64, block_pairs = array<i64: 0, 1, -1>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @pair_head(%q: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op block_pairs has no head -2}}
  %0 = llm.attention %q, %q, %q {scale = 1.0 : f32, block_size = 4 : i64, block_pairs = array<i64: -2, 1, 1>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}
