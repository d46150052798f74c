// RUN: %run-checks %s

// (x - mean) / sqrt(var + 1e-5) * w + b; the last row is zero
func.func @affine() {
  %x = check.input dense<[[[0.144, 0.782, 0.135, 0.263, -0.783, 0.668, 1.785, -0.31],
                            [-0.593, -0.158, -0.481, -0.701, 0.138, -0.291, 1.439, 0.0],
                            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]> : tensor<1x3x8xf32>
  %w = check.weight dense<[-1.401, -0.035, -1.667, 1.392, -0.081, -0.642, -0.908, -0.384]> : tensor<8xf32>
  %b = check.weight dense<[-0.223, -1.045, -0.92, -0.187, -0.521, 0.939, 1.138, 0.016]> : tensor<8xf32>
  %e = llm.constant dense<[[[0.1490136, -1.0666691, -0.4565511, -0.32693586, -0.39537594, 0.64300895, -0.6869709, 0.35969988],
                            [0.9076417, -1.0407462, 0.13109551, -1.5472832, -0.5489378, 1.1515806, -1.0367262, -0.032939147],
                            [-0.223, -1.045, -0.92, -0.187, -0.521, 0.939, 1.138, 0.016]]]> : tensor<1x3x8xf32>
  %y = llm.layer_norm %x, %w, %b {epsilon = 1.0e-5 : f32} : (tensor<1x3x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x3x8xf32>
  check.almost_equal %y, %e : tensor<1x3x8xf32>, tensor<1x3x8xf32>
  return
}

// without a bias
func.func @no_bias() {
  %x = check.input dense<[[[0.144, 0.782, 0.135, 0.263, -0.783, 0.668, 1.785, -0.31],
                            [-0.593, -0.158, -0.481, -0.701, 0.138, -0.291, 1.439, 0.0],
                            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]> : tensor<1x3x8xf32>
  %w = check.weight dense<[-1.401, -0.035, -1.667, 1.392, -0.081, -0.642, -0.908, -0.384]> : tensor<8xf32>
  %e = llm.constant dense<[[[0.3720136, -0.021669127, 0.4634489, -0.13993587, 0.12562408, -0.29599103, -1.8249708, 0.34369987],
                            [1.1306417, 0.0042537716, 1.0510955, -1.3602831, -0.02793779, 0.21258062, -2.1747262, -0.048939146],
                            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]> : tensor<1x3x8xf32>
  %y = llm.layer_norm %x, %w {epsilon = 1.0e-5 : f32} : (tensor<1x3x8xf32>, tensor<8xf32>) -> tensor<1x3x8xf32>
  check.almost_equal %y, %e : tensor<1x3x8xf32>, tensor<1x3x8xf32>
  return
}

// a mean of 10001.5 and a variance of 1.25: the two-pass formula
func.func @far_from_zero() {
  %x = check.input dense<[[10000.0, 10001.0, 10002.0, 10003.0]]> : tensor<1x4xf32>
  %w = check.weight dense<1.0> : tensor<4xf32>
  %e = llm.constant dense<[[-1.3416355, -0.4472118, 0.4472118, 1.3416355]]> : tensor<1x4xf32>
  %y = llm.layer_norm %x, %w {epsilon = 1.0e-5 : f32} : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04} : tensor<1x4xf32>, tensor<1x4xf32>
  return
}

// float16
func.func @halves() {
  %x = check.input dense<[[[1.152, 6.258, 1.08, 2.104, -6.266, 5.344, 14.28, -2.48],
                            [-4.742, -1.264, -3.848, -5.61, 1.104, -2.328, 11.516, 0.0],
                            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]> : tensor<1x3x8xf16>
  %w = check.weight dense<1.0> : tensor<8xf16>
  %e = llm.constant dense<[[[-0.2654, 0.619, -0.278, -0.1006, -1.551, 0.461, 2.01, -0.895],
                            [-0.8066, -0.1215, -0.6304, -0.9775, 0.3447, -0.3313, 2.395, 0.1273],
                            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]> : tensor<1x3x8xf16>
  %y = llm.layer_norm %x, %w {epsilon = 1.0e-5 : f32} : (tensor<1x3x8xf16>, tensor<8xf16>) -> tensor<1x3x8xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-03} : tensor<1x3x8xf16>, tensor<1x3x8xf16>
  return
}
