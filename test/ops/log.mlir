// RUN: %run-checks %s

// numpy, in float64: log(x)
func.func @values() {
  %x = check.input dense<[1.0, 2.7182817, 0.5, 10.0, 1.0e-38, 3.0e+38, -1.0, 0.0, -0.0, 0x7FC00000, 0x7F800000, 0xFF800000]> : tensor<12xf32>
  %e = llm.constant dense<[0.0, 0.99999994, -0.6931472, 2.3025851, -87.49823, 88.59685, 0x7FC00000, 0xFF800000,
                           0xFF800000, 0x7FC00000, 0x7F800000, 0x7FC00000]> : tensor<12xf32>
  %y = llm.log %x : (tensor<12xf32>) -> tensor<12xf32>
  check.almost_equal %y, %e : tensor<12xf32>, tensor<12xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[1.0, 2.0, 0.001, 60000.0, -2.0, 0x7C00]> : tensor<6xf16>
  %e = llm.constant dense<[0.0, 0.6934, -6.906, 11.0, 0x7E00, 0x7C00]> : tensor<6xf16>
  %y = llm.log %x : (tensor<6xf16>) -> tensor<6xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<6xf16>, tensor<6xf16>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.log %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
