// RUN: %run-checks %s

// numpy, in float64: cos(x)
func.func @values() {
  %x = check.input dense<[0.5, -0.5, 1.0, -1.0, 2.5, -3.25, 7.0, 0.001, 0.0, -0.0, 0x7FC00000, 100.0, -1000.0, 12345.678]> : tensor<14xf32>
  %e = llm.constant dense<[0.87758255, 0.87758255, 0.5403023, 0.5403023, -0.8011436, -0.99412966, 0.75390226,
                           0.9999995, 1.0, 1.0, 0x7FC00000, 0.8623189, 0.56237906, 0.7099323]> : tensor<14xf32>
  %y = llm.cos %x : (tensor<14xf32>) -> tensor<14xf32>
  check.almost_equal %y, %e : tensor<14xf32>, tensor<14xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[0.5, -1.5, 2.0, -7.0, 0.0, 0x7E00]> : tensor<6xf16>
  %e = llm.constant dense<[0.8774, 0.07074, -0.4163, 0.754, 1.0, 0x7E00]> : tensor<6xf16>
  %y = llm.cos %x : (tensor<6xf16>) -> tensor<6xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<6xf16>, tensor<6xf16>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.cos %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
