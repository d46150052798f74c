// RUN: %run-checks %s

// numpy, in float64: sin(x)
func.func @values() {
  %x = check.input dense<[0.5, -0.5, 1.0, -1.0, 2.5, -3.25, 7.0, 0.001, 0.0, -0.0, 0x7FC00000, 100.0, -1000.0, 12345.678]> : tensor<14xf32>
  %e = llm.constant dense<[0.47942555, -0.47942555, 0.84147096, -0.84147096, 0.5984721, 0.10819513, 0.6569866,
                           0.0009999999, 0.0, -0.0, 0x7FC00000, -0.50636566, -0.82687956, -0.7042699]> : tensor<14xf32>
  %y = llm.sin %x : (tensor<14xf32>) -> tensor<14xf32>
  check.almost_equal %y, %e : tensor<14xf32>, tensor<14xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[0.5, -1.5, 2.0, -7.0, 0.0, 0x7E00]> : tensor<6xf16>
  %e = llm.constant dense<[0.4795, -0.9976, 0.909, -0.657, 0.0, 0x7E00]> : tensor<6xf16>
  %y = llm.sin %x : (tensor<6xf16>) -> tensor<6xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<6xf16>, tensor<6xf16>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.sin %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
