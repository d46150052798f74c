// RUN: %run-checks %s

// for head h, query t, key s: score = 0.5 * q[t, h] @ k[s, g]; softmax over s of what is seen; @ v[:, g], g = h
func.func @full() {
  %q = check.input dense<[[[[-0.971, -1.136, 0.421, -1.055], [-1.272, 0.614, -1.197, -0.322]],
                            [[-0.007, -0.445, -0.054, 1.339], [-0.517, -1.259, -1.837, -0.205]],
                            [[-0.352, 0.265, -0.464, -0.479], [-0.721, -0.52, 0.16, -0.38]]]]> : tensor<1x3x2x4xf32>
  %k = check.input dense<[[[[0.1, 1.901, 0.479, -1.576], [1.734, 0.348, -0.941, 0.907]],
                            [[0.018, -0.615, -0.634, -0.993], [0.048, 1.069, -0.325, 0.421]],
                            [[1.876, -1.215, 0.258, -0.306], [-1.059, -1.026, -0.015, 0.434]]]]> : tensor<1x3x2x4xf32>
  %v = check.input dense<[[[[-0.532, 0.054, 0.722, 0.297], [0.869, 0.461, 0.488, 1.827]],
                            [[0.623, 0.129, 0.71, -0.919], [-0.338, 0.793, 0.631, 1.548]],
                            [[0.01, -1.462, 1.947, 1.093], [-1.059, 1.376, 0.032, -1.814]]]]> : tensor<1x3x2x4xf32>
  %e = llm.constant dense<[[[[0.22257149, -0.29339218, 1.0286342, -0.14819768],
                             [-0.42367452, 0.9673397, 0.37289432, 0.2757956]],
                            [[0.14085263, -0.7721791, 1.4051162, 0.35498026],
                             [-0.43685934, 1.0433756, 0.24562614, -0.32871884]],
                            [[-0.00836233, -0.17774403, 0.927388, -0.020166498],
                             [-0.62540567, 1.1128532, 0.23662283, -0.51862466]]]]> : tensor<1x3x2x4xf32>
  %y = llm.attention %q, %k, %v {scale = 0.5 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
      : (tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>) -> tensor<1x3x2x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>
  return
}

// query t sees the keys 0 .. t
func.func @causal() {
  %q = check.input dense<[[[[-0.971, -1.136, 0.421, -1.055], [-1.272, 0.614, -1.197, -0.322]],
                            [[-0.007, -0.445, -0.054, 1.339], [-0.517, -1.259, -1.837, -0.205]],
                            [[-0.352, 0.265, -0.464, -0.479], [-0.721, -0.52, 0.16, -0.38]]]]> : tensor<1x3x2x4xf32>
  %k = check.input dense<[[[[0.1, 1.901, 0.479, -1.576], [1.734, 0.348, -0.941, 0.907]],
                            [[0.018, -0.615, -0.634, -0.993], [0.048, 1.069, -0.325, 0.421]],
                            [[1.876, -1.215, 0.258, -0.306], [-1.059, -1.026, -0.015, 0.434]]]]> : tensor<1x3x2x4xf32>
  %v = check.input dense<[[[[-0.532, 0.054, 0.722, 0.297], [0.869, 0.461, 0.488, 1.827]],
                            [[0.623, 0.129, 0.71, -0.919], [-0.338, 0.793, 0.631, 1.548]],
                            [[0.01, -1.462, 1.947, 1.093], [-1.059, 1.376, 0.032, -1.814]]]]> : tensor<1x3x2x4xf32>
  %e = llm.constant dense<[[[[-0.532, 0.054, 0.722, 0.297], [0.869, 0.461, 0.488, 1.827]],
                            [[0.3079169, 0.10854005, 0.7132736, -0.58727616],
                             [0.42291707, 0.58370054, 0.5408499, 1.7238872]],
                            [[-0.00836233, -0.17774403, 0.927388, -0.020166498],
                             [-0.62540567, 1.1128532, 0.23662283, -0.51862466]]]]> : tensor<1x3x2x4xf32>
  %y = llm.attention %q, %k, %v {scale = 0.5 : f32, causal, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
      : (tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>) -> tensor<1x3x2x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>
  return
}

// 4 heads read 2 key heads: g = h // 2; 1 token at position 3 of 4 keys; values of another size
func.func @grouped() {
  %q = check.input dense<[[[[-0.42, -0.509, 1.591, -0.792],
                             [-0.254, -0.277, -0.379, -0.914],
                             [0.219, 1.077, 0.624, -0.927],
                             [-1.15, 0.119, -0.707, -0.63]]]]> : tensor<1x1x4x4xf32>
  %k = check.input dense<[[[[-1.68, 1.95, 0.917, -0.974], [0.908, 1.342, -2.39, -0.549]],
                            [[-0.388, 0.648, -0.121, -0.23], [-0.058, 1.853, 2.16, -0.525]],
                            [[-0.926, 2.693, -0.98, -0.573], [0.037, 0.483, 1.029, 0.391]],
                            [[-0.872, 0.506, 0.25, 1.877], [-0.015, -1.337, -1.045, 1.45]]]]> : tensor<1x4x2x4xf32>
  %v = check.input dense<[[[[-0.54, -2.104], [-0.581, 0.0]],
                            [[1.189, -1.014], [0.667, 0.795]],
                            [[-0.699, -0.188], [1.769, 1.72]],
                            [[0.856, 0.332], [1.138, -0.141]]]]> : tensor<1x4x2x2xf32>
  %e = llm.constant dense<[[[[-0.013389562, -1.4042383],
                             [0.035824902, -0.9592335],
                             [0.6667392, 0.80630916],
                             [0.37495744, 0.3729516]]]]> : tensor<1x1x4x2xf32>
  %y = llm.attention %q, %k, %v {scale = 0.5 : f32, causal, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
      : (tensor<1x1x4x4xf32>, tensor<1x4x2x4xf32>, tensor<1x4x2x2xf32>) -> tensor<1x1x4x2xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x1x4x2xf32>, tensor<1x1x4x2xf32>
  return
}

// 2 new tokens after 2: query t has position 2 + t
func.func @past() {
  %q = check.input dense<[[[[-0.095, -0.86, 0.006, -0.082]], [[2.774, -0.193, 1.271, 1.32]]]]> : tensor<1x2x1x4xf32>
  %k = check.input dense<[[[[-0.186, 1.169, -2.177, 0.095]],
                            [[0.857, -2.398, -1.159, 1.056]],
                            [[-0.257, -1.098, -0.374, -0.543]],
                            [[0.724, 0.454, -0.28, -0.665]]]]> : tensor<1x4x1x4xf32>
  %v = check.input dense<[[[[-0.054, 1.325, 0.349, 0.639]],
                            [[-0.151, -1.292, -0.711, 0.651]],
                            [[0.103, -0.904, -1.618, 0.111]],
                            [[-0.34, -0.351, -0.329, 0.284]]]]> : tensor<1x4x1x4xf32>
  %e = llm.constant dense<[[[[-0.05171372, -0.8316991, -0.88972306, 0.46419904]],
                            [[-0.17427856, -0.9627795, -0.6535198, 0.52578825]]]]> : tensor<1x2x1x4xf32>
  %y = llm.attention %q, %k, %v {scale = 0.5 : f32, causal, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
      : (tensor<1x2x1x4xf32>, tensor<1x4x1x4xf32>, tensor<1x4x1x4xf32>) -> tensor<1x2x1x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x2x1x4xf32>, tensor<1x2x1x4xf32>
  return
}

// a window of 2: keys at or before position - 2 are hidden
func.func @window() {
  %q = check.input dense<[[[[0.294, 0.962]],
                            [[0.928, 1.332]],
                            [[0.806, -0.336]],
                            [[-0.054, 0.494]]]]> : tensor<1x4x1x2xf32>
  %k = check.input dense<[[[[-0.31, 0.549]],
                            [[1.154, -0.801]],
                            [[-1.77, 1.194]],
                            [[0.018, 0.709]]]]> : tensor<1x4x1x2xf32>
  %v = check.input dense<[[[[-1.332, 1.733]],
                            [[0.739, -0.126]],
                            [[-0.352, 0.114]],
                            [[-0.167, -0.279]]]]> : tensor<1x4x1x2xf32>
  %e = llm.constant dense<[[[[-1.332, 1.733]],
                            [[-0.40984756, 0.90524465]],
                            [[0.54216623, -0.08270018]],
                            [[-0.26725504, -0.06602579]]]]> : tensor<1x4x1x2xf32>
  %y = llm.attention %q, %k, %v {scale = 0.5 : f32, causal, window = 2 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
      : (tensor<1x4x1x2xf32>, tensor<1x4x1x2xf32>, tensor<1x4x1x2xf32>) -> tensor<1x4x1x2xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x4x1x2xf32>, tensor<1x4x1x2xf32>
  return
}

// scores are capped: 1.5 * tanh(score / 1.5)
func.func @softcap() {
  %q = check.input dense<[[[[-3.359, 3.788, -0.119, 0.224]], [[0.279, -7.075, 1.581, -0.987]]]]> : tensor<1x2x1x4xf32>
  %k = check.input dense<[[[[-0.868, 0.209, -2.917, 2.53]], [[-2.088, -2.711, -2.587, 0.476]]]]> : tensor<1x2x1x4xf32>
  %v = check.input dense<[[[[0.746, -0.595, -1.51, 1.062]], [[-1.065, 1.195, -0.054, -0.698]]]]> : tensor<1x2x1x4xf32>
  %e = llm.constant dense<[[[[0.746, -0.595, -1.51, 1.062]],
                            [[-0.9784083, 1.1094123, -0.12361769, -0.6138468]]]]> : tensor<1x2x1x4xf32>
  %y = llm.attention %q, %k, %v {scale = 0.5 : f32, causal, softcap = 1.5 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
      : (tensor<1x2x1x4xf32>, tensor<1x2x1x4xf32>, tensor<1x2x1x4xf32>) -> tensor<1x2x1x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x2x1x4xf32>, tensor<1x2x1x4xf32>
  return
}
