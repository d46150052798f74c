// RUN: %run-checks %s
// Stacked rows and transposes of matrices are taken apart when the plan is made; other expressions over weights are computed.

// numpy: concatenate((w, v), 0).T
func.func @stacked() {
  %w = check.weight dense<[[1.0, -2.0], [0.5, 8.0]]> : tensor<2x2xf32>
  %v = check.weight dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %e = llm.constant dense<[[1.0, 0.5, 3.0], [-2.0, 8.0, 4.0]]> : tensor<2x3xf32>
  %c = llm.concat %w, %v {axis = 0 : i64} : (tensor<2x2xf32>, tensor<1x2xf32>) -> tensor<3x2xf32>
  %y = llm.transpose %c {permutation = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// numpy: concatenate((w, w), 1)[:, 1:3], columns that no row holds
func.func @columns() {
  %w = check.weight dense<[[1.0, -2.0], [0.5, 8.0]]> : tensor<2x2xf32>
  %one = llm.constant dense<1> : tensor<1xi64>
  %three = llm.constant dense<3> : tensor<1xi64>
  %e = llm.constant dense<[[-2.0, 1.0], [8.0, 0.5]]> : tensor<2x2xf32>
  %c = llm.concat %w, %w {axis = 1 : i64} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x4xf32>
  %y = llm.slice %c, %one, %three {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x2xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2xf32>, tensor<2x2xf32>
  return
}

// numpy: w.astype(float32), and with a rounding to int32 in between
func.func @integers() {
  %w = check.weight dense<[[1, -128], [127, 0]]> : tensor<2x2xi8>
  %f = check.weight dense<[[1.75, -2.5], [0.5, 8.0]]> : tensor<2x2xf32>
  %e = llm.constant dense<[[1.0, -128.0], [127.0, 0.0]]> : tensor<2x2xf32>
  %e2 = llm.constant dense<[[1.0, -2.0], [0.0, 8.0]]> : tensor<2x2xf32>
  %y = llm.cast %w : (tensor<2x2xi8>) -> tensor<2x2xf32>
  %i = llm.cast %f : (tensor<2x2xf32>) -> tensor<2x2xi32>
  %y2 = llm.cast %i : (tensor<2x2xi32>) -> tensor<2x2xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2xf32>, tensor<2x2xf32>
  check.almost_equal %y2, %e2 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2xf32>, tensor<2x2xf32>
  return
}

// numpy: x @ concatenate((w, v), 1), a product whose matrix has no rows to stack
func.func @product() {
  %x = check.input dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %w = check.weight dense<[[1.0, -2.0], [0.5, 8.0]]> : tensor<2x2xf32>
  %v = check.weight dense<[[3.0], [4.0]]> : tensor<2x1xf32>
  %e = llm.constant dense<[[2.0, 14.0, 11.0]]> : tensor<1x3xf32>
  %c = llm.concat %w, %v {axis = 1 : i64} : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  %y = llm.matmul %x, %c : (tensor<1x2xf32>, tensor<2x3xf32>) -> tensor<1x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<1x3xf32>, tensor<1x3xf32>
  return
}

// numpy: w.reshape(1, 2, 2).transpose(1, 0, 2), and the same elements with an axis more
func.func @moved() {
  %w = check.weight dense<[[1.0, -2.0], [0.5, 8.0]]> : tensor<2x2xf32>
  %e = llm.constant dense<[[[2.0, -4.0]], [[1.0, 16.0]]]> : tensor<2x1x2xf32>
  %u = llm.unsqueeze %w {axes = array<i64: 0>} : (tensor<2x2xf32>) -> tensor<1x2x2xf32>
  %t = llm.transpose %u {permutation = array<i64: 1, 0, 2>} : (tensor<1x2x2xf32>) -> tensor<2x1x2xf32>
  %y = llm.add %t, %t : (tensor<2x1x2xf32>, tensor<2x1x2xf32>) -> tensor<2x1x2xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x1x2xf32>, tensor<2x1x2xf32>
  return
}
