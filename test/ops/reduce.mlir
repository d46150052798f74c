// RUN: %run-checks %s

// sum(x, 2, keepdims=True)
func.func @sum() {
  %x = check.input dense<[[[1.5, -2.0, 3.0], [0.25, 4.0, -1.0]],
                           [[2.0, 2.5, -7.0], [6.0, 0.5, 1.0]]]> : tensor<2x2x3xf32>
  %e = llm.constant dense<[[[2.5], [3.25]], [[-2.5], [7.5]]]> : tensor<2x2x1xf32>
  %y = llm.reduce sum, %x {axes = array<i64: 2>, keep} : (tensor<2x2x3xf32>) -> tensor<2x2x1xf32>
  check.almost_equal %y, %e : tensor<2x2x1xf32>, tensor<2x2x1xf32>
  return
}

// sum(x, (0, 2))
func.func @sum_two_axes() {
  %x = check.input dense<[[[1.5, -2.0, 3.0], [0.25, 4.0, -1.0]],
                           [[2.0, 2.5, -7.0], [6.0, 0.5, 1.0]]]> : tensor<2x2x3xf32>
  %e = llm.constant dense<[0.0, 10.75]> : tensor<2xf32>
  %y = llm.reduce sum, %x {axes = array<i64: 0, 2>} : (tensor<2x2x3xf32>) -> tensor<2xf32>
  check.almost_equal %y, %e : tensor<2xf32>, tensor<2xf32>
  return
}

// mean(x, 1)
func.func @mean() {
  %x = check.input dense<[[[1.5, -2.0, 3.0], [0.25, 4.0, -1.0]],
                           [[2.0, 2.5, -7.0], [6.0, 0.5, 1.0]]]> : tensor<2x2x3xf32>
  %e = llm.constant dense<[[0.875, 1.0, 1.0], [4.0, 1.5, -3.0]]> : tensor<2x3xf32>
  %y = llm.reduce mean, %x {axes = array<i64: 1>} : (tensor<2x2x3xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// max(x) of everything
func.func @max() {
  %x = check.input dense<[[[1.5, -2.0, 3.0], [0.25, 4.0, -1.0]],
                           [[2.0, 2.5, -7.0], [6.0, 0.5, 1.0]]]> : tensor<2x2x3xf32>
  %e = llm.constant dense<6.0> : tensor<f32>
  %y = llm.reduce max, %x {axes = array<i64: 0, 1, 2>} : (tensor<2x2x3xf32>) -> tensor<f32>
  check.almost_equal %y, %e : tensor<f32>, tensor<f32>
  return
}

// min(x, 2, keepdims=True)
func.func @min() {
  %x = check.input dense<[[[1.5, -2.0, 3.0], [0.25, 4.0, -1.0]],
                           [[2.0, 2.5, -7.0], [6.0, 0.5, 1.0]]]> : tensor<2x2x3xf32>
  %e = llm.constant dense<[[[-2.0], [-1.0]], [[-7.0], [0.5]]]> : tensor<2x2x1xf32>
  %y = llm.reduce min, %x {axes = array<i64: 2>, keep} : (tensor<2x2x3xf32>) -> tensor<2x2x1xf32>
  check.almost_equal %y, %e : tensor<2x2x1xf32>, tensor<2x2x1xf32>
  return
}

// prod(x, (1, 2))
func.func @prod() {
  %x = check.input dense<[[[1.5, -2.0, 3.0], [0.25, 4.0, -1.0]],
                           [[2.0, 2.5, -7.0], [6.0, 0.5, 1.0]]]> : tensor<2x2x3xf32>
  %e = llm.constant dense<[9.0, -105.0]> : tensor<2xf32>
  %y = llm.reduce prod, %x {axes = array<i64: 1, 2>} : (tensor<2x2x3xf32>) -> tensor<2xf32>
  check.almost_equal %y, %e : tensor<2xf32>, tensor<2xf32>
  return
}

// int64 wraps
func.func @sum_integers() {
  %x = check.input dense<[[4611686018427387904, 1], [4611686018427387904, -5], [1, 4]]> : tensor<3x2xi64>
  %e = llm.constant dense<[-9223372036854775807, 0]> : tensor<2xi64>
  %y = llm.reduce sum, %x {axes = array<i64: 0>} : (tensor<3x2xi64>) -> tensor<2xi64>
  check.equal %y, %e : tensor<2xi64>, tensor<2xi64>
  return
}

// int64
func.func @max_integers() {
  %x = check.input dense<[[3, -4], [-7, -9]]> : tensor<2x2xi64>
  %e = llm.constant dense<[[3], [-7]]> : tensor<2x1xi64>
  %y = llm.reduce max, %x {axes = array<i64: 1>, keep} : (tensor<2x2xi64>) -> tensor<2x1xi64>
  check.equal %y, %e : tensor<2x1xi64>, tensor<2x1xi64>
  return
}
