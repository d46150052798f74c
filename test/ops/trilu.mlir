// RUN: %run-checks %s

// triu(x, 1)
func.func @upper() {
  %x = check.input dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %e = llm.constant dense<[[0.0, 2.0, 3.0], [0.0, 0.0, 6.0]]> : tensor<2x3xf32>
  %y = llm.trilu %x {upper, diagonal = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// tril(x)
func.func @lower() {
  %x = check.input dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %e = llm.constant dense<[[1.0, 0.0, 0.0], [4.0, 5.0, 0.0]]> : tensor<2x3xf32>
  %y = llm.trilu %x {diagonal = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// tril(x, -1)
func.func @lower_below() {
  %x = check.input dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %e = llm.constant dense<[[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %y = llm.trilu %x {diagonal = -1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// triu(x, -1)
func.func @upper_below() {
  %x = check.input dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %e = llm.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %y = llm.trilu %x {upper, diagonal = -1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// of each matrix, booleans
func.func @batch() {
  %x = check.input dense<[[[true, true], [true, true]], [[true, true], [true, true]]]> : tensor<2x2x2xi1>
  %e = llm.constant dense<[[[true, false], [true, true]], [[true, false], [true, true]]]> : tensor<2x2x2xi1>
  %y = llm.trilu %x {diagonal = 0 : i64} : (tensor<2x2x2xi1>) -> tensor<2x2x2xi1>
  check.equal %y, %e : tensor<2x2x2xi1>, tensor<2x2x2xi1>
  return
}

// what is cut off leaves no trace
func.func @nan() {
  %x = check.input dense<[[0x7FC00000, 0x7F800000], [1.0, 2.0]]> : tensor<2x2xf32>
  %e = llm.constant dense<[[0.0, 0.0], [1.0, 0.0]]> : tensor<2x2xf32>
  %y = llm.trilu %x {diagonal = -1 : i64} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2xf32>, tensor<2x2xf32>
  return
}
