// RUN: %run-checks %s

// broadcast_to(x, (2, 3))
func.func @rows() {
  %x = check.input dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %s = llm.constant dense<[2, 3]> : tensor<2xi64>
  %e = llm.constant dense<[[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]> : tensor<2x3xf32>
  %y = llm.expand %x, %s : (tensor<2x1xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// 1 in the shape keeps a size of x; a new axis in front
func.func @keeps() {
  %x = check.input dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %s = llm.constant dense<[2, 1, 1]> : tensor<3xi64>
  %e = llm.constant dense<[[[1.0], [2.0]], [[1.0], [2.0]]]> : tensor<2x2x1xf32>
  %y = llm.expand %x, %s : (tensor<2x1xf32>, tensor<3xi64>) -> tensor<2x2x1xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2x1xf32>, tensor<2x2x1xf32>
  return
}

// a shape of fewer axes than x
func.func @shorter() {
  %x = check.input dense<[[[1.0, 2.0]]]> : tensor<1x1x2xf32>
  %s = llm.constant dense<[3, 2]> : tensor<2xi64>
  %e = llm.constant dense<[[[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]]> : tensor<1x3x2xf32>
  %y = llm.expand %x, %s : (tensor<1x1x2xf32>, tensor<2xi64>) -> tensor<1x3x2xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<1x3x2xf32>, tensor<1x3x2xf32>
  return
}

// to no rows
func.func @none() {
  %x = check.input dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %s = llm.constant dense<[0, 2]> : tensor<2xi64>
  %e = llm.constant dense<> : tensor<0x2xf32>
  %y = llm.expand %x, %s : (tensor<1x2xf32>, tensor<2xi64>) -> tensor<?x2xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<?x2xf32>, tensor<0x2xf32>
  return
}
