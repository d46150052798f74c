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
