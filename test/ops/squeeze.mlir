// RUN: %run-checks %s

// squeeze(x, (0, 2))
func.func @axes() {
  %x = check.input dense<[[[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]]]> : tensor<1x2x1x6xf32>
  %e = llm.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %y = llm.squeeze %x {axes = array<i64: 0, 2>} : (tensor<1x2x1x6xf32>) -> tensor<2x6xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x6xf32>, tensor<2x6xf32>
  return
}

// an axis whose size only the input tells
func.func @open() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<[[[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]]]> : tensor<1x2x1x6xf32> sizes affine_map<()[s0] -> (s0, 2, 1, 6)> -> tensor<?x2x1x6xf32>
  %e = llm.constant dense<[[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]]> : tensor<2x1x6xf32>
  %y = llm.squeeze %x {axes = array<i64: 0>} : (tensor<?x2x1x6xf32>) -> tensor<2x1x6xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x1x6xf32>, tensor<2x1x6xf32>
  return
}

// (1, 1) becomes a scalar
func.func @scalar() {
  %x = check.input dense<[[4]]> : tensor<1x1xi64>
  %e = llm.constant dense<4> : tensor<i64>
  %y = llm.squeeze %x {axes = array<i64: 0, 1>} : (tensor<1x1xi64>) -> tensor<i64>
  check.equal %y, %e : tensor<i64>, tensor<i64>
  return
}
