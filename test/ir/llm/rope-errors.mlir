// Messages of ir/llm/AttentionOps.cpp: rope and positions.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

func.func @rank(%x: tensor<1x2x8xf32>, %p: tensor<1x2xi64>) {
  // expected-error@+1 {{'llm.rope' op x has rank 4, got 'tensor<1x2x8xf32>'}}
  %0 = llm.rope %x, %p {dims = 8 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>} : (tensor<1x2x8xf32>, tensor<1x2xi64>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @dims(%x: tensor<1x2x3x8xf32>, %p: tensor<1x2xi64>) {
  // expected-error@+1 {{'llm.rope' op rotates an even number of at most 8 elements, got dims = 10}}
  %0 = llm.rope %x, %p {dims = 10 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>} : (tensor<1x2x3x8xf32>, tensor<1x2xi64>) -> tensor<1x2x3x8xf32>
  return
}

// -----

func.func @only_cosine(%x: tensor<1x2x3x8xf32>, %p: tensor<1x2xi64>, %c: tensor<9x4xf32>) {
  // expected-error@+1 {{'llm.rope' op takes both cosine and sine, or neither}}
  %0 = llm.rope %x, %p, %c {dims = 8 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 1, 0>} : (tensor<1x2x3x8xf32>, tensor<1x2xi64>, tensor<9x4xf32>) -> tensor<1x2x3x8xf32>
  return
}

// -----

func.func @both(%x: tensor<1x2x3x8xf32>, %p: tensor<1x2xi64>, %f: tensor<4xf32>, %c: tensor<9x4xf32>) {
  // expected-error@+1 {{'llm.rope' op takes frequencies or tables of cosine and sine, not both}}
  %0 = llm.rope %x, %p, %f, %c, %c {dims = 8 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1>} : (tensor<1x2x3x8xf32>, tensor<1x2xi64>, tensor<4xf32>, tensor<9x4xf32>, tensor<9x4xf32>) -> tensor<1x2x3x8xf32>
  return
}

// -----

func.func @frequencies(%x: tensor<1x2x3x8xf32>, %p: tensor<1x2xi64>, %f: tensor<3xf32>) {
  // expected-error@+1 {{'llm.rope' op needs 4 frequencies, got 'tensor<3xf32>'}}
  %0 = llm.rope %x, %p, %f {dims = 8 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>} : (tensor<1x2x3x8xf32>, tensor<1x2xi64>, tensor<3xf32>) -> tensor<1x2x3x8xf32>
  return
}

// -----

func.func @tables(%x: tensor<1x2x3x8xf32>, %p: tensor<1x2xi64>, %c: tensor<9x8xf32>) {
  // expected-error@+1 {{'llm.rope' op needs tables of 4 columns, got 'tensor<9x8xf32>' and 'tensor<9x8xf32>'}}
  %0 = llm.rope %x, %p, %c, %c {dims = 8 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 1, 1>} : (tensor<1x2x3x8xf32>, tensor<1x2xi64>, tensor<9x8xf32>, tensor<9x8xf32>) -> tensor<1x2x3x8xf32>
  return
}

// -----

func.func @positions_sizes() {
  // expected-error@+1 {{'llm.positions' op sizes are batch, tokens and past as expressions of symbols}}
  %0 = llm.positions affine_map<()[s0, s1] -> (s0, s1)> : tensor<?x?xi64>
  return
}

// -----

func.func @positions_rank() {
  // expected-error@+1 {{'llm.positions' op the result has rank 2, got 'tensor<?xi64>'}}
  %0 = llm.positions affine_map<()[s0, s1] -> (s0, s1, 0)> : tensor<?xi64>
  return
}
