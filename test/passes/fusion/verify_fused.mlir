// RUN: lathe-opt %s --verify-fused --split-input-file --verify-diagnostics

func.func @unfused(%q: tensor<1x4x3x8xf32>, %k: tensor<1x4x8x5xf32>, %v: tensor<1x4x5x8xf32>) -> tensor<1x4x3x8xf32> {
  %s = llm.matmul %q, %k : (tensor<1x4x3x8xf32>, tensor<1x4x8x5xf32>) -> tensor<1x4x3x5xf32>
  // expected-remark @+1 {{attention was not fused}}
  %p = llm.softmax %s {axis = 3 : i64} : (tensor<1x4x3x5xf32>) -> tensor<1x4x3x5xf32>
  %y = llm.matmul %p, %v : (tensor<1x4x3x5xf32>, tensor<1x4x5x8xf32>) -> tensor<1x4x3x8xf32>
  return %y : tensor<1x4x3x8xf32>
}

// -----

// A softmax of a router is no attention.
func.func @router(%x: tensor<3x8xf32>, %w: tensor<8x4xf32>) -> tensor<3x4xf32> {
  %s = llm.matmul %x, %w : (tensor<3x8xf32>, tensor<8x4xf32>) -> tensor<3x4xf32>
  %p = llm.softmax %s {axis = 1 : i64} : (tensor<3x4xf32>) -> tensor<3x4xf32>
  return %p : tensor<3x4xf32>
}

// -----

func.func @window(%q: tensor<1x3x4x8xf32>, %kv: tensor<1x3x2x8xf32>) -> tensor<1x3x4x8xf32> {
  // expected-error @+1 {{has a window of 2 but is not causal, nor looks ahead only so far}}
  %y = llm.attention %q, %kv, %kv {scale = 1.0 : f32, window = 2 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x3x4x8xf32>, tensor<1x3x2x8xf32>, tensor<1x3x2x8xf32>) -> tensor<1x3x4x8xf32>
  return %y : tensor<1x3x4x8xf32>
}

// -----

func.func @mask(%q: tensor<1x3x4x8xf32>, %kv: tensor<1x5x2x8xf32>, %m: tensor<3x4xi1>) -> tensor<1x3x4x8xf32> {
  // expected-error @+1 {{has a mask with 4 along axis 1, where the scores have 5}}
  %y = llm.attention %q, %kv, %kv, %m {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>} : (tensor<1x3x4x8xf32>, tensor<1x5x2x8xf32>, tensor<1x5x2x8xf32>, tensor<3x4xi1>) -> tensor<1x3x4x8xf32>
  return %y : tensor<1x3x4x8xf32>
}

// -----

func.func @lengths(%q: tensor<2x3x4x8xf32>, %kv: tensor<2x3x2x8xf32>, %l: tensor<3xi32>) -> tensor<2x3x4x8xf32> {
  // expected-error @+1 {{needs a length for each sequence, got 3 for 2}}
  %y = llm.attention %q, %kv, %kv, %l {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0, 0>} : (tensor<2x3x4x8xf32>, tensor<2x3x2x8xf32>, tensor<2x3x2x8xf32>, tensor<3xi32>) -> tensor<2x3x4x8xf32>
  return %y : tensor<2x3x4x8xf32>
}

// -----

func.func @batch(%q: tensor<2x3x4x8xf32>, %kv: tensor<1x3x2x8xf32>) -> tensor<2x3x4x8xf32> {
  // expected-error @+1 {{has queries and keys of different batch sizes: 2 and 1}}
  %y = llm.attention %q, %kv, %kv {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<2x3x4x8xf32>, tensor<1x3x2x8xf32>, tensor<1x3x2x8xf32>) -> tensor<2x3x4x8xf32>
  return %y : tensor<2x3x4x8xf32>
}

// -----

func.func @scale(%q: tensor<1x3x4x8xf32>, %kv: tensor<1x3x2x8xf32>) -> tensor<1x3x4x8xf32> {
  // expected-error @+1 {{has a scale that is no number}}
  %y = llm.attention %q, %kv, %kv {scale = 0x7FC00000 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>} : (tensor<1x3x4x8xf32>, tensor<1x3x2x8xf32>, tensor<1x3x2x8xf32>) -> tensor<1x3x4x8xf32>
  return %y : tensor<1x3x4x8xf32>
}

// -----

func.func @positions(%x: tensor<?x?x4x8xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, s1, 4, 8)>},
                     %p: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, s2)>}) -> tensor<?x?x4x8xf32>
    attributes {llm.symbols = ["batch", "tokens", "past"]} {
  // expected-error @+1 {{by positions of another length: s1 and s2}}
  %y = llm.rope %x, %p {dims = 8 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>} : (tensor<?x?x4x8xf32>, tensor<?x?xi64>) -> tensor<?x?x4x8xf32>
  return %y : tensor<?x?x4x8xf32>
}

// -----

func.func @epsilon(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{has an epsilon of -1.000000e+00, which is below 0 or no number}}
  %y = llm.rms_norm %x {epsilon = -1.0 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
