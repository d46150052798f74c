// RUN: lathe-opt %s --drop-forward --split-input-file | FileCheck %s

// @step stands in for @forward.
// CHECK-NOT: @forward
// CHECK: func.func @step
// CHECK-NOT: @forward
func.func @forward(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
func.func @step(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}

// -----

// Nothing else does the work.
// CHECK: func.func @forward
func.func @forward(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
