// Folds and canonicalisations of ir/llm/*.cpp.
// RUN: lathe-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @nothing_to_do
// CHECK-NEXT: return %arg0, %arg0, %arg0, %arg0, %arg0, %arg0 :
func.func @nothing_to_do(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %s = llm.constant dense<[2, 3]> : tensor<2xi64>
  %zero = llm.constant dense<0> : tensor<1xi64>
  %end = llm.constant dense<9223372036854775807> : tensor<1xi64>
  %0 = llm.reshape %x, %s : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  %1 = llm.transpose %x {permutation = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = llm.expand %x, %s : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  %3 = llm.concat %x {axis = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = llm.cast %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = llm.slice %x, %zero, %end {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x3xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// Of equal type, but two sizes are open: the elements may be arranged otherwise.
// CHECK-LABEL: func.func @two_open_sizes
// CHECK: llm.reshape
func.func @two_open_sizes(%x: tensor<?x?xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
  %0 = llm.reshape %x, %s : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// CHECK-LABEL: func.func @reversed
// CHECK: llm.slice
func.func @reversed(%x: tensor<2x3xf32>, %b: tensor<1xi64>, %e: tensor<1xi64>) -> tensor<2x3xf32> {
  %0 = llm.slice %x, %b, %e {axes = array<i64: 0>, steps = array<i64: -1>} : (tensor<2x3xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @back_and_forth
// CHECK-NEXT: return %arg0, %arg0 :
func.func @back_and_forth(%x: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x4xf32>) {
  %0 = llm.unsqueeze %x {axes = array<i64: 1>} : (tensor<2x3x4xf32>) -> tensor<2x1x3x4xf32>
  %1 = llm.squeeze %0 {axes = array<i64: 1>} : (tensor<2x1x3x4xf32>) -> tensor<2x3x4xf32>
  %2 = llm.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %3 = llm.transpose %2 {permutation = array<i64: 1, 2, 0>} : (tensor<4x2x3xf32>) -> tensor<2x3x4xf32>
  return %1, %3 : tensor<2x3x4xf32>, tensor<2x3x4xf32>
}

// result axis i = inner axis of permutation[i]: (2, 0, 1) twice is (1, 2, 0).
// CHECK-LABEL: func.func @transposes
// CHECK-NEXT: llm.transpose %arg0 {permutation = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
func.func @transposes(%x: tensor<2x3x4xf32>) -> tensor<3x4x2xf32> {
  %0 = llm.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = llm.transpose %0 {permutation = array<i64: 2, 0, 1>} : (tensor<4x2x3xf32>) -> tensor<3x4x2xf32>
  return %1 : tensor<3x4x2xf32>
}

// CHECK-LABEL: func.func @reshapes
// CHECK: %[[S:.*]] = llm.constant dense<[6, -1]>
// CHECK: llm.reshape %arg0, %[[S]] : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<6x?xf32>
func.func @reshapes(%x: tensor<?x?xf32>, %s: tensor<3xi64>) -> tensor<6x?xf32> {
  %t = llm.constant dense<[6, -1]> : tensor<2xi64>
  %0 = llm.reshape %x, %s : (tensor<?x?xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
  %1 = llm.reshape %0, %t : (tensor<?x?x?xf32>, tensor<2xi64>) -> tensor<6x?xf32>
  return %1 : tensor<6x?xf32>
}

// The outer shape keeps a size of the inner result: both stay.
// CHECK-LABEL: func.func @reshapes_with_zero
// CHECK-COUNT-2: llm.reshape
func.func @reshapes_with_zero(%x: tensor<?x?xf32>, %s: tensor<3xi64>) -> tensor<?x?xf32> {
  %t = llm.constant dense<[0, -1]> : tensor<2xi64>
  %0 = llm.reshape %x, %s : (tensor<?x?xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
  %1 = llm.reshape %0, %t : (tensor<?x?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %1 : tensor<?x?xf32>
}

// CHECK-LABEL: func.func @constants
// CHECK-DAG: llm.constant dense<[30, 10]> : tensor<2xi64>
// CHECK-DAG: llm.constant dense<{{\[\[}}1, 2], [3, 4]]> : tensor<2x2xi64>
// CHECK-NOT: llm.gather
func.func @constants() -> (tensor<2xi64>, tensor<2x2xi64>) {
  %c = llm.constant dense<[10, 20, 30]> : tensor<3xi64>
  %i = llm.constant dense<[-1, 0]> : tensor<2xi64>
  %0 = llm.gather %c, %i {axis = 0 : i64} : (tensor<3xi64>, tensor<2xi64>) -> tensor<2xi64>
  %d = llm.constant dense<[1, 2, 3, 4]> : tensor<4xi64>
  %s = llm.constant dense<[2, 2]> : tensor<2xi64>
  %1 = llm.reshape %d, %s : (tensor<4xi64>, tensor<2xi64>) -> tensor<2x2xi64>
  return %0, %1 : tensor<2xi64>, tensor<2x2xi64>
}

// An index out of range is left for the evaluation to report.
// CHECK-LABEL: func.func @index_out_of_range
// CHECK: llm.gather
func.func @index_out_of_range() -> tensor<1xi64> {
  %c = llm.constant dense<[10, 20, 30]> : tensor<3xi64>
  %i = llm.constant dense<[3]> : tensor<1xi64>
  %0 = llm.gather %c, %i {axis = 0 : i64} : (tensor<3xi64>, tensor<1xi64>) -> tensor<1xi64>
  return %0 : tensor<1xi64>
}
