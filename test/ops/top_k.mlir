// RUN: %run-checks %s

// ONNX TopK, the example of the operator document
func.func @largest() {
  %x = check.input dense<[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]]> : tensor<3x4xf32>
  %y = llm.constant dense<[3]> : tensor<1xi64>
  %e0 = llm.constant dense<[[3.0, 2.0, 1.0], [7.0, 6.0, 5.0], [11.0, 10.0, 9.0]]> : tensor<3x3xf32>
  %e1 = llm.constant dense<[[3, 2, 1], [3, 2, 1], [3, 2, 1]]> : tensor<3x3xi64>
  %r0, %r1 = llm.top_k %x, %y {axis = 1 : i64} : (tensor<3x4xf32>, tensor<1xi64>) -> (tensor<3x3xf32>, tensor<3x3xi64>)
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<3x3xf32>, tensor<3x3xf32>
  check.equal %r1, %e1 : tensor<3x3xi64>, tensor<3x3xi64>
  return
}

// equal elements: the lower index first; numpy.argsort(-x, kind = stable)
func.func @equal() {
  %x = check.input dense<[[5.0, 1.0, 5.0, 3.0, 1.0, 9.0, 5.0], [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]]> : tensor<2x7xf32>
  %y = llm.constant dense<[4]> : tensor<1xi64>
  %e0 = llm.constant dense<[[9.0, 5.0, 5.0, 5.0], [2.0, 2.0, 2.0, 2.0]]> : tensor<2x4xf32>
  %e1 = llm.constant dense<[[5, 0, 2, 6], [0, 1, 2, 3]]> : tensor<2x4xi64>
  %r0, %r1 = llm.top_k %x, %y {axis = 1 : i64} : (tensor<2x7xf32>, tensor<1xi64>) -> (tensor<2x4xf32>, tensor<2x4xi64>)
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x4xf32>, tensor<2x4xf32>
  check.equal %r1, %e1 : tensor<2x4xi64>, tensor<2x4xi64>
  return
}

// the smallest ones; numpy.argsort(x, kind = stable)
func.func @smallest() {
  %x = check.input dense<[[5.0, 1.0, 5.0, 3.0, 1.0, 9.0, 5.0], [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]]> : tensor<2x7xf32>
  %y = llm.constant dense<[3]> : tensor<1xi64>
  %e0 = llm.constant dense<[[1.0, 1.0, 3.0], [2.0, 2.0, 2.0]]> : tensor<2x3xf32>
  %e1 = llm.constant dense<[[1, 4, 3], [0, 1, 2]]> : tensor<2x3xi64>
  %r0, %r1 = llm.top_k %x, %y {axis = 1 : i64, smallest} : (tensor<2x7xf32>, tensor<1xi64>) -> (tensor<2x3xf32>, tensor<2x3xi64>)
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  check.equal %r1, %e1 : tensor<2x3xi64>, tensor<2x3xi64>
  return
}

// all of the middle axis: a stable sort; numpy.argsort
func.func @sorts() {
  %x = check.input dense<[[[5, -8, -6], [-5, -6, 5], [6, 1, -9], [-8, -4, -2], [2, -1, -5]], [[-7, 3, 4], [-9, -7, -1], [-2, 6, 0], [-2, -2, 2], [1, -6, 4]]]> : tensor<2x5x3xi32>
  %y = llm.constant dense<[5]> : tensor<1xi64>
  %e0 = llm.constant dense<[[[6, 1, 5], [5, -1, -2], [2, -4, -5], [-5, -6, -6], [-8, -8, -9]], [[1, 6, 4], [-2, 3, 4], [-2, -2, 2], [-7, -6, 0], [-9, -7, -1]]]> : tensor<2x5x3xi32>
  %e1 = llm.constant dense<[[[2, 2, 1], [0, 4, 3], [4, 3, 4], [1, 1, 0], [3, 0, 2]], [[4, 2, 0], [2, 0, 4], [3, 3, 3], [0, 4, 2], [1, 1, 1]]]> : tensor<2x5x3xi64>
  %r0, %r1 = llm.top_k %x, %y {axis = 1 : i64} : (tensor<2x5x3xi32>, tensor<1xi64>) -> (tensor<2x5x3xi32>, tensor<2x5x3xi64>)
  check.equal %r0, %e0 : tensor<2x5x3xi32>, tensor<2x5x3xi32>
  check.equal %r1, %e1 : tensor<2x5x3xi64>, tensor<2x5x3xi64>
  return
}

// NaN is larger than any number
func.func @nan() {
  %x = check.input dense<[1.0, 0x7FC00000, 3.0, 0x7FC00000, 0xFF800000, 2.0]> : tensor<6xf32>
  %y = llm.constant dense<[4]> : tensor<1xi64>
  %e0 = llm.constant dense<[0x7FC00000, 0x7FC00000, 3.0, 2.0]> : tensor<4xf32>
  %e1 = llm.constant dense<[1, 3, 2, 5]> : tensor<4xi64>
  %r0, %r1 = llm.top_k %x, %y {axis = 0 : i64} : (tensor<6xf32>, tensor<1xi64>) -> (tensor<4xf32>, tensor<4xi64>)
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<4xf32>, tensor<4xf32>
  check.equal %r1, %e1 : tensor<4xi64>, tensor<4xi64>
  return
}

// of uint64
func.func @unsigned() {
  %x = check.input dense<[9223372036854775808, 3, 18446744073709551615]> : tensor<3xui64>
  %y = llm.constant dense<[2]> : tensor<1xi64>
  %e0 = llm.constant dense<[18446744073709551615, 9223372036854775808]> : tensor<2xui64>
  %e1 = llm.constant dense<[2, 0]> : tensor<2xi64>
  %r0, %r1 = llm.top_k %x, %y {axis = 0 : i64} : (tensor<3xui64>, tensor<1xi64>) -> (tensor<2xui64>, tensor<2xi64>)
  check.equal %r0, %e0 : tensor<2xui64>, tensor<2xui64>
  check.equal %r1, %e1 : tensor<2xi64>, tensor<2xi64>
  return
}

// k by the size of another tensor, and none
func.func @symbolic() attributes {llm.symbols = ["n", "m"]} {
  %x = check.input dense<[[3.0, 4.0, 5.0], [6.0, 5.0, 7.0]]> : tensor<2x3xf32>
  %z = check.input dense<[[1, 1]]> : tensor<1x2xi64> sizes affine_map<()[s0, s1] -> (s1 + 1, s0)> -> tensor<?x?xi64>
  %k = llm.dims affine_map<()[s0, s1] -> (s0)> : tensor<1xi64>
  %l = llm.dims affine_map<()[s0, s1] -> (s1)> : tensor<1xi64>
  %e = llm.constant dense<[[5.0, 4.0], [7.0, 6.0]]> : tensor<2x2xf32>
  %f = llm.constant dense<[[2, 1], [2, 0]]> : tensor<2x2xi64>
  %g = llm.constant dense<> : tensor<2x0xi64>
  %v, %i = llm.top_k %x, %k {axis = 1 : i64} : (tensor<2x3xf32>, tensor<1xi64>) -> (tensor<2x?xf32>, tensor<2x?xi64>)
  %w, %j = llm.top_k %x, %l {axis = 1 : i64} : (tensor<2x3xf32>, tensor<1xi64>) -> (tensor<2x?xf32>, tensor<2x?xi64>)
  check.almost_equal %v, %e : tensor<2x?xf32>, tensor<2x2xf32>
  check.equal %i, %f : tensor<2x?xi64>, tensor<2x2xi64>
  check.equal %j, %g : tensor<2x?xi64>, tensor<2x0xi64>
  return
}
