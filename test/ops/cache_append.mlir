// RUN: %run-checks %s

// sequence 1 is in page 2, sequence 0 in page 1; tokens of both in one append, read back by attention over all positions
func.func @two_sequences() {
  %c0 = check.cache 4 : !llm.kv_cache<2 x 4 x f32, page 64>
  %b = check.input dense<[[1], [2]]> : tensor<2x1xi32>
  %k0 = check.input dense<[[[[1.364, 1.068, 1.342, -1.166], [-0.554, 1.144, 0.289, 0.019]],
                             [[-1.979, -1.859, 0.731, 0.342], [-0.296, -0.413, -1.726, 0.371]],
                             [[1.034, 1.642, 0.049, -0.204], [-1.096, 1.223, 1.707, -0.613]]]]> : tensor<1x3x2x4xf32>
  %v0 = check.input dense<[[[[0.291, 0.091, -0.574, -2.497], [-0.366, 0.607, -1.443, -0.839]],
                             [[-3.284, 1.285, 0.5, 0.045], [-0.27, -0.637, -0.079, -0.31]],
                             [[-0.248, -0.034, 0.126, 1.549], [-1.449, 0.262, -0.625, -1.139]]]]> : tensor<1x3x2x4xf32>
  %p0 = check.input dense<[0, 0, 1]> : tensor<3xi32>
  %s0 = check.input dense<[0, 1, 1]> : tensor<3xi32>
  %c1 = llm.cache_append %c0, %k0, %v0, %p0, %s0, %b
      : (!llm.kv_cache<2 x 4 x f32, page 64>, tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>, tensor<3xi32>, tensor<3xi32>, tensor<2x1xi32>) -> !llm.kv_cache<2 x 4 x f32, page 64>
  %q = check.input dense<[[[[0.825, 0.178, 0.233, 2.45], [1.194, 0.324, 0.173, -2.166]],
                            [[0.772, -0.749, 0.176, 0.098], [0.96, 2.031, 0.984, 1.273]]]]> : tensor<1x2x2x4xf32>
  %p = check.input dense<[0, 1]> : tensor<2xi32>
  %s = check.input dense<[0, 1]> : tensor<2xi32>
  %e = llm.constant dense<[[[[0.291, 0.091, -0.574, -2.497], [-0.366, 0.607, -1.443, -0.839]],
                            [[-1.9434562, 0.70259637, 0.33486053, 0.70909023],
                             [-1.3454158, 0.18301596, -0.5770297, -1.066166]]]]> : tensor<1x2x2x4xf32>
  %y = llm.cached_attention %q, %c1, %p, %s, %b {scale = 0.5 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>}
      : (tensor<1x2x2x4xf32>, !llm.kv_cache<2 x 4 x f32, page 64>, tensor<2xi32>, tensor<2xi32>, tensor<2x1xi32>) -> tensor<1x2x2x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>
  return
}

// a position that is written twice holds the second
func.func @overwrites() {
  %c0 = check.cache 4 : !llm.kv_cache<2 x 4 x f32, page 64>
  %b = check.input dense<[[3]]> : tensor<1x1xi32>
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
  %k1 = check.input dense<[[[[-2.368, 0.607, -0.99, -0.76], [0.46, -1.093, 0.016, -0.085]],
                             [[0.792, 1.001, -0.877, 0.907], [-0.107, 0.113, -0.223, 0.766]]]]> : tensor<1x2x2x4xf32>
  %v1 = check.input dense<[[[[-1.222, 0.25, 1.166, -0.294], [2.018, -0.746, 0.204, -0.493]],
                             [[-0.629, -1.126, -0.55, -0.062], [-0.813, 0.872, 1.51, -1.539]]]]> : tensor<1x2x2x4xf32>
  %p1 = check.input dense<[1, 2]> : tensor<2xi32>
  %s1 = check.input dense<[0, 0]> : tensor<2xi32>
  %c2 = llm.cache_append %c1, %k1, %v1, %p1, %s1, %b
      : (!llm.kv_cache<2 x 4 x f32, page 64>, tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>, tensor<2xi32>, tensor<2xi32>, tensor<1x1xi32>) -> !llm.kv_cache<2 x 4 x f32, page 64>
  %q = check.input dense<[[[[-0.235, 0.456, 0.769, -1.44], [2.042, -0.715, -1.278, 1.634]]]]> : tensor<1x1x2x4xf32>
  %p = check.input dense<[2]> : tensor<1xi32>
  %s = check.input dense<[0]> : tensor<1xi32>
  %e = llm.constant dense<[[[[-0.19126299, 0.054832533, -0.08774182, -1.7223823],
                             [0.63777775, 0.04214123, 0.63991255, -0.96386415]]]]> : tensor<1x1x2x4xf32>
  %y = llm.cached_attention %q, %c2, %p, %s, %b {scale = 0.5 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>}
      : (tensor<1x1x2x4xf32>, !llm.kv_cache<2 x 4 x f32, page 64>, tensor<1xi32>, tensor<1xi32>, tensor<1x1xi32>) -> tensor<1x1x2x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>
  return
}

// a float16 cache rounds what is written
func.func @rounds() {
  %c0 = check.cache 4 : !llm.kv_cache<2 x 4 x f16, page 64>
  %b = check.input dense<[[0]]> : tensor<1x1xi32>
  %k0 = check.input dense<[[[[2.118, -0.703, -0.613, 3.112], [0.113, -1.984, -0.612, 2.002]],
                             [[0.659, 0.752, 1.225, 0.676], [-0.333, -1.594, 0.446, -1.116]]]]> : tensor<1x2x2x4xf32>
  %v0 = check.input dense<[[[[-0.056, 1.759, 0.541, 0.059], [0.066, 0.731, 0.921, -1.317]],
                             [[0.185, 1.716, 0.754, -0.765], [-0.68, -2.062, -0.793, 1.607]]]]> : tensor<1x2x2x4xf32>
  %p0 = check.input dense<[0, 1]> : tensor<2xi32>
  %s0 = check.input dense<[0, 0]> : tensor<2xi32>
  %c1 = llm.cache_append %c0, %k0, %v0, %p0, %s0, %b
      : (!llm.kv_cache<2 x 4 x f16, page 64>, tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>, tensor<2xi32>, tensor<2xi32>, tensor<1x1xi32>) -> !llm.kv_cache<2 x 4 x f16, page 64>
  %q = check.input dense<[[[[-0.07, -0.855, -0.576, -0.111], [-0.107, -0.354, -0.769, 0.637]]]]> : tensor<1x1x2x4xf32>
  %p = check.input dense<[1]> : tensor<1xi32>
  %s = check.input dense<[0]> : tensor<1xi32>
  %e = llm.constant dense<[[[[0.01050229, 1.746935, 0.5997469, -0.16836587],
                             [-0.076347806, 0.1981134, 0.59398335, -0.759485]]]]> : tensor<1x1x2x4xf32>
  %y = llm.cached_attention %q, %c1, %p, %s, %b {scale = 0.5 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>}
      : (tensor<1x1x2x4xf32>, !llm.kv_cache<2 x 4 x f16, page 64>, tensor<1xi32>, tensor<1xi32>, tensor<1x1xi32>) -> tensor<1x1x2x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 1.0e-05} : tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>
  return
}
