// RUN: %run-checks %s

// ONNX GatherElements, example 1; numpy.take_along_axis(x, i, 1)
func.func @columns() {
  %x = check.input dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %y = check.input dense<[[0, 0], [1, 0]]> : tensor<2x2xi64>
  %e0 = llm.constant dense<[[1.0, 1.0], [4.0, 3.0]]> : tensor<2x2xf32>
  %r0 = llm.gather_elements %x, %y {axis = 1 : i64} : (tensor<2x2xf32>, tensor<2x2xi64>) -> tensor<2x2xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2xf32>, tensor<2x2xf32>
  return
}

// ONNX GatherElements, example 2: fewer rows of indices than of x, int32
func.func @rows() {
  %x = check.input dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]> : tensor<3x3xf32>
  %y = check.input dense<[[1, 2, 0], [2, 0, 0]]> : tensor<2x3xi32>
  %e0 = llm.constant dense<[[4.0, 8.0, 3.0], [7.0, 2.0, 3.0]]> : tensor<2x3xf32>
  %r0 = llm.gather_elements %x, %y {axis = 0 : i64} : (tensor<3x3xf32>, tensor<2x3xi32>) -> tensor<2x3xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// numpy.take_along_axis(x, i, 0) with negative indices
func.func @negative() {
  %x = check.input dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]> : tensor<3x3xf32>
  %y = check.input dense<[[-1, -2, 0], [-2, 0, 0]]> : tensor<2x3xi64>
  %e0 = llm.constant dense<[[7.0, 5.0, 3.0], [4.0, 2.0, 3.0]]> : tensor<2x3xf32>
  %r0 = llm.gather_elements %x, %y {axis = 0 : i64} : (tensor<3x3xf32>, tensor<2x3xi64>) -> tensor<2x3xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// x[0, i[0, b, c], c] for the first row, two places and three of four columns
func.func @middle() {
  %x = check.input dense<[[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]], [[12, 13, 14, 15], [16, 17, 18, 19], [20, 21, 22, 23]]]> : tensor<2x3x4xi16>
  %y = check.input dense<[[[2, 0, 1], [0, -1, 2]]]> : tensor<1x2x3xi64>
  %e0 = llm.constant dense<[[[8, 1, 6], [0, 9, 10]]]> : tensor<1x2x3xi16>
  %r0 = llm.gather_elements %x, %y {axis = 1 : i64} : (tensor<2x3x4xi16>, tensor<1x2x3xi64>) -> tensor<1x2x3xi16>
  check.equal %r0, %e0 : tensor<1x2x3xi16>, tensor<1x2x3xi16>
  return
}

// of booleans, more indices than elements
func.func @booleans() {
  %x = check.input dense<[true, false, true]> : tensor<3xi1>
  %y = check.input dense<[2, 1, 1, -3]> : tensor<4xi64>
  %e0 = llm.constant dense<[true, false, false, true]> : tensor<4xi1>
  %r0 = llm.gather_elements %x, %y {axis = 0 : i64} : (tensor<3xi1>, tensor<4xi64>) -> tensor<4xi1>
  check.equal %r0, %e0 : tensor<4xi1>, tensor<4xi1>
  return
}

// no indices
func.func @none() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<[[3.0, 4.0], [5.0, 6.0]]> : tensor<2x2xf32>
  %i = check.input dense<> : tensor<2x0xi64> sizes affine_map<()[s0] -> (2, s0)> -> tensor<2x?xi64>
  %e = llm.constant dense<> : tensor<2x0xf32>
  %y = llm.gather_elements %x, %i {axis = 1 : i64} : (tensor<2x2xf32>, tensor<2x?xi64>) -> tensor<2x?xf32>
  check.almost_equal %y, %e : tensor<2x?xf32>, tensor<2x0xf32>
  return
}
