// Every message of ir/llm/MathOps.cpp.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

func.func @broadcast(%x: tensor<4xf32>, %y: tensor<3xf32>) {
  // expected-error@+2 {{sizes 4 and 3 do not broadcast}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.add %x, %y : (tensor<4xf32>, tensor<3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @softmax_axis(%x: tensor<4xf32>) {
  // expected-error@+2 {{axis 1 is not in [0, 1)}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.softmax %x {axis = 1 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @select_types(%c: tensor<i1>, %x: tensor<4xf32>, %y: tensor<4xf16>) {
  // expected-error@+2 {{chooses between tensors of one element type, got 'tensor<4xf32>' and 'tensor<4xf16>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.select %c, %x, %y : (tensor<i1>, tensor<4xf32>, tensor<4xf16>) -> tensor<4xf32>
  return
}

// -----

func.func @reduce_axis(%x: tensor<4xf32>) {
  // expected-error@+2 {{axis 1 is not in [0, 1)}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.reduce sum, %x {axes = array<i64: 1>} : (tensor<4xf32>) -> tensor<f32>
  return
}

// -----

func.func @matmul_scalar(%x: tensor<4xf32>, %y: tensor<f32>) {
  // expected-error@+2 {{multiplies vectors and matrices, got 'tensor<4xf32>' and 'tensor<f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.matmul %x, %y : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @matmul_types(%x: tensor<4xf32>, %y: tensor<4xf16>) {
  // expected-error@+2 {{multiplies tensors of one element type, got 'tensor<4xf32>' and 'tensor<4xf16>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.matmul %x, %y : (tensor<4xf32>, tensor<4xf16>) -> tensor<f32>
  return
}

// -----

func.func @matmul_inner(%x: tensor<2x4xf32>, %y: tensor<3x2xf32>) {
  // expected-error@+2 {{inner sizes 4 and 3 differ: 'tensor<2x4xf32>' times 'tensor<3x2xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.matmul %x, %y : (tensor<2x4xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @matmul_batches(%x: tensor<2x1x4xf32>, %y: tensor<3x4x1xf32>) {
  // expected-error@+2 {{sizes 2 and 3 do not broadcast}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.matmul %x, %y : (tensor<2x1x4xf32>, tensor<3x4x1xf32>) -> tensor<2x1x1xf32>
  return
}

// -----

func.func @linear_weight(%x: tensor<2x4xf32>, %w: tensor<4xf32>) {
  // expected-error@+2 {{maps (.., K) by (N, K), got 'tensor<2x4xf32>' and 'tensor<4xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.linear %x, %w : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @linear_columns(%x: tensor<2x4xf32>, %w: tensor<3x5xf32>) {
  // expected-error@+2 {{x has 4 columns, the weight 5}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.linear %x, %w : (tensor<2x4xf32>, tensor<3x5xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @linear_bias(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>, %b: tensor<4xf32>) {
  // expected-error@+2 {{needs a bias of 3 elements, got 'tensor<4xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.linear %x, %w, %b : (tensor<2x4xf32>, tensor<3x4xf32>, tensor<4xf32>) -> tensor<2x3xf32>
  return
}
