// RUN: %run-checks %s

// numpy, in float64: logaddexp(x, 0)
func.func @values() {
  %x = check.input dense<[0.5, -0.5, 1.0, -1.0, 2.5, -3.25, 7.0, 0.001, 0.0, -0.0, 0x7FC00000, 0x7F800000,
                           0xFF800000, 1.0e-04, 20.0, -20.0, 1.0e-07, -80.0, 90.0]> : tensor<19xf32>
  %e = llm.constant dense<[0.974077, 0.474077, 1.3132616, 0.3132617, 2.5788898, 0.03804137, 7.000911, 0.6936473,
                           0.6931472, 0.6931472, 0x7FC00000, 0x7F800000, 0.0, 0.6931972, 20.0, 2.0611537e-09,
                           0.69314724, 1.8048513e-35, 90.0]> : tensor<19xf32>
  %y = llm.softplus %x : (tensor<19xf32>) -> tensor<19xf32>
  check.almost_equal %y, %e {rtol = 1.0e-06, atol = 1.0e-30} : tensor<19xf32>, tensor<19xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[0.5, -0.5, 0.25, -0.75, 0.0, -0.0, 0x7E00]> : tensor<7xf16>
  %e = llm.constant dense<[0.974, 0.474, 0.826, 0.387, 0.6934, 0.6934, 0x7E00]> : tensor<7xf16>
  %y = llm.softplus %x : (tensor<7xf16>) -> tensor<7xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<7xf16>, tensor<7xf16>
  return
}

// float64
func.func @doubles() {
  %x = check.input dense<[0.5, -0.625]> : tensor<2xf64>
  %e = llm.constant dense<[0.9740769841801067, 0.42870067827651864]> : tensor<2xf64>
  %y = llm.softplus %x : (tensor<2xf64>) -> tensor<2xf64>
  check.almost_equal %y, %e {rtol = 1.0e-13, atol = 0.0e+00} : tensor<2xf64>, tensor<2xf64>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.softplus %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
