// What the ops that move elements by computed places refuse.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

func.func @gather_elements_axis(%x: tensor<2x3xf32>, %i: tensor<2x3xi64>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{axis 2 is not in [0, 2)}}
  %y = llm.gather_elements %x, %i {axis = 2 : i64} : (tensor<2x3xf32>, tensor<2x3xi64>) -> tensor<2x3xf32>
  return
}

// -----

func.func @gather_elements_rank(%x: tensor<2x3xf32>, %i: tensor<2xi64>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{indices have the rank of x}}
  %y = llm.gather_elements %x, %i {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_elements_size(%x: tensor<2x3xf32>, %i: tensor<2x4xi64>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{are larger than x, 'tensor<2x3xf32>', along axis 1}}
  %y = llm.gather_elements %x, %i {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x4xi64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @scatter_elements_updates(%x: tensor<2x3xf32>, %i: tensor<2x3xi64>, %u: tensor<2x2xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{updates have the shape of the indices and the type of x}}
  %y = llm.scatter_elements %x, %i, %u {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x3xi64>, tensor<2x2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @scatter_elements_reduction(%x: tensor<2x3xf32>, %i: tensor<2x3xi64>, %u: tensor<2x3xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{reduction 'sub' is none of none, add, mul, max, min}}
  %y = llm.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "sub"} : (tensor<2x3xf32>, tensor<2x3xi64>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @scatter_elements_narrow(%x: tensor<2x!llm.narrow<i4>>, %i: tensor<2xi64>, %u: tensor<2x!llm.narrow<i4>>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{reduction 'add' needs numbers}}
  %y = llm.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = "add"} : (tensor<2x!llm.narrow<i4>>, tensor<2xi64>, tensor<2x!llm.narrow<i4>>) -> tensor<2x!llm.narrow<i4>>
  return
}

// -----

func.func @scatter_nd_unknown(%x: tensor<2x3xf32>, %i: tensor<4x?xi64>, %u: tensor<4x3xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{needs index tuples of known length}}
  %y = llm.scatter_nd %x, %i, %u : (tensor<2x3xf32>, tensor<4x?xi64>, tensor<4x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @scatter_nd_long(%x: tensor<2x3xf32>, %i: tensor<4x3xi64>, %u: tensor<4xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{has index tuples of 3 for a tensor of rank 2}}
  %y = llm.scatter_nd %x, %i, %u : (tensor<2x3xf32>, tensor<4x3xi64>, tensor<4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @scatter_nd_updates(%x: tensor<2x3xf32>, %i: tensor<4x1xi64>, %u: tensor<4x2xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{are 'tensor<4x3xf32>', got 'tensor<4x2xf32>'}}
  %y = llm.scatter_nd %x, %i, %u : (tensor<2x3xf32>, tensor<4x1xi64>, tensor<4x2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @tensor_scatter_batch(%x: tensor<2x3xf32>, %u: tensor<1x3xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{axis 0 is the batch}}
  %y = llm.tensor_scatter %x, %u {axis = 0 : i64} : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @tensor_scatter_update(%x: tensor<2x3xf32>, %u: tensor<2x4xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{is at most as large along axis 1 and else alike, got 'tensor<2x4xf32>'}}
  %y = llm.tensor_scatter %x, %u {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @tensor_scatter_starts(%x: tensor<2x3xf32>, %u: tensor<2x1xf32>, %s: tensor<3xi64>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{starts are one for each of 2 rows of the batch}}
  %y = llm.tensor_scatter %x, %u, %s {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x1xf32>, tensor<3xi64>) -> tensor<2x3xf32>
  return
}

// -----

func.func @pad_mode(%x: tensor<3xf32>, %p: tensor<2xi64>) {
  // expected-error@+1 {{mode 'mirror' is none of constant, edge, reflect, wrap}}
  %y = llm.pad %x, %p {mode = "mirror"} : (tensor<3xf32>, tensor<2xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @pad_count(%x: tensor<3xf32>, %p: tensor<3xi64>) {
  // expected-error@+1 {{needs two pads for each of 1 axes, got 'tensor<3xi64>'}}
  %y = llm.pad %x, %p {mode = "edge"} : (tensor<3xf32>, tensor<3xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @pad_value(%x: tensor<3xf32>, %p: tensor<2xi64>) {
  // expected-error@+1 {{takes a value if and only if its mode is constant}}
  %y = llm.pad %x, %p : (tensor<3xf32>, tensor<2xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @top_k_count(%x: tensor<3xf32>, %k: tensor<2xi64>) {
  // expected-error@+1 {{k is one element, got 'tensor<2xi64>'}}
  %v, %i = llm.top_k %x, %k {axis = 0 : i64} : (tensor<3xf32>, tensor<2xi64>) -> (tensor<?xf32>, tensor<?xi64>)
  return
}

// -----

func.func @top_k_more(%x: tensor<3xf32>, %k: tensor<1xi64>) {
  // expected-error@+1 {{which does not fit 'tensor<3xf32>'}}
  %v, %i = llm.top_k %x, %k {axis = 0 : i64} : (tensor<3xf32>, tensor<1xi64>) -> (tensor<4xf32>, tensor<4xi64>)
  return
}

// -----

func.func @det_square(%x: tensor<2x3xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{needs square matrices, got 'tensor<2x3xf32>'}}
  %y = llm.det %x : (tensor<2x3xf32>) -> tensor<f32>
  return
}
