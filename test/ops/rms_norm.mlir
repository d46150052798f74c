// RUN: %run-checks %s

// x / sqrt(mean(x**2, -1) + 1e-5) * w; the last row is zero
func.func @weighted() {
  %x = check.input dense<[[[0.144, 0.782, 0.135, 0.263, -0.783, 0.668, 1.785, -0.31],
                            [-0.593, -0.158, -0.481, -0.701, 0.138, -0.291, 1.439, 0.0],
                            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]> : tensor<1x3x8xf32>
  %w = check.weight dense<[-1.401, -0.035, -1.667, 1.392, -0.081, -0.642, -0.908, -0.384]> : tensor<8xf32>
  %e = llm.constant dense<[[[-0.25363633, -0.034410078, -0.28293082, 0.46026278, 0.07973659, -0.53916585,
                             -2.0376751, 0.14965934],
                            [1.2986887, 0.00864445, 1.2534093, -1.5253497, -0.017473355, 0.29203862, -2.042485, -0.0],
                            [-0.0, -0.0, -0.0, 0.0, -0.0, -0.0, -0.0, -0.0]]]> : tensor<1x3x8xf32>
  %y = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : (tensor<1x3x8xf32>, tensor<8xf32>) -> tensor<1x3x8xf32>
  check.almost_equal %y, %e : tensor<1x3x8xf32>, tensor<1x3x8xf32>
  return
}

// without a weight, epsilon 0.5
func.func @plain() {
  %x = check.input dense<[[[0.144, 0.782, 0.135, 0.263, -0.783, 0.668, 1.785, -0.31],
                            [-0.593, -0.158, -0.481, -0.701, 0.138, -0.291, 1.439, 0.0],
                            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]> : tensor<1x3x8xf32>
  %e = llm.constant dense<[[[0.13530456, 0.73477894, 0.12684803, 0.24711876, -0.73571855, 0.6276628, 1.6772127, -0.29128066],
                            [-0.62189686, -0.16569935, -0.5044391, -0.7351597, 0.14472474, -0.30518043, 1.5091225, 0.0],
                            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]> : tensor<1x3x8xf32>
  %y = llm.rms_norm %x {epsilon = 0.5 : f32} : (tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  check.almost_equal %y, %e : tensor<1x3x8xf32>, tensor<1x3x8xf32>
  return
}

// float16: squares above 65504 do not overflow
func.func @halves() {
  %x = check.input dense<[[300.0, -400.0, 0.0, 1.0]]> : tensor<1x4xf16>
  %e = llm.constant dense<[[1.2, -1.6, 0.0, 0.004]]> : tensor<1x4xf16>
  %y = llm.rms_norm %x {epsilon = 1.0e-5 : f32} : (tensor<1x4xf16>) -> tensor<1x4xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03} : tensor<1x4xf16>, tensor<1x4xf16>
  return
}
