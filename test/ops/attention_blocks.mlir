// RUN: %run-checks %s
// BigBird's blocks (arXiv:2007.14062). Elements are sin(a t + b); numbers by numpy in float64: a softmax over the keys of the blocks
// that a row's block reads, written out one after the other, once for each time that the pattern names them.

// blocks of 16, neighbours, the first and the last (of 8), and pairs
func.func @blocks() {
  %qp = llm.positions affine_map<() -> (1, 200, 0)> : tensor<1x200xi64>
  %qf = llm.cast %qp : (tensor<1x200xi64>) -> tensor<1x200xf32>
  %qu = llm.unsqueeze %qf {axes = array<i64: 2>} : (tensor<1x200xf32>) -> tensor<1x200x1xf32>
  %qa = check.input dense<[4.625, 3.125, 3.375, 4.375, 2.875, 3.875, 4.125, 1.125, 0.375, 1.5, 1.5, 4.375, 4.5, 0.125, 2.5,
                              4.125]> : tensor<16xf32>
  %qb = check.input dense<[-3.5, 2.5, -3.5, -0.5, 2.5, -2.0, -1.5, -2.0, 1.5, -2.5, 4.0, -0.5, -0.5, 0.0, 0.5, 0.0]> : tensor<16xf32>
  %qm = llm.mul %qu, %qa : (tensor<1x200x1xf32>, tensor<16xf32>) -> tensor<1x200x16xf32>
  %qs = llm.add %qm, %qb : (tensor<1x200x16xf32>, tensor<16xf32>) -> tensor<1x200x16xf32>
  %qt = llm.sin %qs : (tensor<1x200x16xf32>) -> tensor<1x200x16xf32>
  %qn = llm.constant dense<[1, 200, 4, 4]> : tensor<4xi64>
  %q = llm.reshape %qt, %qn : (tensor<1x200x16xf32>, tensor<4xi64>) -> tensor<1x200x4x4xf32>
  %kp = llm.positions affine_map<() -> (1, 200, 0)> : tensor<1x200xi64>
  %kf = llm.cast %kp : (tensor<1x200xi64>) -> tensor<1x200xf32>
  %ku = llm.unsqueeze %kf {axes = array<i64: 2>} : (tensor<1x200xf32>) -> tensor<1x200x1xf32>
  %ka = check.input dense<[2.5, 4.875, 4.0, 3.875, 3.5, 3.125, 1.75, 4.875]> : tensor<8xf32>
  %kb = check.input dense<[-0.5, -3.0, 3.0, -3.5, 3.0, 1.0, -3.5, -4.5]> : tensor<8xf32>
  %km = llm.mul %ku, %ka : (tensor<1x200x1xf32>, tensor<8xf32>) -> tensor<1x200x8xf32>
  %ks = llm.add %km, %kb : (tensor<1x200x8xf32>, tensor<8xf32>) -> tensor<1x200x8xf32>
  %kt = llm.sin %ks : (tensor<1x200x8xf32>) -> tensor<1x200x8xf32>
  %kn = llm.constant dense<[1, 200, 2, 4]> : tensor<4xi64>
  %k = llm.reshape %kt, %kn : (tensor<1x200x8xf32>, tensor<4xi64>) -> tensor<1x200x2x4xf32>
  %vp = llm.positions affine_map<() -> (1, 200, 0)> : tensor<1x200xi64>
  %vf = llm.cast %vp : (tensor<1x200xi64>) -> tensor<1x200xf32>
  %vu = llm.unsqueeze %vf {axes = array<i64: 2>} : (tensor<1x200xf32>) -> tensor<1x200x1xf32>
  %va = check.input dense<[2.25, 0.25, 0.75, 2.625, 4.75, 2.375, 4.0, 4.5]> : tensor<8xf32>
  %vb = check.input dense<[2.5, 1.0, -1.0, 0.0, -2.5, -0.5, -1.5, -2.5]> : tensor<8xf32>
  %vm = llm.mul %vu, %va : (tensor<1x200x1xf32>, tensor<8xf32>) -> tensor<1x200x8xf32>
  %vs = llm.add %vm, %vb : (tensor<1x200x8xf32>, tensor<8xf32>) -> tensor<1x200x8xf32>
  %vt = llm.sin %vs : (tensor<1x200x8xf32>) -> tensor<1x200x8xf32>
  %vn = llm.constant dense<[1, 200, 2, 4]> : tensor<4xi64>
  %v = llm.reshape %vt, %vn : (tensor<1x200x8xf32>, tensor<4xi64>) -> tensor<1x200x2x4xf32>
  %y = llm.attention %q, %k, %v {scale = 0.5 : f32, block_size = 16 : i64, block_window = 1 : i64, first_blocks = 1 : i64, last_blocks = 1 : i64,
      block_pairs = array<i64: -1, -1, 0, -1, -1, 0, 0, 4, 8, 1, 4, 9, 2, 0, 3, 3, 4, 20>, dense_length = 199 : i64,
      operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
      : (tensor<1x200x4x4xf32>, tensor<1x200x2x4xf32>, tensor<1x200x2x4xf32>) -> tensor<1x200x4x4xf32>
  %r = check.input dense<[3, 70, 199]> : tensor<3xi64>
  %z = llm.gather %y, %r {axis = 1 : i64} : (tensor<1x200x4x4xf32>, tensor<3xi64>) -> tensor<1x3x4x4xf32>
  %e = llm.constant dense<[[[[-0.0041700243, -0.004890299, 0.0053719757, 0.0023948436], [0.0058871694, -0.00018114585,
                          0.004875376, 0.0152716795], [-0.0029333977, -0.0033409502, -0.0028225672, -0.012532071],
                          [0.006317928, 0.001487786, -0.0028895964, -0.011063116]], [[-0.06468428, -0.021821497, -0.0236349,
                          0.01744558], [0.024055256, 0.08275368, 0.030541308, 0.1060242], [0.002129159, -0.0090004895,
                          -0.009341524, -0.070936516], [-0.008628868, -0.004786799, 0.010670269, 0.02390173]], [[-0.0077379444,
                          -0.0035467572, 0.003022953, -0.0010227667], [-0.0065744044, -0.0008274373, 0.0025454443,
                          0.00015088831], [0.0050384635, 0.0016546935, -0.0020503926, -0.010991471], [0.006855847,
                          0.0014140622, -0.0040315236, -0.011924313]]]]> : tensor<1x3x4x4xf32>
  check.almost_equal %z, %e {rtol = 1.0e-04, atol = 2.0e-05} : tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>
  return
}

// up to dense_length keys every one counts once
func.func @dense() {
  %qp = llm.positions affine_map<() -> (1, 40, 0)> : tensor<1x40xi64>
  %qf = llm.cast %qp : (tensor<1x40xi64>) -> tensor<1x40xf32>
  %qu = llm.unsqueeze %qf {axes = array<i64: 2>} : (tensor<1x40xf32>) -> tensor<1x40x1xf32>
  %qa = check.input dense<[4.625, 3.125, 3.375, 4.375, 2.875, 3.875, 4.125, 1.125, 0.375, 1.5, 1.5, 4.375, 4.5, 0.125, 2.5,
                              4.125]> : tensor<16xf32>
  %qb = check.input dense<[-3.5, 2.5, -3.5, -0.5, 2.5, -2.0, -1.5, -2.0, 1.5, -2.5, 4.0, -0.5, -0.5, 0.0, 0.5, 0.0]> : tensor<16xf32>
  %qm = llm.mul %qu, %qa : (tensor<1x40x1xf32>, tensor<16xf32>) -> tensor<1x40x16xf32>
  %qs = llm.add %qm, %qb : (tensor<1x40x16xf32>, tensor<16xf32>) -> tensor<1x40x16xf32>
  %qt = llm.sin %qs : (tensor<1x40x16xf32>) -> tensor<1x40x16xf32>
  %qn = llm.constant dense<[1, 40, 4, 4]> : tensor<4xi64>
  %q = llm.reshape %qt, %qn : (tensor<1x40x16xf32>, tensor<4xi64>) -> tensor<1x40x4x4xf32>
  %kp = llm.positions affine_map<() -> (1, 40, 0)> : tensor<1x40xi64>
  %kf = llm.cast %kp : (tensor<1x40xi64>) -> tensor<1x40xf32>
  %ku = llm.unsqueeze %kf {axes = array<i64: 2>} : (tensor<1x40xf32>) -> tensor<1x40x1xf32>
  %ka = check.input dense<[2.5, 4.875, 4.0, 3.875, 3.5, 3.125, 1.75, 4.875]> : tensor<8xf32>
  %kb = check.input dense<[-0.5, -3.0, 3.0, -3.5, 3.0, 1.0, -3.5, -4.5]> : tensor<8xf32>
  %km = llm.mul %ku, %ka : (tensor<1x40x1xf32>, tensor<8xf32>) -> tensor<1x40x8xf32>
  %ks = llm.add %km, %kb : (tensor<1x40x8xf32>, tensor<8xf32>) -> tensor<1x40x8xf32>
  %kt = llm.sin %ks : (tensor<1x40x8xf32>) -> tensor<1x40x8xf32>
  %kn = llm.constant dense<[1, 40, 2, 4]> : tensor<4xi64>
  %k = llm.reshape %kt, %kn : (tensor<1x40x8xf32>, tensor<4xi64>) -> tensor<1x40x2x4xf32>
  %vp = llm.positions affine_map<() -> (1, 40, 0)> : tensor<1x40xi64>
  %vf = llm.cast %vp : (tensor<1x40xi64>) -> tensor<1x40xf32>
  %vu = llm.unsqueeze %vf {axes = array<i64: 2>} : (tensor<1x40xf32>) -> tensor<1x40x1xf32>
  %va = check.input dense<[2.25, 0.25, 0.75, 2.625, 4.75, 2.375, 4.0, 4.5]> : tensor<8xf32>
  %vb = check.input dense<[2.5, 1.0, -1.0, 0.0, -2.5, -0.5, -1.5, -2.5]> : tensor<8xf32>
  %vm = llm.mul %vu, %va : (tensor<1x40x1xf32>, tensor<8xf32>) -> tensor<1x40x8xf32>
  %vs = llm.add %vm, %vb : (tensor<1x40x8xf32>, tensor<8xf32>) -> tensor<1x40x8xf32>
  %vt = llm.sin %vs : (tensor<1x40x8xf32>) -> tensor<1x40x8xf32>
  %vn = llm.constant dense<[1, 40, 2, 4]> : tensor<4xi64>
  %v = llm.reshape %vt, %vn : (tensor<1x40x8xf32>, tensor<4xi64>) -> tensor<1x40x2x4xf32>
  %y = llm.attention %q, %k, %v {scale = 0.5 : f32, block_size = 8 : i64, first_blocks = 1 : i64, block_pairs = array<i64: -1, -1, 0, -1, -1, 0, 0, 4, 8,
      1, 4, 9, 2, 0, 3>, dense_length = 40 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
      : (tensor<1x40x4x4xf32>, tensor<1x40x2x4xf32>, tensor<1x40x2x4xf32>) -> tensor<1x40x4x4xf32>
  %r = check.input dense<[0, 39]> : tensor<2xi64>
  %z = llm.gather %y, %r {axis = 1 : i64} : (tensor<1x40x4x4xf32>, tensor<2xi64>) -> tensor<1x2x4x4xf32>
  %e = llm.constant dense<[[[[0.0024299207, 0.0858984, 0.040763948, -0.03214979], [0.03671145, 0.039511226, 0.070953876,
                          -0.088796645], [0.008797963, -0.027861169, 0.0043804576, 0.15430467], [0.020759447, 0.0022200693,
                          -0.034325268, -0.11226698]], [[0.02292025, 0.08341149, 0.032611813, 0.03327073], [0.0071890526,
                          0.07382181, 0.040246185, -0.024058834], [0.056676928, 0.004271806, -0.0153531125, 0.06460769],
                          [-0.010211246, 0.019267652, -0.0039088773, 0.116820805]]]]> : tensor<1x2x4x4xf32>
  check.almost_equal %z, %e {rtol = 1.0e-04, atol = 2.0e-05} : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>
  return
}

// causal, behind a past
func.func @causal_blocks() {
  %qp = llm.positions affine_map<() -> (1, 10, 140)> : tensor<1x10xi64>
  %qf = llm.cast %qp : (tensor<1x10xi64>) -> tensor<1x10xf32>
  %qu = llm.unsqueeze %qf {axes = array<i64: 2>} : (tensor<1x10xf32>) -> tensor<1x10x1xf32>
  %qa = check.input dense<[4.625, 3.125, 3.375, 4.375, 2.875, 3.875, 4.125, 1.125, 0.375, 1.5, 1.5, 4.375, 4.5, 0.125, 2.5,
                              4.125]> : tensor<16xf32>
  %qb = check.input dense<[-3.5, 2.5, -3.5, -0.5, 2.5, -2.0, -1.5, -2.0, 1.5, -2.5, 4.0, -0.5, -0.5, 0.0, 0.5, 0.0]> : tensor<16xf32>
  %qm = llm.mul %qu, %qa : (tensor<1x10x1xf32>, tensor<16xf32>) -> tensor<1x10x16xf32>
  %qs = llm.add %qm, %qb : (tensor<1x10x16xf32>, tensor<16xf32>) -> tensor<1x10x16xf32>
  %qt = llm.sin %qs : (tensor<1x10x16xf32>) -> tensor<1x10x16xf32>
  %qn = llm.constant dense<[1, 10, 4, 4]> : tensor<4xi64>
  %q = llm.reshape %qt, %qn : (tensor<1x10x16xf32>, tensor<4xi64>) -> tensor<1x10x4x4xf32>
  %kp = llm.positions affine_map<() -> (1, 150, 0)> : tensor<1x150xi64>
  %kf = llm.cast %kp : (tensor<1x150xi64>) -> tensor<1x150xf32>
  %ku = llm.unsqueeze %kf {axes = array<i64: 2>} : (tensor<1x150xf32>) -> tensor<1x150x1xf32>
  %ka = check.input dense<[2.5, 4.875, 4.0, 3.875, 3.5, 3.125, 1.75, 4.875]> : tensor<8xf32>
  %kb = check.input dense<[-0.5, -3.0, 3.0, -3.5, 3.0, 1.0, -3.5, -4.5]> : tensor<8xf32>
  %km = llm.mul %ku, %ka : (tensor<1x150x1xf32>, tensor<8xf32>) -> tensor<1x150x8xf32>
  %ks = llm.add %km, %kb : (tensor<1x150x8xf32>, tensor<8xf32>) -> tensor<1x150x8xf32>
  %kt = llm.sin %ks : (tensor<1x150x8xf32>) -> tensor<1x150x8xf32>
  %kn = llm.constant dense<[1, 150, 2, 4]> : tensor<4xi64>
  %k = llm.reshape %kt, %kn : (tensor<1x150x8xf32>, tensor<4xi64>) -> tensor<1x150x2x4xf32>
  %vp = llm.positions affine_map<() -> (1, 150, 0)> : tensor<1x150xi64>
  %vf = llm.cast %vp : (tensor<1x150xi64>) -> tensor<1x150xf32>
  %vu = llm.unsqueeze %vf {axes = array<i64: 2>} : (tensor<1x150xf32>) -> tensor<1x150x1xf32>
  %va = check.input dense<[2.25, 0.25, 0.75, 2.625, 4.75, 2.375, 4.0, 4.5]> : tensor<8xf32>
  %vb = check.input dense<[2.5, 1.0, -1.0, 0.0, -2.5, -0.5, -1.5, -2.5]> : tensor<8xf32>
  %vm = llm.mul %vu, %va : (tensor<1x150x1xf32>, tensor<8xf32>) -> tensor<1x150x8xf32>
  %vs = llm.add %vm, %vb : (tensor<1x150x8xf32>, tensor<8xf32>) -> tensor<1x150x8xf32>
  %vt = llm.sin %vs : (tensor<1x150x8xf32>) -> tensor<1x150x8xf32>
  %vn = llm.constant dense<[1, 150, 2, 4]> : tensor<4xi64>
  %v = llm.reshape %vt, %vn : (tensor<1x150x8xf32>, tensor<4xi64>) -> tensor<1x150x2x4xf32>
  %y = llm.attention %q, %k, %v {scale = 0.5 : f32, causal, block_size = 8 : i64, block_window = 2 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0,
      0, 0>}
      : (tensor<1x10x4x4xf32>, tensor<1x150x2x4xf32>, tensor<1x150x2x4xf32>) -> tensor<1x10x4x4xf32>
  %r = check.input dense<[1, 9]> : tensor<2xi64>
  %z = llm.gather %y, %r {axis = 1 : i64} : (tensor<1x10x4x4xf32>, tensor<2xi64>) -> tensor<1x2x4x4xf32>
  %e = llm.constant dense<[[[[-0.05796762, 0.07276875, 0.016644044, -0.1438802], [-0.13564797, 0.112161346, 0.01610272,
                          0.012108364], [0.05600588, -0.029808981, -0.013091109, 0.2566761], [0.14829175, -0.002786646,
                          -0.007455905, 0.11237151]], [[-0.07098178, -0.12347723, 0.07825043, 0.0849842], [0.13111088,
                          -0.08596954, 0.103911154, -0.027126996], [0.14086838, 0.021091977, -0.009414509, 0.11429089],
                          [0.17883214, 0.1001949, -0.027268378, 0.18985678]]]]> : tensor<1x2x4x4xf32>
  check.almost_equal %z, %e {rtol = 1.0e-04, atol = 2.0e-05} : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>
  return
}
