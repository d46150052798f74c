// RUN: %run-checks %s

// numpy, in float64: floor(x)
func.func @values() {
  %x = check.input dense<[0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, 2.0, -3.7, 8388609.0, -0.2, 0.0, -0.0,
                           0x7FC00000, 0x7F800000, 0xFF800000]> : tensor<15xf32>
  %e = llm.constant dense<[0.0, -1.0, 1.0, 2.0, -3.0, 0.0, 2.0, -4.0, 8388609.0, -1.0, 0.0, -0.0, 0x7FC00000,
                           0x7F800000, 0xFF800000]> : tensor<15xf32>
  %y = llm.floor %x : (tensor<15xf32>) -> tensor<15xf32>
  check.almost_equal %y, %e : tensor<15xf32>, tensor<15xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[0.5, -1.5, 2.0, -7.0, 0.0, -0.0, 0x7E00, 0x7C00, 0xFC00]> : tensor<9xf16>
  %e = llm.constant dense<[0.0, -2.0, 2.0, -7.0, 0.0, -0.0, 0x7E00, 0x7C00, 0xFC00]> : tensor<9xf16>
  %y = llm.floor %x : (tensor<9xf16>) -> tensor<9xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<9xf16>, tensor<9xf16>
  return
}

// integers stay
func.func @integers() {
  %x = check.input dense<[5, -5]> : tensor<2xi64>
  %e = llm.constant dense<[5, -5]> : tensor<2xi64>
  %y = llm.floor %x : (tensor<2xi64>) -> tensor<2xi64>
  check.equal %y, %e : tensor<2xi64>, tensor<2xi64>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.floor %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
