// RUN: lathe-opt %s --fuse-attention --simplify-graph --fuse-attention --split-input-file | FileCheck %s

// Products over (batch heads, tokens, size) that are parted and joined again around the softmax.
// CHECK-LABEL: @joined_heads
// CHECK: llm.attention %{{.*}} {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>, scale = 5.000000e-01 : f32}
// CHECK-NOT: llm.softmax
func.func @joined_heads(%q: tensor<?x2x?x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 2, s1, 8)>},
                        %k: tensor<?x2x?x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 2, s1, 8)>},
                        %v: tensor<?x2x?x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 2, s1, 8)>},
                        %m: tensor<?x1x?xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 1, s1)>}) -> tensor<?x2x?x8xf32>
    attributes {llm.symbols = ["batch", "tokens"]} {
  %half = llm.constant dense<0.5> : tensor<f32>
  %joined = llm.dims affine_map<()[s0, s1] -> (s0 * 2, s1, 8)> : tensor<3xi64>
  %square = llm.dims affine_map<()[s0, s1] -> (s0 * 2, s1, s1)> : tensor<3xi64>
  %apart = llm.dims affine_map<()[s0, s1] -> (s0, 2, s1, s1)> : tensor<4xi64>
  %heads = llm.dims affine_map<()[s0, s1] -> (s0, 2, s1, 8)> : tensor<4xi64>
  %q3 = llm.reshape %q, %joined : (tensor<?x2x?x8xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  %k3 = llm.reshape %k, %joined : (tensor<?x2x?x8xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  %v3 = llm.reshape %v, %joined : (tensor<?x2x?x8xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  %kt = llm.transpose %k3 {permutation = array<i64: 0, 2, 1>} : (tensor<?x?x8xf32>) -> tensor<?x8x?xf32>
  %s = llm.matmul %q3, %kt : (tensor<?x?x8xf32>, tensor<?x8x?xf32>) -> tensor<?x?x?xf32>
  %c = llm.mul %s, %half : (tensor<?x?x?xf32>, tensor<f32>) -> tensor<?x?x?xf32>
  %c4 = llm.reshape %c, %apart : (tensor<?x?x?xf32>, tensor<4xi64>) -> tensor<?x2x?x?xf32>
  %m4 = llm.unsqueeze %m {axes = array<i64: 1>} : (tensor<?x1x?xf32>) -> tensor<?x1x1x?xf32>
  %a = llm.add %c4, %m4 : (tensor<?x2x?x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x2x?x?xf32>
  %p = llm.softmax %a {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %p3 = llm.reshape %p, %square : (tensor<?x2x?x?xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
  %y3 = llm.matmul %p3, %v3 : (tensor<?x?x?xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %y = llm.reshape %y3, %heads : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x2x?x8xf32>
  return %y : tensor<?x2x?x8xf32>
}

// -----

// Joined as (heads, batch), parted as (batch, heads): the reshape does not cancel, and the queries stay what they are.
// CHECK-LABEL: @other_order
// CHECK: %[[Q4:.*]] = llm.reshape %arg0
// CHECK: %[[Q:.*]] = llm.transpose %[[Q4]]
// CHECK: llm.attention %[[Q]],
func.func @other_order(%q: tensor<2x?x?x8xf32> {llm.dims = affine_map<()[s0, s1] -> (2, s0, s1, 8)>},
                       %k: tensor<?x2x8x?xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 2, 8, s1)>},
                       %v: tensor<?x2x?x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 2, s1, 8)>}) -> tensor<?x2x?x8xf32>
    attributes {llm.symbols = ["batch", "tokens"]} {
  %joined = llm.dims affine_map<()[s0, s1] -> (s0 * 2, s1, 8)> : tensor<3xi64>
  %turned = llm.dims affine_map<()[s0, s1] -> (s0 * 2, 8, s1)> : tensor<3xi64>
  %square = llm.dims affine_map<()[s0, s1] -> (s0, 2, s1, s1)> : tensor<4xi64>
  %q3 = llm.reshape %q, %joined : (tensor<2x?x?x8xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  %k3 = llm.reshape %k, %turned : (tensor<?x2x8x?xf32>, tensor<3xi64>) -> tensor<?x8x?xf32>
  %s = llm.matmul %q3, %k3 : (tensor<?x?x8xf32>, tensor<?x8x?xf32>) -> tensor<?x?x?xf32>
  %s4 = llm.reshape %s, %square : (tensor<?x?x?xf32>, tensor<4xi64>) -> tensor<?x2x?x?xf32>
  %p = llm.softmax %s4 {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %y = llm.matmul %p, %v : (tensor<?x2x?x?xf32>, tensor<?x2x?x8xf32>) -> tensor<?x2x?x8xf32>
  return %y : tensor<?x2x?x8xf32>
}
