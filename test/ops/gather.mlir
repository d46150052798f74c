// RUN: %run-checks %s

// take(x, i, 0)
func.func @rows() {
  %x = check.input dense<[[3.0, 4.0], [5.0, 6.0]]> : tensor<2x2xf32>
  %i = check.input dense<[[1, 0], [1, 1]]> : tensor<2x2xi64>
  %e = llm.constant dense<[[[5.0, 6.0], [3.0, 4.0]], [[5.0, 6.0], [5.0, 6.0]]]> : tensor<2x2x2xf32>
  %y = llm.gather %x, %i {axis = 0 : i64} : (tensor<2x2xf32>, tensor<2x2xi64>) -> tensor<2x2x2xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2x2xf32>, tensor<2x2x2xf32>
  return
}

// take(x, i, -1) with negative indices
func.func @last() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %i = check.input dense<[-1, 0, -6]> : tensor<3xi64>
  %e = llm.constant dense<[[6.0, 1.0, 1.0], [12.0, 7.0, 7.0]]> : tensor<2x3xf32>
  %y = llm.gather %x, %i {axis = 1 : i64} : (tensor<2x6xf32>, tensor<3xi64>) -> tensor<2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// a scalar index removes the axis
func.func @scalar() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %i = check.input dense<1> : tensor<i64>
  %e = llm.constant dense<[7.0, 8.0, 9.0, 10.0, 11.0, 12.0]> : tensor<6xf32>
  %y = llm.gather %x, %i {axis = 0 : i64} : (tensor<2x6xf32>, tensor<i64>) -> tensor<6xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<6xf32>, tensor<6xf32>
  return
}

// an index tensor in the middle of three axes, int32
func.func @middle() {
  %x = check.input dense<[[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]],
                           [[12.0, 13.0, 14.0, 15.0],
                            [16.0, 17.0, 18.0, 19.0],
                            [20.0, 21.0, 22.0, 23.0]]]> : tensor<2x3x4xf32>
  %i = check.input dense<[[2], [0]]> : tensor<2x1xi32>
  %e = llm.constant dense<[[[[8.0, 9.0, 10.0, 11.0]], [[0.0, 1.0, 2.0, 3.0]]],
                           [[[20.0, 21.0, 22.0, 23.0]], [[12.0, 13.0, 14.0, 15.0]]]]> : tensor<2x2x1x4xf32>
  %y = llm.gather %x, %i {axis = 1 : i64} : (tensor<2x3x4xf32>, tensor<2x1xi32>) -> tensor<2x2x1x4xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2x1x4xf32>, tensor<2x2x1x4xf32>
  return
}

// of int64
func.func @vector() {
  %x = check.input dense<[10, 20, 30]> : tensor<3xi64>
  %i = check.input dense<[2, -3]> : tensor<2xi64>
  %e = llm.constant dense<[30, 10]> : tensor<2xi64>
  %y = llm.gather %x, %i {axis = 0 : i64} : (tensor<3xi64>, tensor<2xi64>) -> tensor<2xi64>
  check.equal %y, %e : tensor<2xi64>, tensor<2xi64>
  return
}

// no indices
func.func @none() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<[[3.0, 4.0], [5.0, 6.0]]> : tensor<2x2xf32>
  %i = check.input dense<> : tensor<0xi64> sizes affine_map<()[s0] -> (s0)> -> tensor<?xi64>
  %e = llm.constant dense<> : tensor<0x2xf32>
  %y = llm.gather %x, %i {axis = 0 : i64} : (tensor<2x2xf32>, tensor<?xi64>) -> tensor<?x2xf32>
  check.almost_equal %y, %e : tensor<?x2xf32>, tensor<0x2xf32>
  return
}
