// Every message of ir/llm/TensorOps.cpp.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

func.func @dims_of_dimensions() {
  // expected-error@+1 {{'llm.dims' op expressions are of symbols only, got 1 dimensions}}
  %0 = llm.dims affine_map<(d0) -> (d0)> : tensor<1xi64>
  return
}

// -----

func.func @dims_count() {
  // expected-error@+1 {{'llm.dims' op has 2 expressions but the result 'tensor<3xi64>'}}
  %0 = llm.dims affine_map<()[s0] -> (s0, 4)> : tensor<3xi64>
  return
}

// -----

func.func @reshape_element_type(%x: tensor<4xf32>, %s: tensor<1xi64>) {
  // expected-error@+1 {{'llm.reshape' op keeps the element type, got 'tensor<4xf32>' and 'tensor<4xf16>'}}
  %0 = llm.reshape %x, %s : (tensor<4xf32>, tensor<1xi64>) -> tensor<4xf16>
  return
}

// -----

func.func @reshape_rank(%x: tensor<4xf32>, %s: tensor<1xi64>) {
  // expected-error@+1 {{'llm.reshape' op shape 'tensor<1xi64>' does not have one entry for each of 2 axes}}
  %0 = llm.reshape %x, %s : (tensor<4xf32>, tensor<1xi64>) -> tensor<2x2xf32>
  return
}

// -----

func.func @reshape_elements(%x: tensor<4xf32>, %s: tensor<2xi64>) {
  // expected-error@+1 {{'llm.reshape' op has 4 elements in and 6 out}}
  %0 = llm.reshape %x, %s : (tensor<4xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  return
}

// -----

func.func @unsqueeze_axis(%x: tensor<4xf32>) {
  // expected-error@+2 {{axis 3 is not in [0, 2)}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.unsqueeze %x {axes = array<i64: 3>} : (tensor<4xf32>) -> tensor<4x1xf32>
  return
}

// -----

func.func @unsqueeze_order(%x: tensor<4xf32>) {
  // expected-error@+2 {{axes must ascend, got 0 after 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.unsqueeze %x {axes = array<i64: 2, 0>} : (tensor<4xf32>) -> tensor<1x4x1xf32>
  return
}

// -----

func.func @squeeze_size(%x: tensor<4x2xf32>) {
  // expected-error@+2 {{axis 1 of 'tensor<4x2xf32>' is not of size 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.squeeze %x {axes = array<i64: 1>} : (tensor<4x2xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @transpose_entries(%x: tensor<4x2xf32>) {
  // expected-error@+2 {{permutation has 1 entries for rank 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.transpose %x {permutation = array<i64: 0>} : (tensor<4x2xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @transpose_twice(%x: tensor<4x2xf32>) {
  // expected-error@+2 {{permutation is not one: axis 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.transpose %x {permutation = array<i64: 1, 1>} : (tensor<4x2xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @written_type_differs(%x: tensor<4x2xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{inferred type(s) 'tensor<2x4xf32>' are incompatible with return type(s) of operation 'tensor<4x2xf32>'}}
  %0 = llm.transpose %x {permutation = array<i64: 1, 0>} : (tensor<4x2xf32>) -> tensor<4x2xf32>
  return
}
