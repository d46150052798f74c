// RUN: %run-checks %s

// elements in row-major order
func.func @floats() {
  %c = llm.constant dense<[[1.5, -2.0], [0x7FC00000, 0x7F800000]]> : tensor<2x2xf32>
  %e = check.input dense<[[1.5, -2.0], [0x7FC00000, 0x7F800000]]> : tensor<2x2xf32>
  check.almost_equal %c, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2xf32>, tensor<2x2xf32>
  return
}

// one value for all elements
func.func @splat() {
  %c = llm.constant dense<7> : tensor<2x3xi32>
  %e = check.input dense<[[7, 7, 7], [7, 7, 7]]> : tensor<2x3xi32>
  check.equal %c, %e : tensor<2x3xi32>, tensor<2x3xi32>
  return
}

// i1
func.func @booleans() {
  %c = llm.constant dense<[true, false, true, true, false, false, true, false, true]> : tensor<9xi1>
  %e = check.input dense<[true, false, true, true, false, false, true, false, true]> : tensor<9xi1>
  check.equal %c, %e : tensor<9xi1>, tensor<9xi1>
  return
}

// no axes
func.func @scalar() {
  %c = llm.constant dense<-3> : tensor<i64>
  %e = check.input dense<-3> : tensor<i64>
  check.equal %c, %e : tensor<i64>, tensor<i64>
  return
}

// float16
func.func @halves() {
  %c = llm.constant dense<[0.1, -65500.0, 6.0e-08]> : tensor<3xf16>
  %e = check.input dense<[0.1, -65500.0, 6.0e-08]> : tensor<3xf16>
  check.almost_equal %c, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<3xf16>, tensor<3xf16>
  return
}
