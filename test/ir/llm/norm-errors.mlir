// Messages of ir/llm/MathOps.cpp: tables, norms, gated units.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

func.func @embedding_table(%w: tensor<4xf32>, %i: tensor<2xi64>) {
  // expected-error@+2 {{the table is a matrix, got 'tensor<4xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.embedding %w, %i : (tensor<4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @norm_scalar(%x: tensor<f32>) {
  // expected-error@+2 {{normalises the last axis, got 'tensor<f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.rms_norm %x {epsilon = 1.0e-5 : f32} : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @norm_weight(%x: tensor<2x4xf32>, %w: tensor<3xf32>) {
  // expected-error@+2 {{x has 4 columns, the weight or bias is 'tensor<3xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.layer_norm %x, %w {epsilon = 1.0e-5 : f32} : (tensor<2x4xf32>, tensor<3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @glu_shapes(%x: tensor<2x4xf32>, %y: tensor<2x3xf32>) {
  // expected-error@+2 {{gate and up have one shape, got 'tensor<2x4xf32>' and 'tensor<2x3xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.glu silu, %x, %y : (tensor<2x4xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @glu_odd(%x: tensor<2x3xf32>) {
  // expected-error@+2 {{halves the last axis, got 'tensor<2x3xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.glu silu, %x : (tensor<2x3xf32>) -> tensor<2x1xf32>
  return
}
