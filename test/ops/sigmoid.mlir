// RUN: %run-checks %s

// numpy, in float64: 1 / (1 + exp(-x))
func.func @values() {
  %x = check.input dense<[0.5, -0.5, 1.0, -1.0, 2.5, -3.25, 7.0, 0.001, 0.0, -0.0, 0x7FC00000, 0x7F800000,
                           0xFF800000, 20.0, -20.0, -80.0, 100.0]> : tensor<17xf32>
  %e = llm.constant dense<[0.62245935, 0.37754068, 0.7310586, 0.26894143, 0.9241418, 0.037326887, 0.99908894,
                           0.50025, 0.5, 0.5, 0x7FC00000, 1.0, 0.0, 1.0, 2.0611537e-09, 1.8048513e-35, 1.0]> : tensor<17xf32>
  %y = llm.sigmoid %x : (tensor<17xf32>) -> tensor<17xf32>
  check.almost_equal %y, %e : tensor<17xf32>, tensor<17xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[0.5, -1.5, 2.0, -7.0, 12.0, -12.0, 0.0, -0.0, 0x7E00, 0x7C00, 0xFC00]> : tensor<11xf16>
  %e = llm.constant dense<[0.6226, 0.1824, 0.881, 0.000911, 1.0, 6.14e-06, 0.5, 0.5, 0x7E00, 1.0, 0.0]> : tensor<11xf16>
  %y = llm.sigmoid %x : (tensor<11xf16>) -> tensor<11xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<11xf16>, tensor<11xf16>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.sigmoid %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
