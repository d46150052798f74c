// RUN: lathe-opt %s --fuse-math --split-input-file | FileCheck %s

// CHECK-LABEL: @silu_glu
// CHECK-NEXT: llm.glu silu, %arg0, %arg1
// CHECK-NEXT: return
func.func @silu_glu(%g: tensor<?x8xf32>, %u: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %s = llm.sigmoid %g : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %a = llm.mul %g, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = llm.mul %u, %a : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// The sigmoid of another tensor, and an activation that others use as well.
// CHECK-LABEL: @no_glu
// CHECK-NOT: llm.glu
// CHECK: %[[SILU:.*]] = llm.silu %arg0
// CHECK: llm.mul %[[SILU]], %arg1
func.func @no_glu(%g: tensor<?x8xf32>, %u: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %s = llm.sigmoid %g : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %other = llm.mul %u, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %a = llm.mul %s, %g : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = llm.mul %a, %u : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y, %a, %other : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// CHECK-LABEL: @relu_squared
// CHECK: %[[R:.*]] = llm.relu
// CHECK: llm.mul %[[R]], %[[R]]
func.func @relu_squared(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r = llm.relu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = llm.mul %r, %r : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// Half of x first, as PyTorch's decomposition has it; then times another tensor.
// CHECK-LABEL: @gelu_glu
// CHECK: llm.glu gelu, %arg0, %arg1
// CHECK-NEXT: return
func.func @gelu_glu(%x: tensor<?x8xf32>, %u: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %half = llm.constant dense<0.5> : tensor<f32>
  %one = llm.constant dense<1.0> : tensor<f32>
  %root = llm.constant dense<1.41421354> : tensor<f32>
  %h = llm.mul %x, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %d = llm.div %x, %root : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %e = llm.erf %d : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %a = llm.add %e, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %g = llm.mul %h, %a : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = llm.mul %g, %u : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: @gelu_tanh
// CHECK: %[[Y:.*]] = llm.gelu %arg0 {approximate}
// CHECK-NEXT: return %[[Y]]
func.func @gelu_tanh(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %half = llm.constant dense<0.5> : tensor<f32>
  %one = llm.constant dense<1.0> : tensor<f32>
  %small = llm.constant dense<4.471500e-02> : tensor<f32>
  %root = llm.constant dense<0.797884583> : tensor<f32>
  %x2 = llm.mul %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %x3 = llm.mul %x2, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %c = llm.mul %x3, %small : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %s = llm.add %x, %c : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %i = llm.mul %s, %root : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %t = llm.tanh %i : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %a = llm.add %t, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %p = llm.mul %x, %a : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = llm.mul %p, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// x itself where x / sqrt 2 belongs.
// CHECK-LABEL: @no_gelu
// CHECK-NOT: llm.gelu
// CHECK: llm.erf %arg0
func.func @no_gelu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %half = llm.constant dense<0.5> : tensor<f32>
  %one = llm.constant dense<1.0> : tensor<f32>
  %e = llm.erf %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %a = llm.add %e, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %p = llm.mul %x, %a : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = llm.mul %p, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
