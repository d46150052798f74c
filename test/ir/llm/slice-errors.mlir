// Messages of ir/llm/TensorOps.cpp: ops that choose and join.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

func.func @slice_type(%x: tensor<4xf32>, %b: tensor<1xi64>) {
  // expected-error@+1 {{'llm.slice' op keeps element type and rank, got 'tensor<4xf32>' and 'tensor<1x2xf32>'}}
  %0 = llm.slice %x, %b, %b {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2xf32>
  return
}

// -----

func.func @slice_steps(%x: tensor<4xf32>, %b: tensor<1xi64>) {
  // expected-error@+1 {{'llm.slice' op has 1 axes but 2 steps}}
  %0 = llm.slice %x, %b, %b {axes = array<i64: 0>, steps = array<i64: 1, 1>} : (tensor<4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @slice_axis(%x: tensor<4xf32>, %b: tensor<1xi64>) {
  // expected-error@+1 {{axis -1 is not in [0, 1)}}
  %0 = llm.slice %x, %b, %b {axes = array<i64: -1>, steps = array<i64: 1>} : (tensor<4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @slice_bounds(%x: tensor<4xf32>, %b: tensor<2xi64>) {
  // expected-error@+1 {{'llm.slice' op has 1 axes but bounds 'tensor<2xi64>'}}
  %0 = llm.slice %x, %b, %b {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<4xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @slice_step(%x: tensor<4xf32>, %b: tensor<1xi64>) {
  // expected-error@+1 {{'llm.slice' op steps are not 0}}
  %0 = llm.slice %x, %b, %b {axes = array<i64: 0>, steps = array<i64: 0>} : (tensor<4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @concat_nothing() {
  // expected-error@+2 {{needs at least one input}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = "llm.concat"() {axis = 0 : i64} : () -> tensor<2xf32>
  return
}

// -----

func.func @concat_axis(%x: tensor<4xf32>) {
  // expected-error@+2 {{axis 1 is not in [0, 1)}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.concat %x, %x {axis = 1 : i64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @concat_types(%x: tensor<4xf32>, %y: tensor<4xf16>) {
  // expected-error@+2 {{joins tensors of one rank and element type, got 'tensor<4xf32>' and 'tensor<4xf16>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.concat %x, %y {axis = 0 : i64} : (tensor<4xf32>, tensor<4xf16>) -> tensor<8xf32>
  return
}

// -----

func.func @concat_sizes(%x: tensor<4x2xf32>, %y: tensor<4x3xf32>) {
  // expected-error@+2 {{sizes 2 and 3 differ on axis 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.concat %x, %y {axis = 0 : i64} : (tensor<4x2xf32>, tensor<4x3xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @gather_axis(%x: tensor<4xf32>, %i: tensor<2xi64>) {
  // expected-error@+2 {{axis 1 is not in [0, 1)}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.gather %x, %i {axis = 1 : i64} : (tensor<4xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @trilu_rank(%x: tensor<4xf32>) {
  // expected-error@+2 {{needs a matrix, got 'tensor<4xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.trilu %x {upper} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @cumsum_axis(%x: tensor<4xf32>) {
  // expected-error@+2 {{axis 1 is not in [0, 1)}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = llm.cumsum %x {axis = 1 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return
}
