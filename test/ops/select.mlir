// RUN: %run-checks %s

// where(c, x, y): a NaN that is not chosen leaves no trace
func.func @broadcast() {
  %c = check.input dense<[[true], [false]]> : tensor<2x1xi1>
  %x = check.input dense<1.5> : tensor<f32>
  %z = check.input dense<[[0x7FC00000, 2.0, 0x7F800000]]> : tensor<1x3xf32>
  %e = llm.constant dense<[[1.5, 1.5, 1.5], [0x7FC00000, 2.0, 0x7F800000]]> : tensor<2x3xf32>
  %y = llm.select %c, %x, %z : (tensor<2x1xi1>, tensor<f32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// int64 is exact
func.func @integers() {
  %c = check.input dense<[true, false, true]> : tensor<3xi1>
  %x = check.input dense<[1, 2, 4611686018427387905]> : tensor<3xi64>
  %z = check.input dense<[-1, -2, -3]> : tensor<3xi64>
  %e = llm.constant dense<[1, -2, 4611686018427387905]> : tensor<3xi64>
  %y = llm.select %c, %x, %z : (tensor<3xi1>, tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  check.equal %y, %e : tensor<3xi64>, tensor<3xi64>
  return
}

// float16
func.func @halves() {
  %c = check.input dense<[true, false, true]> : tensor<3xi1>
  %x = check.input dense<[1.0, 2.0, 3.0]> : tensor<3xf16>
  %z = check.input dense<[-1.0, -2.0, -3.0]> : tensor<3xf16>
  %e = llm.constant dense<[1.0, -2.0, 3.0]> : tensor<3xf16>
  %y = llm.select %c, %x, %z : (tensor<3xi1>, tensor<3xf16>, tensor<3xf16>) -> tensor<3xf16>
  check.almost_equal %y, %e : tensor<3xf16>, tensor<3xf16>
  return
}
