// RUN: %run-checks %s

// numpy, in float64: 1 / sqrt(x)
func.func @values() {
  %x = check.input dense<[1.0, 2.0, 0.25, 1.0e-38, 3.0e+38, -1.0, 0.0, 0x7FC00000, 0x7F800000]> : tensor<9xf32>
  %e = llm.constant dense<[1.0, 0.70710677, 2.0, 1.0e+19, 5.773503e-20, 0x7FC00000, 0x7F800000, 0x7FC00000, 0.0]> : tensor<9xf32>
  %y = llm.rsqrt %x : (tensor<9xf32>) -> tensor<9xf32>
  check.almost_equal %y, %e : tensor<9xf32>, tensor<9xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[1.0, 2.0, 0.001, 60000.0, -2.0, 0x7C00]> : tensor<6xf16>
  %e = llm.constant dense<[1.0, 0.707, 31.61, 0.00408, 0x7E00, 0.0]> : tensor<6xf16>
  %y = llm.rsqrt %x : (tensor<6xf16>) -> tensor<6xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<6xf16>, tensor<6xf16>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.rsqrt %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
