// A product with a matrix of weights becomes llm.linear over the transposed weight.
// RUN: lathe-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @weight
// CHECK: %[[W:.*]] = llm.weight @w : tensor<8x4xf32>
// CHECK: %[[T:.*]] = llm.transpose %[[W]] {permutation = array<i64: 1, 0>} : (tensor<8x4xf32>) -> tensor<4x8xf32>
// CHECK: llm.linear %arg0, %[[T]] : (tensor<?x?x8xf32>, tensor<4x8xf32>) -> tensor<?x?x4xf32>
func.func @weight(%x: tensor<?x?x8xf32>) -> tensor<?x?x4xf32> {
  %w = llm.weight @w : tensor<8x4xf32>
  %0 = llm.matmul %x, %w : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
  return %0 : tensor<?x?x4xf32>
}

// PyTorch's x @ w.T: the two transposes cancel.
// CHECK-LABEL: func.func @transposed_weight
// CHECK: %[[W:.*]] = llm.weight @w : tensor<4x8xf32>
// CHECK-NOT: llm.transpose
// CHECK: llm.linear %arg0, %[[W]]
func.func @transposed_weight(%x: tensor<?x?x8xf32>) -> tensor<?x?x4xf32> {
  %w = llm.weight @w : tensor<4x8xf32>
  %t = llm.transpose %w {permutation = array<i64: 1, 0>} : (tensor<4x8xf32>) -> tensor<8x4xf32>
  %0 = llm.matmul %x, %t : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
  return %0 : tensor<?x?x4xf32>
}

// CHECK-LABEL: func.func @values
// CHECK: llm.matmul
func.func @values(%x: tensor<?x8xf32>, %y: tensor<8x4xf32>) -> tensor<?x4xf32> {
  %0 = llm.matmul %x, %y : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// A batch of matrices is no linear map.
// CHECK-LABEL: func.func @batches
// CHECK: llm.matmul
func.func @batches(%x: tensor<2x?x8xf32>) -> tensor<2x?x4xf32> {
  %w = llm.weight @w : tensor<2x8x4xf32>
  %0 = llm.matmul %x, %w : (tensor<2x?x8xf32>, tensor<2x8x4xf32>) -> tensor<2x?x4xf32>
  return %0 : tensor<2x?x4xf32>
}
