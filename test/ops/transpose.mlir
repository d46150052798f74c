// RUN: %run-checks %s

// transpose(x, (1, 0))
func.func @matrix() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %e = llm.constant dense<[[1.0, 7.0],
                           [2.0, 8.0],
                           [3.0, 9.0],
                           [4.0, 10.0],
                           [5.0, 11.0],
                           [6.0, 12.0]]> : tensor<6x2xf32>
  %y = llm.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x6xf32>) -> tensor<6x2xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<6x2xf32>, tensor<6x2xf32>
  return
}

// transpose(x, (2, 0, 1)): a permutation that is not its own inverse
func.func @cube() {
  %x = check.input dense<[[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]],
                           [[12.0, 13.0, 14.0, 15.0],
                            [16.0, 17.0, 18.0, 19.0],
                            [20.0, 21.0, 22.0, 23.0]]]> : tensor<2x3x4xf32>
  %e = llm.constant dense<[[[0.0, 4.0, 8.0], [12.0, 16.0, 20.0]],
                           [[1.0, 5.0, 9.0], [13.0, 17.0, 21.0]],
                           [[2.0, 6.0, 10.0], [14.0, 18.0, 22.0]],
                           [[3.0, 7.0, 11.0], [15.0, 19.0, 23.0]]]> : tensor<4x2x3xf32>
  %y = llm.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<4x2x3xf32>, tensor<4x2x3xf32>
  return
}

// float16, heads in front
func.func @halves() {
  %x = check.input dense<[[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]],
                           [[12.0, 13.0, 14.0, 15.0],
                            [16.0, 17.0, 18.0, 19.0],
                            [20.0, 21.0, 22.0, 23.0]]]> : tensor<2x3x4xf16>
  %e = llm.constant dense<[[[0.0, 1.0, 2.0, 3.0], [12.0, 13.0, 14.0, 15.0]],
                           [[4.0, 5.0, 6.0, 7.0], [16.0, 17.0, 18.0, 19.0]],
                           [[8.0, 9.0, 10.0, 11.0], [20.0, 21.0, 22.0, 23.0]]]> : tensor<3x2x4xf16>
  %y = llm.transpose %x {permutation = array<i64: 1, 0, 2>} : (tensor<2x3x4xf16>) -> tensor<3x2x4xf16>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<3x2x4xf16>, tensor<3x2x4xf16>
  return
}

// bytes
func.func @booleans() {
  %x = check.input dense<[[true, false, true], [false, false, true]]> : tensor<2x3xi1>
  %e = llm.constant dense<[[true, false], [false, false], [true, true]]> : tensor<3x2xi1>
  %y = llm.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xi1>) -> tensor<3x2xi1>
  check.equal %y, %e : tensor<3x2xi1>, tensor<3x2xi1>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<3x0xf32>
  %y = llm.transpose %x {permutation = array<i64: 1, 0>} : (tensor<?x3xf32>) -> tensor<3x?xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<3x?xf32>, tensor<3x0xf32>
  return
}
