// RUN: %run-checks %s

// numpy, in float64: log1p(x)
func.func @values() {
  %x = check.input dense<[0.5, -0.5, 1.0, -1.0, 0.75, -0.99, 0.999, 0.001, 0.0, -0.0, 0x7FC00000, 2.0, -2.0,
                           1.0e-04, 0.1, -0.1, 1.0e-07, 1000000.0]> : tensor<18xf32>
  %e = llm.constant dense<[0.4054651, -0.6931472, 0.6931472, 0xFF800000, 0.5596158, -4.605171, 0.69264704,
                           9.995004e-04, 0.0, -0.0, 0x7FC00000, 1.0986123, 0x7FC00000, 9.9995e-05, 0.09531018,
                           -0.105360515, 9.9999994e-08, 13.815512]> : tensor<18xf32>
  %y = llm.log1p %x : (tensor<18xf32>) -> tensor<18xf32>
  check.almost_equal %y, %e {rtol = 1.0e-06, atol = 1.0e-30} : tensor<18xf32>, tensor<18xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[0.5, -0.5, 0.25, -0.75, 0.0, -0.0, 0x7E00]> : tensor<7xf16>
  %e = llm.constant dense<[0.4055, -0.6934, 0.2231, -1.387, 0.0, -0.0, 0x7E00]> : tensor<7xf16>
  %y = llm.log1p %x : (tensor<7xf16>) -> tensor<7xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<7xf16>, tensor<7xf16>
  return
}

// float64
func.func @doubles() {
  %x = check.input dense<[0.5, -0.625]> : tensor<2xf64>
  %e = llm.constant dense<[0.4054651081081644, -0.9808292530117262]> : tensor<2xf64>
  %y = llm.log1p %x : (tensor<2xf64>) -> tensor<2xf64>
  check.almost_equal %y, %e {rtol = 1.0e-13, atol = 0.0e+00} : tensor<2xf64>, tensor<2xf64>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.log1p %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
