// RUN: %run-checks %s

// numpy, in float64: 1 / x
func.func @values() {
  %x = check.input dense<[1.0, -2.0, 3.0, 1.0e-38, 3.0e+38, 0.0, -0.0, 0x7FC00000, 0x7F800000, 0xFF800000]> : tensor<10xf32>
  %e = llm.constant dense<[1.0, -0.5, 0.33333334, 1.0000001e+38, 3.333333e-39, 0x7F800000, 0xFF800000, 0x7FC00000, 0.0, -0.0]> : tensor<10xf32>
  %y = llm.reciprocal %x : (tensor<10xf32>) -> tensor<10xf32>
  check.almost_equal %y, %e : tensor<10xf32>, tensor<10xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[1.0, 3.0, -0.001, 60000.0, 0.0, -0.0, 0x7E00, 0x7C00, 0xFC00]> : tensor<9xf16>
  %e = llm.constant dense<[1.0, 0.3333, -999.5, 1.67e-05, 0x7C00, 0xFC00, 0x7E00, 0.0, -0.0]> : tensor<9xf16>
  %y = llm.reciprocal %x : (tensor<9xf16>) -> tensor<9xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<9xf16>, tensor<9xf16>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.reciprocal %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
