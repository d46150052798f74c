// RUN: lathe-opt %s --fuse-attention --split-input-file | FileCheck %s

// What nearly is attention, and is left alone.

// The mask is scaled with the scores by a number below 0, so that it hides nothing.
// CHECK-LABEL: @scaled_after_mask
// CHECK-NOT: llm.attention
// CHECK: llm.softmax
func.func @scaled_after_mask(%q: tensor<1x4x3x8xf32>, %k: tensor<1x4x8x5xf32>, %v: tensor<1x4x5x8xf32>, %mask: tensor<3x5xf32>)
    -> tensor<1x4x3x8xf32> {
  %half = llm.constant dense<-0.5> : tensor<f32>
  %s = llm.matmul %q, %k : (tensor<1x4x3x8xf32>, tensor<1x4x8x5xf32>) -> tensor<1x4x3x5xf32>
  %m = llm.add %s, %mask : (tensor<1x4x3x5xf32>, tensor<3x5xf32>) -> tensor<1x4x3x5xf32>
  %d = llm.mul %m, %half : (tensor<1x4x3x5xf32>, tensor<f32>) -> tensor<1x4x3x5xf32>
  %p = llm.softmax %d {axis = 3 : i64} : (tensor<1x4x3x5xf32>) -> tensor<1x4x3x5xf32>
  %y = llm.matmul %p, %v : (tensor<1x4x3x5xf32>, tensor<1x4x5x8xf32>) -> tensor<1x4x3x8xf32>
  return %y : tensor<1x4x3x8xf32>
}

// -----

// A softmax over the queries.
// CHECK-LABEL: @other_axis
// CHECK-NOT: llm.attention
// CHECK: llm.softmax
func.func @other_axis(%q: tensor<1x4x3x8xf32>, %k: tensor<1x4x8x5xf32>, %v: tensor<1x4x5x8xf32>) -> tensor<1x4x3x8xf32> {
  %s = llm.matmul %q, %k : (tensor<1x4x3x8xf32>, tensor<1x4x8x5xf32>) -> tensor<1x4x3x5xf32>
  %p = llm.softmax %s {axis = 2 : i64} : (tensor<1x4x3x5xf32>) -> tensor<1x4x3x5xf32>
  %y = llm.matmul %p, %v : (tensor<1x4x3x5xf32>, tensor<1x4x5x8xf32>) -> tensor<1x4x3x8xf32>
  return %y : tensor<1x4x3x8xf32>
}

// -----

// Hidden scores are 0, which is not hidden.
// CHECK-LABEL: @zero_filler
// CHECK-NOT: llm.attention
// CHECK: llm.softmax
func.func @zero_filler(%q: tensor<1x4x3x8xf32>, %k: tensor<1x4x8x5xf32>, %v: tensor<1x4x5x8xf32>, %c: tensor<3x5xi1>)
    -> tensor<1x4x3x8xf32> {
  %zero = llm.constant dense<0.0> : tensor<f32>
  %s = llm.matmul %q, %k : (tensor<1x4x3x8xf32>, tensor<1x4x8x5xf32>) -> tensor<1x4x3x5xf32>
  %m = llm.select %c, %s, %zero : (tensor<3x5xi1>, tensor<1x4x3x5xf32>, tensor<f32>) -> tensor<1x4x3x5xf32>
  %p = llm.softmax %m {axis = 3 : i64} : (tensor<1x4x3x5xf32>) -> tensor<1x4x3x5xf32>
  %y = llm.matmul %p, %v : (tensor<1x4x3x5xf32>, tensor<1x4x5x8xf32>) -> tensor<1x4x3x8xf32>
  return %y : tensor<1x4x3x8xf32>
}
