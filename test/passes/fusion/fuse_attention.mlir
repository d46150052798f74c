// RUN: lathe-opt %s --fuse-attention --split-input-file | FileCheck %s

// The key's scale, a guard against NaN, each key head for two query heads by expand and reshape, past and present by concat.
// CHECK-LABEL: @grouped_with_cache
// CHECK-DAG: %[[P:.*]] = llm.transpose %arg1 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-DAG: %[[N:.*]] = llm.transpose %arg2 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-DAG: %[[Q:.*]] = llm.transpose %arg0 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK: %[[K:.*]] = llm.concat %[[P]], %[[N]] {axis = 1 : i64}
// CHECK: %[[PRESENT:.*]] = llm.transpose %[[K]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK: %[[A:.*]] = llm.attention %[[Q]], %[[K]], %[[K]] {
// CHECK-SAME: scale = 5.000000e-01 : f32
// CHECK-SAME: (tensor<?x?x4x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>) -> tensor<?x?x4x8xf32>
// CHECK: %[[Y:.*]] = llm.transpose %[[A]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK: return %[[Y]], %[[PRESENT]]
func.func @grouped_with_cache(%q: tensor<?x4x?x8xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, 4, s1, 8)>},
                              %past: tensor<?x2x?x8xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, 2, s2, 8)>},
                              %new: tensor<?x2x?x8xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, 2, s1, 8)>})
    -> (tensor<?x4x?x8xf32>, tensor<?x2x?x8xf32>) attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %half = llm.constant dense<0.5> : tensor<f32>
  %zero = llm.constant dense<0.0> : tensor<f32>
  %five = llm.dims affine_map<()[s0, s1, s2] -> (s0, 2, 2, s1 + s2, 8)> : tensor<5xi64>
  %four = llm.dims affine_map<()[s0, s1, s2] -> (s0, 4, s1 + s2, 8)> : tensor<4xi64>
  %kv = llm.concat %past, %new {axis = 2 : i64} : (tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>) -> tensor<?x2x?x8xf32>
  %u = llm.unsqueeze %kv {axes = array<i64: 2>} : (tensor<?x2x?x8xf32>) -> tensor<?x2x1x?x8xf32>
  %e = llm.expand %u, %five : (tensor<?x2x1x?x8xf32>, tensor<5xi64>) -> tensor<?x2x2x?x8xf32>
  %r = llm.reshape %e, %four : (tensor<?x2x2x?x8xf32>, tensor<4xi64>) -> tensor<?x4x?x8xf32>
  %t = llm.transpose %r {permutation = array<i64: 0, 1, 3, 2>} : (tensor<?x4x?x8xf32>) -> tensor<?x4x8x?xf32>
  %k = llm.mul %t, %half : (tensor<?x4x8x?xf32>, tensor<f32>) -> tensor<?x4x8x?xf32>
  %s = llm.matmul %q, %k : (tensor<?x4x?x8xf32>, tensor<?x4x8x?xf32>) -> tensor<?x4x?x?xf32>
  %p = llm.softmax %s {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %n = llm.is_nan %p : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xi1>
  %g = llm.select %n, %zero, %p : (tensor<?x4x?x?xi1>, tensor<f32>, tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %y = llm.matmul %g, %r : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %y, %kv : tensor<?x4x?x8xf32>, tensor<?x2x?x8xf32>
}

// -----

// Heads repeated by a gather; the soft cap 6 * tanh(0.5 * q.k / 6); a mask that nothing is known of; f32 inside f16.
// CHECK-LABEL: @capped
// CHECK-NOT: llm.gather
// CHECK: llm.attention %{{.*}}, %{{.*}}, %{{.*}}, %arg2 {
// CHECK-SAME: scale = 5.000000e-01 : f32, softcap = 6.000000e+00 : f32
// CHECK-SAME: (tensor<1x3x4x8xf16>, tensor<1x5x2x8xf16>, tensor<1x5x2x8xf16>, tensor<3x5xf32>) -> tensor<1x3x4x8xf16>
func.func @capped(%q: tensor<1x4x3x8xf16> {llm.dims = affine_map<()[s0, s1] -> (1, 4, 3, 8)>},
                  %kv: tensor<1x2x5x8xf16> {llm.dims = affine_map<()[s0, s1] -> (1, 2, 5, 8)>},
                  %mask: tensor<3x5xf32> {llm.dims = affine_map<()[s0, s1] -> (3, 5)>}) -> tensor<1x4x3x8xf16>
    attributes {llm.symbols = ["batch", "tokens"]} {
  %heads = llm.constant dense<[0, 0, 1, 1]> : tensor<4xi64>
  %cap = llm.constant dense<6.0> : tensor<f32>
  %part = llm.constant dense<0.0833333358> : tensor<f32>
  %r = llm.gather %kv, %heads {axis = 1 : i64} : (tensor<1x2x5x8xf16>, tensor<4xi64>) -> tensor<1x4x5x8xf16>
  %t = llm.transpose %r {permutation = array<i64: 0, 1, 3, 2>} : (tensor<1x4x5x8xf16>) -> tensor<1x4x8x5xf16>
  %s = llm.matmul %q, %t : (tensor<1x4x3x8xf16>, tensor<1x4x8x5xf16>) -> tensor<1x4x3x5xf16>
  %w = llm.cast %s : (tensor<1x4x3x5xf16>) -> tensor<1x4x3x5xf32>
  %d = llm.mul %w, %part : (tensor<1x4x3x5xf32>, tensor<f32>) -> tensor<1x4x3x5xf32>
  %h = llm.tanh %d : (tensor<1x4x3x5xf32>) -> tensor<1x4x3x5xf32>
  %c = llm.mul %h, %cap : (tensor<1x4x3x5xf32>, tensor<f32>) -> tensor<1x4x3x5xf32>
  %m = llm.add %mask, %c : (tensor<3x5xf32>, tensor<1x4x3x5xf32>) -> tensor<1x4x3x5xf32>
  %p = llm.softmax %m {axis = 3 : i64} : (tensor<1x4x3x5xf32>) -> tensor<1x4x3x5xf32>
  %n = llm.cast %p : (tensor<1x4x3x5xf32>) -> tensor<1x4x3x5xf16>
  %y = llm.matmul %n, %r : (tensor<1x4x3x5xf16>, tensor<1x4x5x8xf16>) -> tensor<1x4x3x8xf16>
  return %y : tensor<1x4x3x8xf16>
}

// -----

// All heads one after another (0 1 0 1) are not heads that each serve a group: they stay repeated.
// CHECK-LABEL: @tiled_heads
// CHECK: %[[R:.*]] = llm.concat %arg1, %arg1 {axis = 1 : i64}
// CHECK: llm.transpose %[[R]]
// CHECK: llm.attention
// CHECK-SAME: (tensor<1x3x4x8xf32>, tensor<1x5x4x8xf32>, tensor<1x5x4x8xf32>)
func.func @tiled_heads(%q: tensor<1x4x3x8xf32> {llm.dims = affine_map<()[s0] -> (1, 4, 3, 8)>},
                       %kv: tensor<1x2x5x8xf32> {llm.dims = affine_map<()[s0] -> (1, 2, 5, 8)>}) -> tensor<1x4x3x8xf32>
    attributes {llm.symbols = ["batch"]} {
  %r = llm.concat %kv, %kv {axis = 1 : i64} : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x4x5x8xf32>
  %t = llm.transpose %r {permutation = array<i64: 0, 1, 3, 2>} : (tensor<1x4x5x8xf32>) -> tensor<1x4x8x5xf32>
  %s = llm.matmul %q, %t : (tensor<1x4x3x8xf32>, tensor<1x4x8x5xf32>) -> tensor<1x4x3x5xf32>
  %p = llm.softmax %s {axis = 3 : i64} : (tensor<1x4x3x5xf32>) -> tensor<1x4x3x5xf32>
  %y = llm.matmul %p, %r : (tensor<1x4x3x5xf32>, tensor<1x4x5x8xf32>) -> tensor<1x4x3x8xf32>
  return %y : tensor<1x4x3x8xf32>
}

// -----

// (q.k + mask) / 2: the mask is halved as well.
// CHECK-LABEL: @scaled_mask
// CHECK: %[[M:.*]] = llm.mul %arg3, %{{.*}} : (tensor<3x5xf32>, tensor<f32>)
// CHECK: llm.attention %{{.*}}, %{{.*}}, %{{.*}}, %[[M]] {{{.*}}scale = 5.000000e-01 : f32}
func.func @scaled_mask(%q: tensor<1x4x3x8xf32>, %k: tensor<1x4x8x5xf32>, %v: tensor<1x4x5x8xf32>, %mask: tensor<3x5xf32>)
    -> tensor<1x4x3x8xf32> {
  %half = llm.constant dense<0.5> : tensor<f32>
  %s = llm.matmul %q, %k : (tensor<1x4x3x8xf32>, tensor<1x4x8x5xf32>) -> tensor<1x4x3x5xf32>
  %m = llm.add %s, %mask : (tensor<1x4x3x5xf32>, tensor<3x5xf32>) -> tensor<1x4x3x5xf32>
  %d = llm.mul %m, %half : (tensor<1x4x3x5xf32>, tensor<f32>) -> tensor<1x4x3x5xf32>
  %p = llm.softmax %d {axis = 3 : i64} : (tensor<1x4x3x5xf32>) -> tensor<1x4x3x5xf32>
  %y = llm.matmul %p, %v : (tensor<1x4x3x5xf32>, tensor<1x4x5x8xf32>) -> tensor<1x4x3x8xf32>
  return %y : tensor<1x4x3x8xf32>
}
