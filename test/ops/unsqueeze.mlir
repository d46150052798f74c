// RUN: %run-checks %s

// expand_dims(x, (0, 2)): axes of the result
func.func @axes() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %e = llm.constant dense<[[[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]]]> : tensor<1x2x1x6xf32>
  %y = llm.unsqueeze %x {axes = array<i64: 0, 2>} : (tensor<2x6xf32>) -> tensor<1x2x1x6xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<1x2x1x6xf32>, tensor<1x2x1x6xf32>
  return
}

// expand_dims(x, 2)
func.func @last() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %e = llm.constant dense<[[[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]],
                           [[7.0], [8.0], [9.0], [10.0], [11.0], [12.0]]]> : tensor<2x6x1xf32>
  %y = llm.unsqueeze %x {axes = array<i64: 2>} : (tensor<2x6xf32>) -> tensor<2x6x1xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x6x1xf32>, tensor<2x6x1xf32>
  return
}

// a scalar becomes (1, 1)
func.func @scalar() {
  %x = check.input dense<4> : tensor<i64>
  %e = llm.constant dense<[[4]]> : tensor<1x1xi64>
  %y = llm.unsqueeze %x {axes = array<i64: 0, 1>} : (tensor<i64>) -> tensor<1x1xi64>
  check.equal %y, %e : tensor<1x1xi64>, tensor<1x1xi64>
  return
}
