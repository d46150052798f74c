// RUN: %run-checks %s

// cumsum(x, 1)
func.func @columns() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %e = llm.constant dense<[[1.0, 3.0, 6.0, 10.0, 15.0, 21.0], [7.0, 15.0, 24.0, 34.0, 45.0, 57.0]]> : tensor<2x6xf32>
  %y = llm.cumsum %x {axis = 1 : i64} : (tensor<2x6xf32>) -> tensor<2x6xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x6xf32>, tensor<2x6xf32>
  return
}

// cumsum(x, 0)
func.func @rows() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %e = llm.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [8.0, 10.0, 12.0, 14.0, 16.0, 18.0]]> : tensor<2x6xf32>
  %y = llm.cumsum %x {axis = 0 : i64} : (tensor<2x6xf32>) -> tensor<2x6xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x6xf32>, tensor<2x6xf32>
  return
}

// as exporters make positions from a mask
func.func @integers() {
  %x = check.input dense<[[0, 0, 1, 1, 1]]> : tensor<1x5xi64>
  %e = llm.constant dense<[[0, 0, 1, 2, 3]]> : tensor<1x5xi64>
  %y = llm.cumsum %x {axis = 1 : i64} : (tensor<1x5xi64>) -> tensor<1x5xi64>
  check.equal %y, %e : tensor<1x5xi64>, tensor<1x5xi64>
  return
}
