// RUN: %run-checks %s

// x.reshape(3, 4)
func.func @plain() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %s = llm.constant dense<[3, 4]> : tensor<2xi64>
  %e = llm.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]]> : tensor<3x4xf32>
  %y = llm.reshape %x, %s : (tensor<2x6xf32>, tensor<2xi64>) -> tensor<3x4xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<3x4xf32>, tensor<3x4xf32>
  return
}

// x.reshape(2, 2, -1)
func.func @rest() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %s = llm.constant dense<[2, 2, -1]> : tensor<3xi64>
  %e = llm.constant dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
                           [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]]]> : tensor<2x2x3xf32>
  %y = llm.reshape %x, %s : (tensor<2x6xf32>, tensor<3xi64>) -> tensor<2x2x?xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2x?xf32>, tensor<2x2x3xf32>
  return
}

// 0 keeps the size of that axis: x.reshape(2, 3, 2)
func.func @kept() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %s = llm.constant dense<[0, 3, -1]> : tensor<3xi64>
  %e = llm.constant dense<[[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
                           [[7.0, 8.0], [9.0, 10.0], [11.0, 12.0]]]> : tensor<2x3x2xf32>
  %y = llm.reshape %x, %s : (tensor<2x6xf32>, tensor<3xi64>) -> tensor<?x3x2xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<?x3x2xf32>, tensor<2x3x2xf32>
  return
}

// no elements: x.reshape(0, 3, 2)
func.func @empty() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<> : tensor<0x6xf32> sizes affine_map<()[s0] -> (s0, 6)> -> tensor<?x6xf32>
  %s = llm.constant dense<[0, 3, 2]> : tensor<3xi64>
  %e = llm.constant dense<> : tensor<0x3x2xf32>
  %y = llm.reshape %x, %s : (tensor<?x6xf32>, tensor<3xi64>) -> tensor<?x3x2xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<?x3x2xf32>, tensor<0x3x2xf32>
  return
}

// x.reshape(())
func.func @scalar() {
  %x = check.input dense<[5.0]> : tensor<1xf32>
  %s = llm.constant dense<> : tensor<0xi64>
  %e = llm.constant dense<5.0> : tensor<f32>
  %y = llm.reshape %x, %s : (tensor<1xf32>, tensor<0xi64>) -> tensor<f32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<f32>, tensor<f32>
  return
}
