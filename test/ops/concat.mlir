// RUN: %run-checks %s

// concatenate((x0, x1), 1)
func.func @columns() {
  %x0 = check.input dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %x1 = check.input dense<[[3.0, 4.0], [5.0, 6.0]]> : tensor<2x2xf32>
  %e = llm.constant dense<[[1.0, 3.0, 4.0], [2.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %y = llm.concat %x0, %x1 {axis = 1 : i64} : (tensor<2x1xf32>, tensor<2x2xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// concatenate((x0, x1, x0), 0)
func.func @rows() {
  %x0 = check.input dense<[[3.0, 4.0], [5.0, 6.0]]> : tensor<2x2xf32>
  %x1 = check.input dense<[[7.0, 8.0], [9.0, 10.0]]> : tensor<2x2xf32>
  %x2 = check.input dense<[[3.0, 4.0], [5.0, 6.0]]> : tensor<2x2xf32>
  %e = llm.constant dense<[[3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 10.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<6x2xf32>
  %y = llm.concat %x0, %x1, %x2 {axis = 0 : i64} : (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<6x2xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<6x2xf32>, tensor<6x2xf32>
  return
}

// the axis in the middle
func.func @middle() {
  %x0 = check.input dense<[[[0.0, 1.0, 2.0, 3.0]], [[12.0, 13.0, 14.0, 15.0]]]> : tensor<2x1x4xf32>
  %x1 = check.input dense<[[[4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]],
                            [[16.0, 17.0, 18.0, 19.0], [20.0, 21.0, 22.0, 23.0]]]> : tensor<2x2x4xf32>
  %e = llm.constant dense<[[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]],
                           [[12.0, 13.0, 14.0, 15.0],
                            [16.0, 17.0, 18.0, 19.0],
                            [20.0, 21.0, 22.0, 23.0]]]> : tensor<2x3x4xf32>
  %y = llm.concat %x0, %x1 {axis = 1 : i64} : (tensor<2x1x4xf32>, tensor<2x2x4xf32>) -> tensor<2x3x4xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3x4xf32>, tensor<2x3x4xf32>
  return
}

// of one
func.func @one() {
  %x0 = check.input dense<[1, 2]> : tensor<2xi64>
  %e = llm.constant dense<[1, 2]> : tensor<2xi64>
  %y = llm.concat %x0 {axis = 0 : i64} : (tensor<2xi64>) -> tensor<2xi64>
  check.equal %y, %e : tensor<2xi64>, tensor<2xi64>
  return
}

// a cache of no positions: concatenate((zeros((1, 0, 2)), x1), 1)
func.func @empty_past() attributes {llm.symbols = ["past"]} {
  %p = check.input dense<> : tensor<1x0x2xf32> sizes affine_map<()[s0] -> (1, s0, 2)> -> tensor<1x?x2xf32>
  %x = check.input dense<[[[1.0, 2.0]]]> : tensor<1x1x2xf32>
  %e = llm.constant dense<[[[1.0, 2.0]]]> : tensor<1x1x2xf32>
  %y = llm.concat %p, %x {axis = 1 : i64} : (tensor<1x?x2xf32>, tensor<1x1x2xf32>) -> tensor<1x?x2xf32>
  check.almost_equal %y, %e : tensor<1x?x2xf32>, tensor<1x1x2xf32>
  return
}
