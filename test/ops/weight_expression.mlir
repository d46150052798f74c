// RUN: lathe-opt %s --run-checks=backend=reference
// Compiled code takes stacked rows and transposes of one matrix; other expressions over weights are refused when the plan is made.

// expressions over weights: concatenate((w, w[::-1]), 0).T, cast
func.func @expression() {
  %w = check.weight dense<[[1.0, -2.0], [0.5, 8.0]]> : tensor<2x2xf32>
  %v = check.weight dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %e = llm.constant dense<[[1.0, 0.5, 3.0], [-2.0, 8.0, 4.0]]> : tensor<2x3xf32>
  %c = llm.concat %w, %v {axis = 0 : i64} : (tensor<2x2xf32>, tensor<1x2xf32>) -> tensor<3x2xf32>
  %y = llm.transpose %c {permutation = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}
