// RUN: %run-checks %s

// numpy, in float64: sqrt(x)
func.func @values() {
  %x = check.input dense<[1.0, 2.0, 0.25, 1.0e-38, 3.0e+38, -1.0, 0.0, -0.0, 0x7FC00000, 0x7F800000, 0xFF800000]> : tensor<11xf32>
  %e = llm.constant dense<[1.0, 1.4142135, 0.5, 1.0e-19, 1.7320508e+19, 0x7FC00000, 0.0, -0.0, 0x7FC00000,
                           0x7F800000, 0x7FC00000]> : tensor<11xf32>
  %y = llm.sqrt %x : (tensor<11xf32>) -> tensor<11xf32>
  check.almost_equal %y, %e : tensor<11xf32>, tensor<11xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[1.0, 2.0, 0.001, 60000.0, -2.0, 0x7C00]> : tensor<6xf16>
  %e = llm.constant dense<[1.0, 1.414, 0.03162, 245.0, 0x7E00, 0x7C00]> : tensor<6xf16>
  %y = llm.sqrt %x : (tensor<6xf16>) -> tensor<6xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<6xf16>, tensor<6xf16>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.sqrt %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
