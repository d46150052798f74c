// RUN: lathe-opt %s --fuse-math --split-input-file | FileCheck %s

// CHECK-LABEL: @rms_norm
// CHECK-NEXT: %[[W:.*]] = llm.constant
// CHECK-NEXT: %[[Y:.*]] = llm.rms_norm %arg0, %[[W]] {epsilon = 1.000000e-03 : f32}
// CHECK-NEXT: return %[[Y]]
func.func @rms_norm(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = llm.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %e = llm.constant dense<1.0e-3> : tensor<f32>
  %s = llm.mul %x, %x : (tensor<?x?x2xf32>, tensor<?x?x2xf32>) -> tensor<?x?x2xf32>
  %m = llm.reduce mean, %s {axes = array<i64: 2>, keep} : (tensor<?x?x2xf32>) -> tensor<?x?x1xf32>
  %a = llm.add %m, %e : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %r = llm.rsqrt %a : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %n = llm.mul %x, %r : (tensor<?x?x2xf32>, tensor<?x?x1xf32>) -> tensor<?x?x2xf32>
  %y = llm.mul %w, %n : (tensor<2xf32>, tensor<?x?x2xf32>) -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// Half-precision numbers, normed in f32.
// CHECK-LABEL: @rms_norm_of_halves
// CHECK: llm.rms_norm %arg0, %{{.*}} {epsilon = 1.000000e-03 : f32} : (tensor<?x2xf16>, tensor<2xf16>) -> tensor<?x2xf16>
// CHECK-NEXT: return
func.func @rms_norm_of_halves(%h: tensor<?x2xf16>) -> tensor<?x2xf16> {
  %w = llm.constant dense<[1.0, 2.0]> : tensor<2xf16>
  %e = llm.constant dense<1.0e-3> : tensor<f32>
  %x = llm.cast %h : (tensor<?x2xf16>) -> tensor<?x2xf32>
  %s = llm.mul %x, %x : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  %m = llm.reduce mean, %s {axes = array<i64: 1>, keep} : (tensor<?x2xf32>) -> tensor<?x1xf32>
  %a = llm.add %m, %e : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %r = llm.rsqrt %a : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %n = llm.mul %r, %x : (tensor<?x1xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  %c = llm.cast %n : (tensor<?x2xf32>) -> tensor<?x2xf16>
  %y = llm.mul %c, %w : (tensor<?x2xf16>, tensor<2xf16>) -> tensor<?x2xf16>
  return %y : tensor<?x2xf16>
}

// -----

// A mean over the columns is no norm of the rows; nor is a mean of products of two tensors.
// CHECK-LABEL: @other_means
// CHECK-NOT: llm.rms_norm
// CHECK: return
func.func @other_means(%x: tensor<4x4xf32>, %z: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %e = llm.constant dense<1.0e-3> : tensor<f32>
  %s = llm.mul %x, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %m = llm.reduce mean, %s {axes = array<i64: 0>, keep} : (tensor<4x4xf32>) -> tensor<1x4xf32>
  %a = llm.add %m, %e : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
  %r = llm.rsqrt %a : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %n = llm.mul %x, %r : (tensor<4x4xf32>, tensor<1x4xf32>) -> tensor<4x4xf32>
  %p = llm.mul %x, %z : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %m2 = llm.reduce mean, %p {axes = array<i64: 1>, keep} : (tensor<4x4xf32>) -> tensor<4x1xf32>
  %a2 = llm.add %m2, %e : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %r2 = llm.rsqrt %a2 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %n2 = llm.mul %x, %r2 : (tensor<4x4xf32>, tensor<4x1xf32>) -> tensor<4x4xf32>
  return %n, %n2 : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

// A factor for each row is no weight.
// CHECK-LABEL: @row_factor
// CHECK: %[[N:.*]] = llm.rms_norm %arg0 {
// CHECK: llm.mul %[[N]], %arg1
func.func @row_factor(%x: tensor<2x2xf32>, %w: tensor<2x1xf32>) -> tensor<2x2xf32> {
  %n = llm.rms_norm %x {epsilon = 1.0e-3 : f32} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = llm.mul %n, %w : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

// CHECK-LABEL: @layer_norm
// CHECK: llm.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.000000e-03 : f32}
// CHECK-NEXT: return
func.func @layer_norm(%x: tensor<?x2xf32>, %w: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<?x2xf32> {
  %e = llm.constant dense<1.0e-3> : tensor<f32>
  %mean = llm.reduce mean, %x {axes = array<i64: 1>, keep} : (tensor<?x2xf32>) -> tensor<?x1xf32>
  %d = llm.sub %x, %mean : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %s = llm.mul %d, %d : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  %v = llm.reduce mean, %s {axes = array<i64: 1>, keep} : (tensor<?x2xf32>) -> tensor<?x1xf32>
  %a = llm.add %v, %e : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %r = llm.rsqrt %a : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %n = llm.mul %d, %r : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %nw = llm.mul %n, %w : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  %y = llm.add %nw, %b : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// A bias is a constant or a weight; a tensor that is computed is added by itself.
// CHECK-LABEL: @bias
// CHECK: %[[B:.*]] = llm.constant
// CHECK: llm.linear %arg0, %{{.*}}, %[[B]] : (tensor<?x8xf32>, tensor<2x8xf32>, tensor<2xf32>)
// CHECK: %[[L:.*]] = llm.linear %arg0, %{{.*}} : (tensor<?x8xf32>, tensor<2x8xf32>)
// CHECK: llm.add %[[L]], %arg1
func.func @bias(%x: tensor<?x8xf32>, %c: tensor<2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %w = llm.weight @w : tensor<2x8xf32>
  %b = llm.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %l = llm.linear %x, %w : (tensor<?x8xf32>, tensor<2x8xf32>) -> tensor<?x2xf32>
  %y = llm.add %b, %l : (tensor<2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  %m = llm.linear %x, %w : (tensor<?x8xf32>, tensor<2x8xf32>) -> tensor<?x2xf32>
  %z = llm.add %m, %c : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  return %y, %z : tensor<?x2xf32>, tensor<?x2xf32>
}
