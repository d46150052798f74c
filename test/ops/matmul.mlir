// RUN: %run-checks %s

// matmul(a, b)
func.func @matrices() {
  %a = check.input dense<[[0.346, 0.822, 0.33], [-1.303, 0.905, 0.446]]> : tensor<2x3xf32>
  %b = check.input dense<[[-0.537, 0.581, 0.365, 0.294],
                           [0.028, 0.547, -0.736, -0.163],
                           [-0.482, 0.599, 0.04, -0.292]]> : tensor<3x4xf32>
  %e = llm.constant dense<[[-0.321846, 0.84832996, -0.46550202, -0.12862201],
                           [0.51007897, 0.0051460257, -1.123835, -0.660829]]> : tensor<2x4xf32>
  %y = llm.matmul %a, %b : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  check.almost_equal %y, %e : tensor<2x4xf32>, tensor<2x4xf32>
  return
}

// leading axes broadcast: (2, 1, 2, 3) x (2, 3, 2)
func.func @batches() {
  %a = check.input dense<[[[[-0.782, -0.257, 0.008], [-0.276, 1.294, 1.007]]],
                           [[[-2.711, -1.889, -0.175], [-0.422, 0.214, 0.217]]]]> : tensor<2x1x2x3xf32>
  %b = check.input dense<[[[2.118, -1.112], [-0.378, 2.043], [0.647, 0.663]],
                           [[-0.514, -1.648], [0.167, 0.109], [-1.227, -0.683]]]> : tensor<2x3x2xf32>
  %e = llm.constant dense<[[[[-1.553954, 0.349837], [-0.422171, 3.618195]],
                            [[0.349213, 1.255259], [-0.87762696, -0.09188702]]],
                           [[[-5.141081, -0.96062016], [-0.834289, 1.050337]],
                            [[1.292716, 4.381352], [-0.013612997, 0.570571]]]]> : tensor<2x2x2x2xf32>
  %y = llm.matmul %a, %b : (tensor<2x1x2x3xf32>, tensor<2x3x2xf32>) -> tensor<2x2x2x2xf32>
  check.almost_equal %y, %e : tensor<2x2x2x2xf32>, tensor<2x2x2x2xf32>
  return
}

// (3) x (3, 4): the vector loses its axis
func.func @vector_left() {
  %a = check.input dense<[-0.072, -0.945, -0.098]> : tensor<3xf32>
  %b = check.input dense<[[-0.537, 0.581, 0.365, 0.294],
                           [0.028, 0.547, -0.736, -0.163],
                           [-0.482, 0.599, 0.04, -0.292]]> : tensor<3x4xf32>
  %e = llm.constant dense<[0.059439994, -0.617449, 0.66532, 0.161483]> : tensor<4xf32>
  %y = llm.matmul %a, %b : (tensor<3xf32>, tensor<3x4xf32>) -> tensor<4xf32>
  check.almost_equal %y, %e : tensor<4xf32>, tensor<4xf32>
  return
}

// (2, 3) x (3)
func.func @vector_right() {
  %a = check.input dense<[[0.346, 0.822, 0.33], [-1.303, 0.905, 0.446]]> : tensor<2x3xf32>
  %b = check.input dense<[0.095, 0.036, -0.506]> : tensor<3xf32>
  %e = llm.constant dense<[-0.104518004, -0.316881]> : tensor<2xf32>
  %y = llm.matmul %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2xf32>
  check.almost_equal %y, %e : tensor<2xf32>, tensor<2xf32>
  return
}

// (3) x (3)
func.func @dot() {
  %a = check.input dense<[0.594, 0.891, 0.321]> : tensor<3xf32>
  %b = check.input dense<[-0.818, 0.732, -0.501]> : tensor<3xf32>
  %e = llm.constant dense<0.0054989774> : tensor<f32>
  %y = llm.matmul %a, %b : (tensor<3xf32>, tensor<3xf32>) -> tensor<f32>
  check.almost_equal %y, %e : tensor<f32>, tensor<f32>
  return
}

// int64
func.func @integers() {
  %a = check.input dense<[[1, -2], [3, 4]]> : tensor<2x2xi64>
  %b = check.input dense<[[5], [6]]> : tensor<2x1xi64>
  %e = llm.constant dense<[[-7], [39]]> : tensor<2x1xi64>
  %y = llm.matmul %a, %b : (tensor<2x2xi64>, tensor<2x1xi64>) -> tensor<2x1xi64>
  check.equal %y, %e : tensor<2x1xi64>, tensor<2x1xi64>
  return
}

// float16, summed without rounding
func.func @halves() {
  %a = check.input dense<[[0.879, -1.072, 0.914], [-0.02, -1.249, -0.314]]> : tensor<2x3xf16>
  %b = check.input dense<[[0.054, 0.273], [-0.982, -1.107], [0.2, -0.467]]> : tensor<3x2xf16>
  %e = llm.constant dense<[[1.283, 1.0], [1.163, 1.524]]> : tensor<2x2xf16>
  %y = llm.matmul %a, %b : (tensor<2x3xf16>, tensor<3x2xf16>) -> tensor<2x2xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-03} : tensor<2x2xf16>, tensor<2x2xf16>
  return
}

// NaN and infinity spread along their row
func.func @special() {
  %a = check.input dense<[[0x7FC00000, 1.0], [0x7F800000, 0.0], [1.0, 1.0]]> : tensor<3x2xf32>
  %b = check.input dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %e = llm.constant dense<[[0x7FC00000, 0x7FC00000], [0x7F800000, 0x7F800000], [4.0, 6.0]]> : tensor<3x2xf32>
  %y = llm.matmul %a, %b : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  check.almost_equal %y, %e : tensor<3x2xf32>, tensor<3x2xf32>
  return
}

// an inner size of 0 gives zeros
func.func @no_inner() attributes {llm.symbols = ["n"]} {
  %a = check.input dense<> : tensor<2x0xf32> sizes affine_map<()[s0] -> (2, s0)> -> tensor<2x?xf32>
  %b = check.input dense<> : tensor<0x2xf32> sizes affine_map<()[s0] -> (s0, 2)> -> tensor<?x2xf32>
  %e = llm.constant dense<[[0.0, 0.0], [0.0, 0.0]]> : tensor<2x2xf32>
  %y = llm.matmul %a, %b : (tensor<2x?xf32>, tensor<?x2xf32>) -> tensor<2x2xf32>
  check.almost_equal %y, %e : tensor<2x2xf32>, tensor<2x2xf32>
  return
}
