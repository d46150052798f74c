// RUN: lathe-opt %s --decompose-composites | FileCheck %s

// CHECK-LABEL: @two
// CHECK: %[[A:.*]] = llm.silu %arg0
// CHECK: llm.mul %[[A]], %arg1
func.func @two(%g: tensor<?x8xf32>, %u: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = llm.glu silu, %g, %u : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// CHECK-LABEL: @halves
// CHECK: %[[G:.*]] = llm.slice %arg0
// CHECK: %[[U:.*]] = llm.slice %arg0
// CHECK: %[[A:.*]] = llm.gelu %[[G]] {approximate}
// CHECK: llm.mul %[[A]], %[[U]]
func.func @halves(%x: tensor<?x16xf32>) -> tensor<?x8xf32> {
  %y = llm.glu gelu_tanh, %x : (tensor<?x16xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// A linear's kernel computes the glu behind it.
// CHECK-LABEL: @fused
// CHECK: llm.glu
func.func @fused(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %w = llm.weight @w : tensor<16x4xf32>
  %l = llm.linear %x, %w : (tensor<?x4xf32>, tensor<16x4xf32>) -> tensor<?x16xf32>
  %y = llm.glu silu, %l : (tensor<?x16xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// CHECK-LABEL: @mixture
// CHECK: %[[W:.*]], %[[E:.*]] = llm.route %arg1 {normalize, top = 2 : i64}
// CHECK: %[[H:.*]] = llm.expert_linear %arg0, %[[E]],
// CHECK-SAME: activation = #llm<activation silu>
// CHECK-SAME: -> tensor<?x2x8xf32>
// CHECK: %[[Z:.*]] = llm.expert_linear %[[H]], %[[E]],
// CHECK-SAME: -> tensor<?x2x4xf32>
// CHECK: %[[ROW:.*]] = llm.unsqueeze %[[W]] {axes = array<i64: 1>}
// CHECK: llm.matmul %[[ROW]], %[[Z]]
func.func @mixture(%x: tensor<?x4xf32>, %l: tensor<?x3xf32>) -> tensor<?x4xf32> {
  %g = llm.weight @gate : tensor<3x8x4xf32>
  %u = llm.weight @up : tensor<3x8x4xf32>
  %d = llm.weight @down : tensor<3x4x8xf32>
  %y = llm.moe %x, %l, %g, %u, %d {top = 2 : i64, normalize, activation = #llm<activation silu>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0, 0, 0>}
      : (tensor<?x4xf32>, tensor<?x3xf32>, tensor<3x8x4xf32>, tensor<3x8x4xf32>, tensor<3x4x8xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
