// RUN: %run-checks %s
// Patterns over the cache. Elements are sin(a t + b); numbers by numpy in float64 as in attention_segments.mlir and
// attention_blocks.mlir.

// three pages: segments of 16, and of 256 every second token
func.func @branches() {
  %c0 = check.cache 5 : !llm.kv_cache<2 x 4 x f32, page 64>
  %b = check.input dense<[[2, 0, 3, 1, 4]]> : tensor<1x5xi32>
  %qp = llm.positions affine_map<() -> (1, 300, 0)> : tensor<1x300xi64>
  %qf = llm.cast %qp : (tensor<1x300xi64>) -> tensor<1x300xf32>
  %qu = llm.unsqueeze %qf {axes = array<i64: 2>} : (tensor<1x300xf32>) -> tensor<1x300x1xf32>
  %qa = check.input dense<[4.625, 3.125, 3.375, 4.375, 2.875, 3.875, 4.125, 1.125, 0.375, 1.5, 1.5, 4.375, 4.5, 0.125, 2.5,
                              4.125]> : tensor<16xf32>
  %qb = check.input dense<[-3.5, 2.5, -3.5, -0.5, 2.5, -2.0, -1.5, -2.0, 1.5, -2.5, 4.0, -0.5, -0.5, 0.0, 0.5, 0.0]> : tensor<16xf32>
  %qm = llm.mul %qu, %qa : (tensor<1x300x1xf32>, tensor<16xf32>) -> tensor<1x300x16xf32>
  %qs = llm.add %qm, %qb : (tensor<1x300x16xf32>, tensor<16xf32>) -> tensor<1x300x16xf32>
  %qt = llm.sin %qs : (tensor<1x300x16xf32>) -> tensor<1x300x16xf32>
  %qn = llm.constant dense<[1, 300, 4, 4]> : tensor<4xi64>
  %q = llm.reshape %qt, %qn : (tensor<1x300x16xf32>, tensor<4xi64>) -> tensor<1x300x4x4xf32>
  %kp = llm.positions affine_map<() -> (1, 300, 0)> : tensor<1x300xi64>
  %kf = llm.cast %kp : (tensor<1x300xi64>) -> tensor<1x300xf32>
  %ku = llm.unsqueeze %kf {axes = array<i64: 2>} : (tensor<1x300xf32>) -> tensor<1x300x1xf32>
  %ka = check.input dense<[2.5, 4.875, 4.0, 3.875, 3.5, 3.125, 1.75, 4.875]> : tensor<8xf32>
  %kb = check.input dense<[-0.5, -3.0, 3.0, -3.5, 3.0, 1.0, -3.5, -4.5]> : tensor<8xf32>
  %km = llm.mul %ku, %ka : (tensor<1x300x1xf32>, tensor<8xf32>) -> tensor<1x300x8xf32>
  %ks = llm.add %km, %kb : (tensor<1x300x8xf32>, tensor<8xf32>) -> tensor<1x300x8xf32>
  %kt = llm.sin %ks : (tensor<1x300x8xf32>) -> tensor<1x300x8xf32>
  %kn = llm.constant dense<[1, 300, 2, 4]> : tensor<4xi64>
  %k = llm.reshape %kt, %kn : (tensor<1x300x8xf32>, tensor<4xi64>) -> tensor<1x300x2x4xf32>
  %vp = llm.positions affine_map<() -> (1, 300, 0)> : tensor<1x300xi64>
  %vf = llm.cast %vp : (tensor<1x300xi64>) -> tensor<1x300xf32>
  %vu = llm.unsqueeze %vf {axes = array<i64: 2>} : (tensor<1x300xf32>) -> tensor<1x300x1xf32>
  %va = check.input dense<[2.25, 0.25, 0.75, 2.625, 4.75, 2.375, 4.0, 4.5]> : tensor<8xf32>
  %vb = check.input dense<[2.5, 1.0, -1.0, 0.0, -2.5, -0.5, -1.5, -2.5]> : tensor<8xf32>
  %vm = llm.mul %vu, %va : (tensor<1x300x1xf32>, tensor<8xf32>) -> tensor<1x300x8xf32>
  %vs = llm.add %vm, %vb : (tensor<1x300x8xf32>, tensor<8xf32>) -> tensor<1x300x8xf32>
  %vt = llm.sin %vs : (tensor<1x300x8xf32>) -> tensor<1x300x8xf32>
  %vn = llm.constant dense<[1, 300, 2, 4]> : tensor<4xi64>
  %v = llm.reshape %vt, %vn : (tensor<1x300x8xf32>, tensor<4xi64>) -> tensor<1x300x2x4xf32>
  %p64 = llm.squeeze %kp {axes = array<i64: 0>} : (tensor<1x300xi64>) -> tensor<300xi64>
  %p = llm.cast %p64 : (tensor<300xi64>) -> tensor<300xi32>
  %s = llm.sub %p, %p : (tensor<300xi32>, tensor<300xi32>) -> tensor<300xi32>
  %c = llm.cache_append %c0, %k, %v, %p, %s, %b
      : (!llm.kv_cache<2 x 4 x f32, page 64>, tensor<1x300x2x4xf32>, tensor<1x300x2x4xf32>, tensor<300xi32>, tensor<300xi32>, tensor<1x5xi32>) -> !llm.kv_cache<2 x 4 x f32, page 64>
  %r = check.input dense<[7, 140, 299]> : tensor<3xi64>
  %qr = llm.gather %q, %r {axis = 1 : i64} : (tensor<1x300x4x4xf32>, tensor<3xi64>) -> tensor<1x3x4x4xf32>
  %pr = llm.cast %r : (tensor<3xi64>) -> tensor<3xi32>
  %sr = llm.sub %pr, %pr : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  %y = llm.cached_attention %qr, %c, %pr, %sr, %b {scale = 0.5 : f32, segments = array<i64: 16, 256>, dilations = array<i64: 1, 2>, operandSegmentSizes = array<i32: 1, 1,
      1, 1, 1, 0, 0>}
      : (tensor<1x3x4x4xf32>, !llm.kv_cache<2 x 4 x f32, page 64>, tensor<3xi32>, tensor<3xi32>, tensor<1x5xi32>) -> tensor<1x3x4x4xf32>
  %e = llm.constant dense<[[[[-0.15156627, 0.77490544, 0.035221823, -0.2052343], [-0.11404355, 0.7680603, -0.021684617,
                          0.023226222], [0.16462044, 0.068066604, -0.049665116, -0.27018264], [0.1251852, 0.008399163,
                          0.12000139, 0.026199074]], [[-0.0049622725, 0.025073064, -0.06436804, -0.030791376], [-0.04184277,
                          -0.036534097, 0.13682216, 0.13724229], [-0.0012255854, -0.008181709, -0.006710908, 0.015721833],
                          [-0.03337559, 0.026059229, 0.0009898688, -0.053215533]], [[0.13561553, -0.59101045, 0.1561051,
                          0.10526956], [0.1665942, -0.3170463, -0.040727723, 0.19520189], [-0.17756741, -0.049225505,
                          0.057411622, -0.04889677], [-0.11393207, -0.028594388, 0.0264606, -0.056144986]]]]> : tensor<1x3x4x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 2.0e-05} : tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>
  return
}

// the block of 16 and the one before, the first one and pairs: a chunk in the middle is not read
func.func @blocks() {
  %c0 = check.cache 5 : !llm.kv_cache<2 x 4 x f32, page 64>
  %b = check.input dense<[[2, 0, 3, 1, 4]]> : tensor<1x5xi32>
  %qp = llm.positions affine_map<() -> (1, 280, 0)> : tensor<1x280xi64>
  %qf = llm.cast %qp : (tensor<1x280xi64>) -> tensor<1x280xf32>
  %qu = llm.unsqueeze %qf {axes = array<i64: 2>} : (tensor<1x280xf32>) -> tensor<1x280x1xf32>
  %qa = check.input dense<[4.625, 3.125, 3.375, 4.375, 2.875, 3.875, 4.125, 1.125, 0.375, 1.5, 1.5, 4.375, 4.5, 0.125, 2.5,
                              4.125]> : tensor<16xf32>
  %qb = check.input dense<[-3.5, 2.5, -3.5, -0.5, 2.5, -2.0, -1.5, -2.0, 1.5, -2.5, 4.0, -0.5, -0.5, 0.0, 0.5, 0.0]> : tensor<16xf32>
  %qm = llm.mul %qu, %qa : (tensor<1x280x1xf32>, tensor<16xf32>) -> tensor<1x280x16xf32>
  %qs = llm.add %qm, %qb : (tensor<1x280x16xf32>, tensor<16xf32>) -> tensor<1x280x16xf32>
  %qt = llm.sin %qs : (tensor<1x280x16xf32>) -> tensor<1x280x16xf32>
  %qn = llm.constant dense<[1, 280, 4, 4]> : tensor<4xi64>
  %q = llm.reshape %qt, %qn : (tensor<1x280x16xf32>, tensor<4xi64>) -> tensor<1x280x4x4xf32>
  %kp = llm.positions affine_map<() -> (1, 280, 0)> : tensor<1x280xi64>
  %kf = llm.cast %kp : (tensor<1x280xi64>) -> tensor<1x280xf32>
  %ku = llm.unsqueeze %kf {axes = array<i64: 2>} : (tensor<1x280xf32>) -> tensor<1x280x1xf32>
  %ka = check.input dense<[2.5, 4.875, 4.0, 3.875, 3.5, 3.125, 1.75, 4.875]> : tensor<8xf32>
  %kb = check.input dense<[-0.5, -3.0, 3.0, -3.5, 3.0, 1.0, -3.5, -4.5]> : tensor<8xf32>
  %km = llm.mul %ku, %ka : (tensor<1x280x1xf32>, tensor<8xf32>) -> tensor<1x280x8xf32>
  %ks = llm.add %km, %kb : (tensor<1x280x8xf32>, tensor<8xf32>) -> tensor<1x280x8xf32>
  %kt = llm.sin %ks : (tensor<1x280x8xf32>) -> tensor<1x280x8xf32>
  %kn = llm.constant dense<[1, 280, 2, 4]> : tensor<4xi64>
  %k = llm.reshape %kt, %kn : (tensor<1x280x8xf32>, tensor<4xi64>) -> tensor<1x280x2x4xf32>
  %vp = llm.positions affine_map<() -> (1, 280, 0)> : tensor<1x280xi64>
  %vf = llm.cast %vp : (tensor<1x280xi64>) -> tensor<1x280xf32>
  %vu = llm.unsqueeze %vf {axes = array<i64: 2>} : (tensor<1x280xf32>) -> tensor<1x280x1xf32>
  %va = check.input dense<[2.25, 0.25, 0.75, 2.625, 4.75, 2.375, 4.0, 4.5]> : tensor<8xf32>
  %vb = check.input dense<[2.5, 1.0, -1.0, 0.0, -2.5, -0.5, -1.5, -2.5]> : tensor<8xf32>
  %vm = llm.mul %vu, %va : (tensor<1x280x1xf32>, tensor<8xf32>) -> tensor<1x280x8xf32>
  %vs = llm.add %vm, %vb : (tensor<1x280x8xf32>, tensor<8xf32>) -> tensor<1x280x8xf32>
  %vt = llm.sin %vs : (tensor<1x280x8xf32>) -> tensor<1x280x8xf32>
  %vn = llm.constant dense<[1, 280, 2, 4]> : tensor<4xi64>
  %v = llm.reshape %vt, %vn : (tensor<1x280x8xf32>, tensor<4xi64>) -> tensor<1x280x2x4xf32>
  %p64 = llm.squeeze %kp {axes = array<i64: 0>} : (tensor<1x280xi64>) -> tensor<280xi64>
  %p = llm.cast %p64 : (tensor<280xi64>) -> tensor<280xi32>
  %s = llm.sub %p, %p : (tensor<280xi32>, tensor<280xi32>) -> tensor<280xi32>
  %c = llm.cache_append %c0, %k, %v, %p, %s, %b
      : (!llm.kv_cache<2 x 4 x f32, page 64>, tensor<1x280x2x4xf32>, tensor<1x280x2x4xf32>, tensor<280xi32>, tensor<280xi32>, tensor<1x5xi32>) -> !llm.kv_cache<2 x 4 x f32, page 64>
  %r = check.input dense<[20, 130, 275]> : tensor<3xi64>
  %qr = llm.gather %q, %r {axis = 1 : i64} : (tensor<1x280x4x4xf32>, tensor<3xi64>) -> tensor<1x3x4x4xf32>
  %pr = llm.cast %r : (tensor<3xi64>) -> tensor<3xi32>
  %sr = llm.sub %pr, %pr : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  %y = llm.cached_attention %qr, %c, %pr, %sr, %b {scale = 0.5 : f32, block_size = 16 : i64, block_window = 1 : i64, first_blocks = 1 : i64, block_pairs = array<i64: -1,
      -1, 1, 0, 17, 4, 3, 17, 4>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>}
      : (tensor<1x3x4x4xf32>, !llm.kv_cache<2 x 4 x f32, page 64>, tensor<3xi32>, tensor<3xi32>, tensor<1x5xi32>) -> tensor<1x3x4x4xf32>
  %e = llm.constant dense<[[[[-0.15585202, -0.13491215, 0.05994863, 0.083296455], [0.23541442, -0.20698494, -0.011665083,
                          -0.06423859], [-0.15673263, -0.009514371, -0.058553044, -0.10336742], [0.0913858, -0.028598674,
                          -0.07084766, -0.04985291]], [[-0.07545198, 0.12604804, 0.053244613, -0.078707695], [-0.005563528,
                          0.0968362, 0.05503055, 0.06778656], [0.11133954, 0.028545605, -0.004236558, 0.010090627],
                          [0.16558382, 0.021592345, -0.0180681, 0.009988264]], [[0.07809966, 0.03291278, 0.021131817,
                          0.04815706], [0.0563277, 0.049713682, 0.01164474, -0.14834006], [0.08815805, -0.042439595,
                          -0.0467819, -0.116457984], [-0.04257857, -0.02767274, -0.003922349, -0.006518894]]]]> : tensor<1x3x4x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-04, atol = 2.0e-05} : tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>
  return
}
