// RUN: lathe-opt %s --fuse-attention --split-input-file | FileCheck %s

// s <= t + past, s > t + past - 3, and padding: attributes, and the padding alone as a mask.
// CHECK-LABEL: @window_and_padding
// CHECK: %[[B:.*]] = llm.cast %arg2 : (tensor<?x?xi64>) -> tensor<?x?xi1>
// CHECK: %[[M:.*]] = llm.unsqueeze %[[B]] {axes = array<i64: 1, 2>}
// CHECK: llm.attention %arg0, %arg1, %arg1, %[[M]] {causal
// CHECK-SAME: window = 3 : i64
func.func @window_and_padding(%q: tensor<?x?x4x8xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, s1, 4, 8)>},
                              %kv: tensor<?x?x2x8xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, s1 + s2, 2, 8)>},
                              %pad: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>}) -> tensor<?x?x4x8xf32>
    attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %0 = llm.constant dense<0> : tensor<i64>
  %1 = llm.constant dense<1> : tensor<i64>
  %3 = llm.constant dense<3> : tensor<i64>
  %zero = llm.constant dense<0.0> : tensor<f32>
  %low = llm.constant dense<-3.40282347E+38> : tensor<f32>
  %np = llm.dims affine_map<()[s0, s1, s2] -> (s2)> : tensor<1xi64>
  %ns = llm.dims affine_map<()[s0, s1, s2] -> (s1 + s2)> : tensor<1xi64>
  %past = llm.squeeze %np {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %all = llm.squeeze %ns {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %t0 = llm.range %past, %all, %1 : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %t = llm.unsqueeze %t0 {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %s = llm.range %0, %all, %1 : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %c = llm.compare le, %s, %t : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %w0 = llm.sub %t, %3 : (tensor<?x1xi64>, tensor<i64>) -> tensor<?x1xi64>
  %w = llm.compare gt, %s, %w0 : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %cw = llm.and %c, %w : (tensor<?x?xi1>, tensor<?x?xi1>) -> tensor<?x?xi1>
  %pb = llm.cast %pad : (tensor<?x?xi64>) -> tensor<?x?xi1>
  %pu = llm.unsqueeze %pb {axes = array<i64: 1, 2>} : (tensor<?x?xi1>) -> tensor<?x1x1x?xi1>
  %seen = llm.and %cw, %pu : (tensor<?x?xi1>, tensor<?x1x1x?xi1>) -> tensor<?x1x?x?xi1>
  %mask = llm.select %seen, %zero, %low : (tensor<?x1x?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x1x?x?xf32>
  %y = llm.attention %q, %kv, %kv, %mask {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>} : (tensor<?x?x4x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?x1x?x?xf32>) -> tensor<?x?x4x8xf32>
  return %y : tensor<?x?x4x8xf32>
}

// -----

// s <= t, though there is a past: not what `causal` says, so the mask stays.
// CHECK-LABEL: @without_offset
// CHECK: %[[C:.*]] = llm.compare
// CHECK: llm.attention %arg0, %arg1, %arg1, %[[C]] {operandSegmentSizes
func.func @without_offset(%q: tensor<?x?x4x8xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, s1, 4, 8)>},
                          %kv: tensor<?x?x2x8xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, s1 + s2, 2, 8)>}) -> tensor<?x?x4x8xf32>
    attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %0 = llm.constant dense<0> : tensor<i64>
  %1 = llm.constant dense<1> : tensor<i64>
  %nt = llm.dims affine_map<()[s0, s1, s2] -> (s1)> : tensor<1xi64>
  %ns = llm.dims affine_map<()[s0, s1, s2] -> (s1 + s2)> : tensor<1xi64>
  %tokens = llm.squeeze %nt {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %all = llm.squeeze %ns {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %t0 = llm.range %0, %tokens, %1 : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %t = llm.unsqueeze %t0 {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %s = llm.range %0, %all, %1 : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %c = llm.compare le, %s, %t : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %y = llm.attention %q, %kv, %kv, %c {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>} : (tensor<?x?x4x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?xi1>) -> tensor<?x?x4x8xf32>
  return %y : tensor<?x?x4x8xf32>
}
