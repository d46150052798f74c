// RUN: %run-checks %s

// numpy, in float64: x / (1 + exp(-x))
func.func @values() {
  %x = check.input dense<[0.5, -0.5, 1.0, -1.0, 2.5, -3.25, 7.0, 0.001, 0.0, 0x7FC00000, 0x7F800000, 20.0, -20.0, -80.0]> : tensor<14xf32>
  %e = llm.constant dense<[0.31122968, -0.18877034, 0.7310586, -0.26894143, 2.3103545, -0.12131239, 6.993623,
                           0.00050025, 0.0, 0x7FC00000, 0x7F800000, 20.0, -4.122307e-08, -1.4438811e-33]> : tensor<14xf32>
  %y = llm.silu %x : (tensor<14xf32>) -> tensor<14xf32>
  check.almost_equal %y, %e : tensor<14xf32>, tensor<14xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[0.5, -1.5, 2.0, -7.0, 0x7E00, 0x7C00]> : tensor<6xf16>
  %e = llm.constant dense<[0.3113, -0.2737, 1.762, -0.00638, 0x7E00, 0x7C00]> : tensor<6xf16>
  %y = llm.silu %x : (tensor<6xf16>) -> tensor<6xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<6xf16>, tensor<6xf16>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.silu %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
