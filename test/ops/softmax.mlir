// RUN: %run-checks %s

// numpy, in float64: t = exp(x - x.max(2)); t / t.sum(2)
func.func @last() {
  %x = check.input dense<[[[1.5, -2.0, 3.0], [0.25, 4.0, -1.0]],
                           [[2.0, 2.5, -7.0], [6.0, 0.5, 1.0]]]> : tensor<2x2x3xf32>
  %e = llm.constant dense<[[[0.1814261, 0.005478593, 0.81309533],
                            [0.022827096, 0.97063285, 0.0065400726]],
                           [[0.37752306, 0.6224303, 4.659005e-05],
                            [0.9892912, 0.004043007, 0.006665792]]]> : tensor<2x2x3xf32>
  %y = llm.softmax %x {axis = 2 : i64} : (tensor<2x2x3xf32>) -> tensor<2x2x3xf32>
  check.almost_equal %y, %e : tensor<2x2x3xf32>, tensor<2x2x3xf32>
  return
}

// along axis 1
func.func @middle() {
  %x = check.input dense<[[[1.5, -2.0, 3.0], [0.25, 4.0, -1.0]],
                           [[2.0, 2.5, -7.0], [6.0, 0.5, 1.0]]]> : tensor<2x2x3xf32>
  %e = llm.constant dense<[[[0.7772999, 0.0024726233, 0.98201376],
                            [0.22270013, 0.99752736, 0.01798621]],
                           [[0.01798621, 0.8807971, 0.00033535014],
                            [0.98201376, 0.11920292, 0.99966466]]]> : tensor<2x2x3xf32>
  %y = llm.softmax %x {axis = 1 : i64} : (tensor<2x2x3xf32>) -> tensor<2x2x3xf32>
  check.almost_equal %y, %e : tensor<2x2x3xf32>, tensor<2x2x3xf32>
  return
}

// large values do not overflow
func.func @large() {
  %x = check.input dense<[[1000.0, 1001.0, -1000.0], [3.0e+38, 3.0e+38, -3.0e+38]]> : tensor<2x3xf32>
  %e = llm.constant dense<[[0.26894143, 0.7310586, 0.0], [0.5, 0.5, 0.0]]> : tensor<2x3xf32>
  %y = llm.softmax %x {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// minus infinity gives 0; a row of it gives NaN
func.func @masked() {
  %x = check.input dense<[[1.0, 0xFF800000, 2.0], [0xFF800000, 0xFF800000, 0xFF800000]]> : tensor<2x3xf32>
  %e = llm.constant dense<[[0.26894143, 0.0, 0.7310586], [0x7FC00000, 0x7FC00000, 0x7FC00000]]> : tensor<2x3xf32>
  %y = llm.softmax %x {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// float16
func.func @halves() {
  %x = check.input dense<[[[1.5, -2.0, 3.0], [0.25, 4.0, -1.0]],
                           [[2.0, 2.5, -7.0], [6.0, 0.5, 1.0]]]> : tensor<2x2x3xf16>
  %e = llm.constant dense<[[[0.1814, 0.005478, 0.813], [0.02283, 0.9707, 0.00654]],
                           [[0.3774, 0.6226, 4.66e-05], [0.9893, 0.004044, 0.006664]]]> : tensor<2x2x3xf16>
  %y = llm.softmax %x {axis = 2 : i64} : (tensor<2x2x3xf16>) -> tensor<2x2x3xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03} : tensor<2x2x3xf16>, tensor<2x2x3xf16>
  return
}

// no columns
func.func @none() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<> : tensor<2x0xf32> sizes affine_map<()[s0] -> (2, s0)> -> tensor<2x?xf32>
  %e = llm.constant dense<> : tensor<2x0xf32>
  %y = llm.softmax %x {axis = 1 : i64} : (tensor<2x?xf32>) -> tensor<2x?xf32>
  check.almost_equal %y, %e : tensor<2x?xf32>, tensor<2x0xf32>
  return
}
