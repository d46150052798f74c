// RUN: %run-checks %s

// x @ w.T + b
func.func @floats() {
  %x = check.input dense<[[[-1.631, -1.195, 0.884], [0.68, -0.64, -0.001]]]> : tensor<1x2x3xf32>
  %w = check.weight dense<[[0.236, 0.76, -1.649],
                                    [0.254, 1.225, -0.298],
                                    [-0.811, 0.752, 0.253],
                                    [0.896, -0.345, -1.482]]> : tensor<4x3xf32>
  %b = check.weight dense<[-0.11, -0.446, 0.775, 0.194]> : tensor<4xf32>
  %e = llm.constant dense<[[[-2.860832, -2.5875812, 1.422753, -2.165189],
                            [-0.43427098, -1.056982, -0.258013, 1.025562]]]> : tensor<1x2x4xf32>
  %y = llm.linear %x, %w, %b : (tensor<1x2x3xf32>, tensor<4x3xf32>, tensor<4xf32>) -> tensor<1x2x4xf32>
  check.almost_equal %y, %e : tensor<1x2x4xf32>, tensor<1x2x4xf32>
  return
}

// a single row, without a bias
func.func @vector() {
  %x = check.input dense<[-1.631, -1.195, 0.884]> : tensor<3xf32>
  %w = check.weight dense<[[0.236, 0.76, -1.649],
                                    [0.254, 1.225, -0.298],
                                    [-0.811, 0.752, 0.253],
                                    [0.896, -0.345, -1.482]]> : tensor<4x3xf32>
  %e = llm.constant dense<[-2.750832, -2.141581, 0.647753, -2.359189]> : tensor<4xf32>
  %y = llm.linear %x, %w : (tensor<3xf32>, tensor<4x3xf32>) -> tensor<4xf32>
  check.almost_equal %y, %e : tensor<4xf32>, tensor<4xf32>
  return
}

// a float16 weight with float32 activations: the result is float32
func.func @half_weight() {
  %x = check.input dense<[[[-1.631, -1.195, 0.884], [0.68, -0.64, -0.001]]]> : tensor<1x2x3xf32>
  %w = check.weight dense<[[0.236, 0.76, -1.649],
                                    [0.254, 1.225, -0.298],
                                    [-0.811, 0.752, 0.253],
                                    [0.896, -0.345, -1.482]]> : tensor<4x3xf16>
  %e = llm.constant dense<[[[-2.750856, -2.141046, 0.6478042, -2.3595905],
                            [-0.32414648, -0.6107956, -1.0330068, 0.831541]]]> : tensor<1x2x4xf32>
  %y = llm.linear %x, %w : (tensor<1x2x3xf32>, tensor<4x3xf16>) -> tensor<1x2x4xf32>
  check.almost_equal %y, %e : tensor<1x2x4xf32>, tensor<1x2x4xf32>
  return
}

// a bfloat16 weight
func.func @bfloat_weight() {
  %x = check.input dense<[[[-1.631, -1.195, 0.884], [0.68, -0.64, -0.001]]]> : tensor<1x2x3xf32>
  %w = check.weight dense<[[0.236328125, 0.76171875, -1.6484375],
                                    [0.25390625, 1.2265625, -0.298828125],
                                    [-0.8125, 0.75390625, 0.25390625],
                                    [0.89453125, -0.345703125, -1.484375]]> : tensor<4x3xbf16>
  %e = llm.constant dense<[[[-2.752924, -2.1440275, 0.64872265, -2.3580527],
                            [-0.32514843, -0.61204493, -1.0352539, 0.83101565]]]> : tensor<1x2x4xf32>
  %y = llm.linear %x, %w : (tensor<1x2x3xf32>, tensor<4x3xbf16>) -> tensor<1x2x4xf32>
  check.almost_equal %y, %e : tensor<1x2x4xf32>, tensor<1x2x4xf32>
  return
}

// float16 throughout, rounded once
func.func @halves() {
  %x = check.input dense<[[[-1.631, -1.195, 0.884], [0.68, -0.64, -0.001]]]> : tensor<1x2x3xf16>
  %w = check.weight dense<[[0.236, 0.76, -1.649],
                                    [0.254, 1.225, -0.298],
                                    [-0.811, 0.752, 0.253],
                                    [0.896, -0.345, -1.482]]> : tensor<4x3xf16>
  %e = llm.constant dense<[[[-2.75, -2.14, 0.6475, -2.36], [-0.3242, -0.611, -1.033, 0.8315]]]> : tensor<1x2x4xf16>
  %y = llm.linear %x, %w : (tensor<1x2x3xf16>, tensor<4x3xf16>) -> tensor<1x2x4xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-03} : tensor<1x2x4xf16>, tensor<1x2x4xf16>
  return
}

// no tokens
func.func @no_rows() attributes {llm.symbols = ["tokens"]} {
  %x = check.input dense<> : tensor<1x0x3xf32> sizes affine_map<()[s0] -> (1, s0, 3)> -> tensor<1x?x3xf32>
  %w = check.weight dense<[[0.236, 0.76, -1.649],
                                    [0.254, 1.225, -0.298],
                                    [-0.811, 0.752, 0.253],
                                    [0.896, -0.345, -1.482]]> : tensor<4x3xf32>
  %e = llm.constant dense<> : tensor<1x0x4xf32>
  %y = llm.linear %x, %w : (tensor<1x?x3xf32>, tensor<4x3xf32>) -> tensor<1x?x4xf32>
  check.almost_equal %y, %e : tensor<1x?x4xf32>, tensor<1x0x4xf32>
  return
}
