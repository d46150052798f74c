// RUN: %run-checks %s

// numpy, in float64: exp(x)
func.func @values() {
  %x = check.input dense<[0.5, -0.5, 1.0, -1.0, 2.5, -3.25, 7.0, 0.001, 0.0, -0.0, 0x7FC00000, 0x7F800000,
                           0xFF800000, 88.5, 89.0, -87.0, -110.0]> : tensor<17xf32>
  %e = llm.constant dense<[1.6487212, 0.60653067, 2.7182817, 0.36787945, 12.182494, 0.038774207, 1096.6332,
                           1.0010005, 1.0, 1.0, 0x7FC00000, 0x7F800000, 0.0, 2.723088e+38, 0x7F800000,
                           1.6458115e-38, 0.0]> : tensor<17xf32>
  %y = llm.exp %x : (tensor<17xf32>) -> tensor<17xf32>
  check.almost_equal %y, %e : tensor<17xf32>, tensor<17xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[0.5, -1.5, 2.0, -7.0, 11.0, 11.2, -20.0, 0.0, -0.0, 0x7E00, 0x7C00, 0xFC00]> : tensor<12xf16>
  %e = llm.constant dense<[1.648, 0.2231, 7.39, 0.0009117, 59870.0, 0x7C00, 0.0, 1.0, 1.0, 0x7E00, 0x7C00, 0.0]> : tensor<12xf16>
  %y = llm.exp %x : (tensor<12xf16>) -> tensor<12xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<12xf16>, tensor<12xf16>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.exp %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
