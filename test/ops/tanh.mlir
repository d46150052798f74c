// RUN: %run-checks %s

// numpy, in float64: tanh(x)
func.func @values() {
  %x = check.input dense<[0.5, -0.5, 1.0, -1.0, 2.5, -3.25, 7.0, 0.001, 0.0, -0.0, 0x7FC00000, 0x7F800000,
                           0xFF800000, 1.0e-04, 20.0, -20.0]> : tensor<16xf32>
  %e = llm.constant dense<[0.46211717, -0.46211717, 0.7615942, -0.7615942, 0.9866143, -0.99699765, 0.99999833,
                           0.0009999997, 0.0, -0.0, 0x7FC00000, 1.0, -1.0, 1.0e-04, 1.0, -1.0]> : tensor<16xf32>
  %y = llm.tanh %x : (tensor<16xf32>) -> tensor<16xf32>
  check.almost_equal %y, %e : tensor<16xf32>, tensor<16xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[0.5, -1.5, 2.0, -7.0, 12.0, -12.0, 0.0, -0.0, 0x7E00, 0x7C00, 0xFC00]> : tensor<11xf16>
  %e = llm.constant dense<[0.4622, -0.9053, 0.964, -1.0, 1.0, -1.0, 0.0, -0.0, 0x7E00, 1.0, -1.0]> : tensor<11xf16>
  %y = llm.tanh %x : (tensor<11xf16>) -> tensor<11xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<11xf16>, tensor<11xf16>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.tanh %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
