// RUN: %run-checks %s

// ONNX ScatterElements, example 1
func.func @rows() {
  %x = check.input dense<[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %y = check.input dense<[[1, 0, 2], [0, 2, 1]]> : tensor<2x3xi64>
  %z = check.input dense<[[1.0, 1.100000023841858, 1.2000000476837158], [2.0, 2.0999999046325684, 2.200000047683716]]> : tensor<2x3xf32>
  %e0 = llm.constant dense<[[2.0, 1.100000023841858, 0.0], [1.0, 0.0, 2.200000047683716], [0.0, 2.0999999046325684, 1.2000000476837158]]> : tensor<3x3xf32>
  %r0 = llm.scatter_elements %x, %y, %z {axis = 0 : i64} : (tensor<3x3xf32>, tensor<2x3xi64>, tensor<2x3xf32>) -> tensor<3x3xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<3x3xf32>, tensor<3x3xf32>
  return
}

// ONNX ScatterElements, example 2, with a negative index
func.func @columns() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>
  %y = check.input dense<[[1, -2]]> : tensor<1x2xi64>
  %z = check.input dense<[[1.100000023841858, 2.0999999046325684]]> : tensor<1x2xf32>
  %e0 = llm.constant dense<[[1.0, 1.100000023841858, 3.0, 2.0999999046325684, 5.0]]> : tensor<1x5xf32>
  %r0 = llm.scatter_elements %x, %y, %z {axis = 1 : i64} : (tensor<1x5xf32>, tensor<1x2xi64>, tensor<1x2xf32>) -> tensor<1x5xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<1x5xf32>, tensor<1x5xf32>
  return
}

// three updates of one place, by a loop in their order
func.func @repeated_none() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>
  %y = check.input dense<[[1, 1, 1]]> : tensor<1x3xi64>
  %z = check.input dense<[[1.5, 2.25, 0.5]]> : tensor<1x3xf32>
  %e0 = llm.constant dense<[[1.0, 0.5, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>
  %r0 = llm.scatter_elements %x, %y, %z {axis = 1 : i64, reduction = "none"} : (tensor<1x5xf32>, tensor<1x3xi64>, tensor<1x3xf32>) -> tensor<1x5xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<1x5xf32>, tensor<1x5xf32>
  return
}

// three updates of one place, by a loop in their order
func.func @repeated_add() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>
  %y = check.input dense<[[1, 1, 1]]> : tensor<1x3xi64>
  %z = check.input dense<[[1.5, 2.25, 0.5]]> : tensor<1x3xf32>
  %e0 = llm.constant dense<[[1.0, 6.25, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>
  %r0 = llm.scatter_elements %x, %y, %z {axis = 1 : i64, reduction = "add"} : (tensor<1x5xf32>, tensor<1x3xi64>, tensor<1x3xf32>) -> tensor<1x5xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<1x5xf32>, tensor<1x5xf32>
  return
}

// three updates of one place, by a loop in their order
func.func @repeated_mul() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>
  %y = check.input dense<[[1, 1, 1]]> : tensor<1x3xi64>
  %z = check.input dense<[[1.5, 2.25, 0.5]]> : tensor<1x3xf32>
  %e0 = llm.constant dense<[[1.0, 3.375, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>
  %r0 = llm.scatter_elements %x, %y, %z {axis = 1 : i64, reduction = "mul"} : (tensor<1x5xf32>, tensor<1x3xi64>, tensor<1x3xf32>) -> tensor<1x5xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<1x5xf32>, tensor<1x5xf32>
  return
}

// three updates of one place, by a loop in their order
func.func @repeated_max() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>
  %y = check.input dense<[[1, 1, 1]]> : tensor<1x3xi64>
  %z = check.input dense<[[1.5, 2.25, 0.5]]> : tensor<1x3xf32>
  %e0 = llm.constant dense<[[1.0, 2.25, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>
  %r0 = llm.scatter_elements %x, %y, %z {axis = 1 : i64, reduction = "max"} : (tensor<1x5xf32>, tensor<1x3xi64>, tensor<1x3xf32>) -> tensor<1x5xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<1x5xf32>, tensor<1x5xf32>
  return
}

// three updates of one place, by a loop in their order
func.func @repeated_min() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>
  %y = check.input dense<[[1, 1, 1]]> : tensor<1x3xi64>
  %z = check.input dense<[[1.5, 2.25, 0.5]]> : tensor<1x3xf32>
  %e0 = llm.constant dense<[[1.0, 0.5, 3.0, 4.0, 5.0]]> : tensor<1x5xf32>
  %r0 = llm.scatter_elements %x, %y, %z {axis = 1 : i64, reduction = "min"} : (tensor<1x5xf32>, tensor<1x3xi64>, tensor<1x3xf32>) -> tensor<1x5xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<1x5xf32>, tensor<1x5xf32>
  return
}

// y[0, i[0, b, 0], 0] += u[0, b, 0]: int8, indices of fewer rows and columns than x
func.func @middle() {
  %x = check.input dense<[[[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]]> : tensor<2x3x2xi8>
  %y = check.input dense<[[[2], [0]]]> : tensor<1x2x1xi32>
  %z = check.input dense<[[[100], [120]]]> : tensor<1x2x1xi8>
  %e0 = llm.constant dense<[[[120, 1], [2, 3], [104, 5]], [[6, 7], [8, 9], [10, 11]]]> : tensor<2x3x2xi8>
  %r0 = llm.scatter_elements %x, %y, %z {axis = 1 : i64, reduction = "add"} : (tensor<2x3x2xi8>, tensor<1x2x1xi32>, tensor<1x2x1xi8>) -> tensor<2x3x2xi8>
  check.equal %r0, %e0 : tensor<2x3x2xi8>, tensor<2x3x2xi8>
  return
}

// of booleans
func.func @booleans() {
  %x = check.input dense<[false, false, true]> : tensor<3xi1>
  %y = check.input dense<[0, 2]> : tensor<2xi64>
  %z = check.input dense<[true, false]> : tensor<2xi1>
  %e0 = llm.constant dense<[true, false, false]> : tensor<3xi1>
  %r0 = llm.scatter_elements %x, %y, %z {axis = 0 : i64} : (tensor<3xi1>, tensor<2xi64>, tensor<2xi1>) -> tensor<3xi1>
  check.equal %r0, %e0 : tensor<3xi1>, tensor<3xi1>
  return
}

// NaN wins, as in numpy.maximum
func.func @nan() {
  %x = check.input dense<[1.0, 0x7FC00000, 3.0]> : tensor<3xf32>
  %y = check.input dense<[0, 1, 2]> : tensor<3xi64>
  %z = check.input dense<[0x7FC00000, 2.0, 5.0]> : tensor<3xf32>
  %e0 = llm.constant dense<[0x7FC00000, 0x7FC00000, 5.0]> : tensor<3xf32>
  %r0 = llm.scatter_elements %x, %y, %z {axis = 0 : i64, reduction = "max"} : (tensor<3xf32>, tensor<3xi64>, tensor<3xf32>) -> tensor<3xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<3xf32>, tensor<3xf32>
  return
}

// no updates
func.func @none() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<[[3.0, 4.0], [5.0, 6.0]]> : tensor<2x2xf32>
  %i = check.input dense<> : tensor<2x0xi64> sizes affine_map<()[s0] -> (2, s0)> -> tensor<2x?xi64>
  %u = check.input dense<> : tensor<2x0xf32> sizes affine_map<()[s0] -> (2, s0)> -> tensor<2x?xf32>
  %e = llm.constant dense<[[3.0, 4.0], [5.0, 6.0]]> : tensor<2x2xf32>
  %y = llm.scatter_elements %x, %i, %u {axis = 1 : i64} : (tensor<2x2xf32>, tensor<2x?xi64>, tensor<2x?xf32>) -> tensor<2x2xf32>
  check.almost_equal %y, %e : tensor<2x2xf32>, tensor<2x2xf32>
  return
}
