// RUN: %run-checks %s

// 3 tokens of one sequence: token i sees the positions 0 .. i; 4 heads read 2 key heads
func.func @prefill() {
  %c0 = check.cache 4 : !llm.kv_cache<2 x 4 x f32, page 64>
  %b = check.input dense<[[0]]> : tensor<1x1xi32>
  %k0 = check.input dense<[[[[1.364, 1.068, 1.342, -1.166], [-0.554, 1.144, 0.289, 0.019]],
                             [[-1.979, -1.859, 0.731, 0.342], [-0.296, -0.413, -1.726, 0.371]],
                             [[1.034, 1.642, 0.049, -0.204], [-1.096, 1.223, 1.707, -0.613]]]]> : tensor<1x3x2x4xf32>
  %v0 = check.input dense<[[[[0.291, 0.091, -0.574, -2.497], [-0.366, 0.607, -1.443, -0.839]],
                             [[-3.284, 1.285, 0.5, 0.045], [-0.27, -0.637, -0.079, -0.31]],
                             [[-0.248, -0.034, 0.126, 1.549], [-1.449, 0.262, -0.625, -1.139]]]]> : tensor<1x3x2x4xf32>
  %p0 = check.input dense<[0, 1, 2]> : tensor<3xi32>
  %s0 = check.input dense<[0, 0, 0]> : tensor<3xi32>
  %c1 = llm.cache_append %c0, %k0, %v0, %p0, %s0, %b
      : (!llm.kv_cache<2 x 4 x f32, page 64>, tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>, tensor<3xi32>, tensor<3xi32>, tensor<1x1xi32>) -> !llm.kv_cache<2 x 4 x f32, page 64>
  %q = check.input dense<[[[[1.539, -0.568, -0.541, 1.189],
                             [-1.464, -0.591, -0.378, 0.168],
                             [-0.275, -0.887, 0.311, -1.188],
                             [-1.743, -2.028, 0.749, -1.737]],
                            [[0.447, 0.671, 0.807, -0.175],
                             [-0.548, 0.086, -0.594, -1.286],
                             [1.255, -0.894, 1.796, 0.515],
                             [-0.455, 0.438, 1.23, -1.378]],
                            [[-0.927, -1.049, 0.165, 0.404],
                             [0.029, -0.728, -0.528, 1.187],
                             [1.117, 0.131, -1.311, 0.628],
                             [0.288, 0.253, 1.73, 0.821]]]]> : tensor<1x3x4x4xf32>
  %p = check.input dense<[0, 1, 2]> : tensor<3xi32>
  %s = check.input dense<[0, 0, 0]> : tensor<3xi32>
  %e = llm.constant dense<[[[[0.291, 0.091, -0.574, -2.497],
                             [0.291, 0.091, -0.574, -2.497],
                             [-0.366, 0.607, -1.443, -0.839],
                             [-0.366, 0.607, -1.443, -0.839]],
                            [[-0.09636833, 0.2203756, -0.45762697, -2.2215621],
                             [-1.4982374, 0.6885802, -0.036478058, -1.2247646],
                             [-0.33747458, 0.23735826, -1.0377015, -0.6818131],
                             [-0.35330644, 0.4425126, -1.2626456, -0.76905316]],
                            [[-3.0704916, 1.2041614, 0.45266894, 0.0076202094],
                             [-2.4009082, 0.93410426, 0.33341125, 0.08900654],
                             [-0.33769685, -0.37648627, -0.34578365, -0.43994093],
                             [-1.0946468, 0.31436455, -0.82443976, -1.0169866]]]]> : tensor<1x3x4x4xf32>
  %y = llm.cached_attention %q, %c1, %p, %s, %b {scale = 0.5 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>}
      : (tensor<1x3x4x4xf32>, !llm.kv_cache<2 x 4 x f32, page 64>, tensor<3xi32>, tensor<3xi32>, tensor<1x1xi32>) -> tensor<1x3x4x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>
  return
}

// one token of sequence 0 (position 1) and two of sequence 1 (positions 1, 2)
func.func @ragged() {
  %c0 = check.cache 4 : !llm.kv_cache<2 x 4 x f32, page 64>
  %b = check.input dense<[[2], [0]]> : tensor<2x1xi32>
  %k0 = check.input dense<[[[[-0.974, -0.965, 1.38, 0.206], [0.887, -0.106, -0.949, 0.324]],
                             [[1.619, 0.399, -1.066, -0.246], [-0.428, 0.247, 1.098, 2.054]]]]> : tensor<1x2x2x4xf32>
  %v0 = check.input dense<[[[[0.314, -0.336, 0.172, 0.111], [-0.33, 0.119, 0.095, -1.081]],
                             [[0.644, -0.267, -0.888, 0.586], [-0.392, 1.838, 0.571, 0.169]]]]> : tensor<1x2x2x4xf32>
  %p0 = check.input dense<[0, 1]> : tensor<2xi32>
  %s0 = check.input dense<[0, 0]> : tensor<2xi32>
  %c1 = llm.cache_append %c0, %k0, %v0, %p0, %s0, %b
      : (!llm.kv_cache<2 x 4 x f32, page 64>, tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>, tensor<2xi32>, tensor<2xi32>, tensor<2x1xi32>) -> !llm.kv_cache<2 x 4 x f32, page 64>
  %k1 = check.input dense<[[[[-0.666, -0.318, 0.936, -0.602], [0.844, -2.018, 0.28, 0.895]],
                             [[0.416, 0.073, 1.086, -0.779], [-0.908, 0.18, 1.278, 0.507]],
                             [[-0.119, 0.375, 0.517, -1.17], [-2.737, -0.951, -1.42, -0.505]]]]> : tensor<1x3x2x4xf32>
  %v1 = check.input dense<[[[[-1.128, -0.791, 0.509, 0.174], [0.053, 1.74, -0.379, -0.297]],
                             [[1.351, -1.025, -1.543, 1.397], [0.428, 0.694, 0.732, 1.001]],
                             [[-0.373, 0.025, -1.011, 0.243], [0.337, -0.346, 0.777, 3.065]]]]> : tensor<1x3x2x4xf32>
  %p1 = check.input dense<[0, 1, 2]> : tensor<3xi32>
  %s1 = check.input dense<[1, 1, 1]> : tensor<3xi32>
  %c2 = llm.cache_append %c1, %k1, %v1, %p1, %s1, %b
      : (!llm.kv_cache<2 x 4 x f32, page 64>, tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>, tensor<3xi32>, tensor<3xi32>, tensor<2x1xi32>) -> !llm.kv_cache<2 x 4 x f32, page 64>
  %q = check.input dense<[[[[-1.04, 0.945, 1.061, 1.187], [-0.681, 1.321, 0.781, 0.005]],
                            [[-0.21, 0.38, 1.072, 1.024], [2.433, -0.206, 0.77, -0.277]],
                            [[0.936, 0.286, -0.442, -1.171], [-0.613, 0.397, 1.627, 0.931]]]]> : tensor<1x3x2x4xf32>
  %p = check.input dense<[1, 1, 2]> : tensor<3xi32>
  %s = check.input dense<[0, 1, 1]> : tensor<3xi32>
  %e = llm.constant dense<[[[[0.34490803, -0.3295374, 0.07271965, 0.15548885],
                             [-0.38054645, 1.520441, 0.48306623, -0.061918426]],
                            [[0.080801345, -0.90510225, -0.4915891, 0.770355],
                             [0.10095921, 1.6062257, -0.23691286, -0.13099718]],
                            [[0.11881779, -0.5264398, -0.90865993, 0.65836763],
                             [0.36312792, 0.77797157, 0.5633865, 0.95477146]]]]> : tensor<1x3x2x4xf32>
  %y = llm.cached_attention %q, %c2, %p, %s, %b {scale = 0.5 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>}
      : (tensor<1x3x2x4xf32>, !llm.kv_cache<2 x 4 x f32, page 64>, tensor<3xi32>, tensor<3xi32>, tensor<2x1xi32>) -> tensor<1x3x2x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>
  return
}

// soft cap 2, slopes and sinks
func.func @biases() {
  %c0 = check.cache 4 : !llm.kv_cache<2 x 4 x f32, page 64>
  %b = check.input dense<[[0]]> : tensor<1x1xi32>
  %k0 = check.input dense<[[[[1.364, 1.068, 1.342, -1.166], [-0.554, 1.144, 0.289, 0.019]],
                             [[-1.979, -1.859, 0.731, 0.342], [-0.296, -0.413, -1.726, 0.371]],
                             [[1.034, 1.642, 0.049, -0.204], [-1.096, 1.223, 1.707, -0.613]]]]> : tensor<1x3x2x4xf32>
  %v0 = check.input dense<[[[[0.291, 0.091, -0.574, -2.497], [-0.366, 0.607, -1.443, -0.839]],
                             [[-3.284, 1.285, 0.5, 0.045], [-0.27, -0.637, -0.079, -0.31]],
                             [[-0.248, -0.034, 0.126, 1.549], [-1.449, 0.262, -0.625, -1.139]]]]> : tensor<1x3x2x4xf32>
  %p0 = check.input dense<[0, 1, 2]> : tensor<3xi32>
  %s0 = check.input dense<[0, 0, 0]> : tensor<3xi32>
  %c1 = llm.cache_append %c0, %k0, %v0, %p0, %s0, %b
      : (!llm.kv_cache<2 x 4 x f32, page 64>, tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>, tensor<3xi32>, tensor<3xi32>, tensor<1x1xi32>) -> !llm.kv_cache<2 x 4 x f32, page 64>
  %q = check.input dense<[[[[-1.041, -0.334, 0.184, 0.011], [0.19, 0.891, 0.314, -0.601]],
                            [[-1.845, -0.266, -1.613, -0.104], [0.363, -1.3, -0.116, -0.327]]]]> : tensor<1x2x2x4xf32>
  %p = check.input dense<[1, 2]> : tensor<2xi32>
  %s = check.input dense<[0, 0]> : tensor<2xi32>
  %slopes = check.input dense<[0.5, 0.25]> : tensor<2xf32>
  %sinks = check.input dense<[1.0, -1.0]> : tensor<2xf32>
  %e = llm.constant dense<[[[[-1.7215867, 0.6829805, 0.237971, -0.09005461],
                             [-0.2801599, 0.18743077, -0.8527284, -0.56327945]],
                            [[-1.3372773, 0.5174309, 0.20238109, 0.08612553],
                             [-0.4647707, -0.18203594, -0.3514605, -0.48610687]]]]> : tensor<1x2x2x4xf32>
  %y = llm.cached_attention %q, %c1, %p, %s, %b, %slopes, %sinks {scale = 0.5 : f32, softcap = 2.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1>}
      : (tensor<1x2x2x4xf32>, !llm.kv_cache<2 x 4 x f32, page 64>, tensor<2xi32>, tensor<2xi32>, tensor<1x1xi32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>
  return
}

// a window of 2 at positions 1 and 2
func.func @window() {
  %c0 = check.cache 4 : !llm.kv_cache<2 x 4 x f32, page 64>
  %b = check.input dense<[[0]]> : tensor<1x1xi32>
  %k0 = check.input dense<[[[[1.364, 1.068, 1.342, -1.166], [-0.554, 1.144, 0.289, 0.019]],
                             [[-1.979, -1.859, 0.731, 0.342], [-0.296, -0.413, -1.726, 0.371]],
                             [[1.034, 1.642, 0.049, -0.204], [-1.096, 1.223, 1.707, -0.613]]]]> : tensor<1x3x2x4xf32>
  %v0 = check.input dense<[[[[0.291, 0.091, -0.574, -2.497], [-0.366, 0.607, -1.443, -0.839]],
                             [[-3.284, 1.285, 0.5, 0.045], [-0.27, -0.637, -0.079, -0.31]],
                             [[-0.248, -0.034, 0.126, 1.549], [-1.449, 0.262, -0.625, -1.139]]]]> : tensor<1x3x2x4xf32>
  %p0 = check.input dense<[0, 1, 2]> : tensor<3xi32>
  %s0 = check.input dense<[0, 0, 0]> : tensor<3xi32>
  %c1 = llm.cache_append %c0, %k0, %v0, %p0, %s0, %b
      : (!llm.kv_cache<2 x 4 x f32, page 64>, tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>, tensor<3xi32>, tensor<3xi32>, tensor<1x1xi32>) -> !llm.kv_cache<2 x 4 x f32, page 64>
  %q = check.input dense<[[[[1.906, 0.449, -1.901, 0.42], [0.386, -0.235, -0.414, 0.554]],
                            [[0.614, 0.382, -1.052, -0.314], [-1.625, -1.567, -0.635, -1.133]]]]> : tensor<1x2x2x4xf32>
  %p = check.input dense<[1, 2]> : tensor<2xi32>
  %s = check.input dense<[0, 0]> : tensor<2xi32>
  %e = llm.constant dense<[[[[0.112439424, 0.15063673, -0.5203569, -2.3700347],
                             [-0.3008543, -0.2371798, -0.51738805, -0.48002002]],
                            [[-0.5979192, 0.11802354, 0.16910599, 1.375654],
                             [-0.55045843, -0.4231475, -0.2088815, -0.5072011]]]]> : tensor<1x2x2x4xf32>
  %y = llm.cached_attention %q, %c1, %p, %s, %b {scale = 0.5 : f32, window = 2 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>}
      : (tensor<1x2x2x4xf32>, !llm.kv_cache<2 x 4 x f32, page 64>, tensor<2xi32>, tensor<2xi32>, tensor<1x1xi32>) -> tensor<1x2x2x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>
  return
}
