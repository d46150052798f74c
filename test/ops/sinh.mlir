// RUN: %run-checks %s

// numpy, in float64: sinh(x)
func.func @values() {
  %x = check.input dense<[0.5, -0.5, 1.0, -1.0, 2.5, -3.25, 7.0, 0.001, 0.0, -0.0, 0x7FC00000, 0x7F800000,
                           0xFF800000, 1.0e-04, 20.0, -20.0]> : tensor<16xf32>
  %e = llm.constant dense<[0.5210953, -0.5210953, 1.1752012, -1.1752012, 6.0502043, -12.875783, 548.3161,
                           0.0010000002, 0.0, -0.0, 0x7FC00000, 0x7F800000, 0xFF800000, 1.0e-04, 2.425826e+08,
                           -2.425826e+08]> : tensor<16xf32>
  %y = llm.sinh %x : (tensor<16xf32>) -> tensor<16xf32>
  check.almost_equal %y, %e {rtol = 1.0e-06, atol = 1.0e-30} : tensor<16xf32>, tensor<16xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[0.5, -0.5, 0.25, -0.75, 0.0, -0.0, 0x7E00]> : tensor<7xf16>
  %e = llm.constant dense<[0.521, -0.521, 0.2527, -0.8223, 0.0, -0.0, 0x7E00]> : tensor<7xf16>
  %y = llm.sinh %x : (tensor<7xf16>) -> tensor<7xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<7xf16>, tensor<7xf16>
  return
}

// float64
func.func @doubles() {
  %x = check.input dense<[0.5, -0.625]> : tensor<2xf64>
  %e = llm.constant dense<[0.5210953054937474, -0.6664922644566161]> : tensor<2xf64>
  %y = llm.sinh %x : (tensor<2xf64>) -> tensor<2xf64>
  check.almost_equal %y, %e {rtol = 1.0e-13, atol = 0.0e+00} : tensor<2xf64>, tensor<2xf64>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.sinh %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
