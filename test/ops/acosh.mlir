// RUN: %run-checks %s

// numpy, in float64: arccosh(x)
func.func @values() {
  %x = check.input dense<[1.0, 1.001, 1.5, 2.0, 10.0, 1000.0, 1000000.0, 0x7FC00000, 0x7F800000, 0.5, -1.0]> : tensor<11xf32>
  %e = llm.constant dense<[0.0, 0.04471868, 0.9624236, 1.316958, 2.993223, 7.600902, 14.508657, 0x7FC00000,
                           0x7F800000, 0x7FC00000, 0x7FC00000]> : tensor<11xf32>
  %y = llm.acosh %x : (tensor<11xf32>) -> tensor<11xf32>
  check.almost_equal %y, %e {rtol = 1.0e-06, atol = 1.0e-30} : tensor<11xf32>, tensor<11xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[1.0, 1.5, 2.0, 7.0, 100.0, 0x7E00]> : tensor<6xf16>
  %e = llm.constant dense<[0.0, 0.9624, 1.317, 2.635, 5.297, 0x7E00]> : tensor<6xf16>
  %y = llm.acosh %x : (tensor<6xf16>) -> tensor<6xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<6xf16>, tensor<6xf16>
  return
}

// float64
func.func @doubles() {
  %x = check.input dense<[1.25, 3.5]> : tensor<2xf64>
  %e = llm.constant dense<[0.6931471805599453, 1.9248473002384139]> : tensor<2xf64>
  %y = llm.acosh %x : (tensor<2xf64>) -> tensor<2xf64>
  check.almost_equal %y, %e {rtol = 1.0e-13, atol = 0.0e+00} : tensor<2xf64>, tensor<2xf64>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.acosh %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
