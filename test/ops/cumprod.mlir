// RUN: %run-checks %s

// numpy.cumprod(x, 1)
func.func @columns() {
  %x = check.input dense<[[1.0, 2.0, 3.0], [4.0, 0.5, 6.0]]> : tensor<2x3xf32>
  %e0 = llm.constant dense<[[1.0, 2.0, 6.0], [4.0, 2.0, 12.0]]> : tensor<2x3xf32>
  %r0 = llm.cumprod %x {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// numpy.cumprod(x, 0)
func.func @rows() {
  %x = check.input dense<[[1.0, 2.0, 3.0], [4.0, 0.5, 6.0]]> : tensor<2x3xf32>
  %e0 = llm.constant dense<[[1.0, 2.0, 3.0], [4.0, 1.0, 18.0]]> : tensor<2x3xf32>
  %r0 = llm.cumprod %x {axis = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// numpy.cumprod(x, 1) of int32, 17 columns
func.func @wide() {
  %x = check.input dense<[[[-2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1], [0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0, 1], [2, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2]], [[-1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0], [1, 2, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2], [-2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1]]]> : tensor<2x3x17xi32>
  %e0 = llm.constant dense<[[[-2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1], [0, -1, 0, -2, -2, 0, -1, 0, -2, -2, 0, -1, 0, -2, -2, 0, -1], [0, 2, 0, 0, -2, 0, 2, 0, 0, -2, 0, 2, 0, 0, -2, 0, 2]], [[-1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0], [-1, 0, -2, -2, 0, -1, 0, -2, -2, 0, -1, 0, -2, -2, 0, -1, 0], [2, 0, 0, -2, 0, 2, 0, 0, -2, 0, 2, 0, 0, -2, 0, 2, 0]]]> : tensor<2x3x17xi32>
  %r0 = llm.cumprod %x {axis = 1 : i64} : (tensor<2x3x17xi32>) -> tensor<2x3x17xi32>
  check.equal %r0, %e0 : tensor<2x3x17xi32>, tensor<2x3x17xi32>
  return
}

// numpy.cumprod(x), f16
func.func @halves() {
  %x = check.input dense<[1.5, 2.0, -2.0]> : tensor<3xf16>
  %e0 = llm.constant dense<[1.5, 3.0, -6.0]> : tensor<3xf16>
  %r0 = llm.cumprod %x {axis = 0 : i64} : (tensor<3xf16>) -> tensor<3xf16>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<3xf16>, tensor<3xf16>
  return
}
