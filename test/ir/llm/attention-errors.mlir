// Messages of ir/llm/AttentionOps.cpp: attention.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

func.func @rank(%q: tensor<2x4x8xf32>, %k: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op query has rank 4, got 'tensor<2x4x8xf32>'}}
  %0 = llm.attention %q, %k, %k {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<2x4x8xf32>
  return
}

// -----

func.func @key_rank(%q: tensor<1x2x4x8xf32>, %k: tensor<2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op key has rank 4, got 'tensor<2x4x8xf32>'}}
  %0 = llm.attention %q, %k, %q {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @head_size(%q: tensor<1x2x4x8xf32>, %k: tensor<1x2x4x6xf32>) {
  // expected-error@+1 {{'llm.attention' op query and key have one head size, got 8 and 6}}
  %0 = llm.attention %q, %k, %q {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x6xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @lengths_differ(%q: tensor<1x2x4x8xf32>, %k: tensor<1x3x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op key and value have the same heads and length, got 'tensor<1x3x4x8xf32>' and 'tensor<1x2x4x8xf32>'}}
  %0 = llm.attention %q, %k, %q {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x3x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @heads(%q: tensor<1x2x4x8xf32>, %k: tensor<1x2x3x8xf32>) {
  // expected-error@+1 {{'llm.attention' op has 4 heads, which is no multiple of 3 key heads}}
  %0 = llm.attention %q, %k, %k {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @mask(%q: tensor<1x2x4x8xf32>, %m: tensor<1x1x1x2x2xf32>) {
  // expected-error@+1 {{'llm.attention' op mask broadcasts to (batch, heads, T, S), got 'tensor<1x1x1x2x2xf32>'}}
  %0 = llm.attention %q, %q, %q, %m {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x1x1x2x2xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @window(%q: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{'llm.attention' op window is not negative, got}}
  %0 = llm.attention %q, %q, %q {scale = 1.0 : f32, window = -1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}
