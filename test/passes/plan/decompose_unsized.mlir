// RUN: lathe-opt %s --decompose-composites | FileCheck %s
// RUN: lathe-opt %s --decompose-composites --run-checks=backend=reference

// Rows of unknown length, and tables with an unknown number of rows, have no kernel: the formula in primitive ops.
// Expected: 1, 2, 3, 4 less 2.5, by sqrt(1.25); by sqrt(7.5) without the mean; 1, 2 and 3, 4 turned by 90 degrees.

// CHECK-LABEL: @layer
// CHECK-NOT: llm.layer_norm
// CHECK: llm.sqrt
func.func @layer() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %w = check.input dense<[2.0, 1.0, 1.0, 1.0]> : tensor<4xf32>
  %e = llm.constant dense<[[-2.6832816, -0.4472136, 0.4472136, 1.3416408]]> : tensor<1x4xf32>
  %s = llm.constant dense<[1, 4]> : tensor<2xi64>
  %n = llm.constant dense<4> : tensor<1xi64>
  %a = llm.reshape %x, %s : (tensor<1x4xf32>, tensor<2xi64>) -> tensor<1x?xf32>
  %v = llm.reshape %w, %n : (tensor<4xf32>, tensor<1xi64>) -> tensor<?xf32>
  %y = llm.layer_norm %a, %v {epsilon = 0.0 : f32} : (tensor<1x?xf32>, tensor<?xf32>) -> tensor<1x?xf32>
  check.almost_equal %y, %e {rtol = 1.0e-05, atol = 1.0e-06} : tensor<1x?xf32>, tensor<1x4xf32>
  return
}

// CHECK-LABEL: @root_mean_square
// CHECK-NOT: llm.rms_norm
// CHECK: llm.sqrt
func.func @root_mean_square() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %e = llm.constant dense<[[0.3651484, 0.7302967, 1.0954452, 1.4605935]]> : tensor<1x4xf32>
  %s = llm.constant dense<[1, 4]> : tensor<2xi64>
  %a = llm.reshape %x, %s : (tensor<1x4xf32>, tensor<2xi64>) -> tensor<1x?xf32>
  %y = llm.rms_norm %a {epsilon = 0.0 : f32} : (tensor<1x?xf32>) -> tensor<1x?xf32>
  check.almost_equal %y, %e {rtol = 1.0e-05, atol = 1.0e-06} : tensor<1x?xf32>, tensor<1x4xf32>
  return
}

// CHECK-LABEL: @tables
// CHECK-NOT: llm.rope
// CHECK: llm.gather
func.func @tables() {
  %x = check.input dense<[[[[1.0, 2.0, 3.0, 4.0, 5.0]]]]> : tensor<1x1x1x5xf32>
  %p = check.input dense<[[1]]> : tensor<1x1xi64>
  %c = check.input dense<[[1.0, 1.0], [0.0, 0.0]]> : tensor<2x2xf32>
  %i = check.input dense<[[0.0, 0.0], [1.0, 1.0]]> : tensor<2x2xf32>
  %halves = llm.constant dense<[[[[-3.0, -4.0, 1.0, 2.0, 5.0]]]]> : tensor<1x1x1x5xf32>
  %pairs = llm.constant dense<[[[[-2.0, 1.0, -4.0, 3.0, 5.0]]]]> : tensor<1x1x1x5xf32>
  %s = llm.constant dense<[2, 2]> : tensor<2xi64>
  %cosine = llm.reshape %c, %s : (tensor<2x2xf32>, tensor<2xi64>) -> tensor<?x2xf32>
  %sine = llm.reshape %i, %s : (tensor<2x2xf32>, tensor<2xi64>) -> tensor<?x2xf32>
  %a = llm.rope %x, %p, %cosine, %sine {dims = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 1, 1>}
      : (tensor<1x1x1x5xf32>, tensor<1x1xi64>, tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<1x1x1x5xf32>
  check.almost_equal %a, %halves {rtol = 1.0e-05, atol = 1.0e-06} : tensor<1x1x1x5xf32>, tensor<1x1x1x5xf32>
  %b = llm.rope %x, %p, %cosine, %sine {dims = 4 : i64, interleaved, operandSegmentSizes = array<i32: 1, 1, 0, 1, 1>}
      : (tensor<1x1x1x5xf32>, tensor<1x1xi64>, tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<1x1x1x5xf32>
  check.almost_equal %b, %pairs {rtol = 1.0e-05, atol = 1.0e-06} : tensor<1x1x1x5xf32>, tensor<1x1x1x5xf32>
  return
}
