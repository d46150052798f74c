// RUN: %run-checks %s
// Windows that end ahead of the query, and LongNet's segments. Elements are sin(a t + b); numbers by numpy in float64: each branch
// of arXiv:2307.02486 a softmax of its own over the tokens it keeps, the branches weighed by their denominators.

// 3 keys back, 2 ahead: as an encoder's window
func.func @ahead() {
  %qp = llm.positions affine_map<() -> (1, 20, 0)> : tensor<1x20xi64>
  %qf = llm.cast %qp : (tensor<1x20xi64>) -> tensor<1x20xf32>
  %qu = llm.unsqueeze %qf {axes = array<i64: 2>} : (tensor<1x20xf32>) -> tensor<1x20x1xf32>
  %qa = check.input dense<[4.625, 3.125, 3.375, 4.375, 2.875, 3.875, 4.125, 1.125, 0.375, 1.5, 1.5, 4.375, 4.5, 0.125, 2.5,
                              4.125]> : tensor<16xf32>
  %qb = check.input dense<[-3.5, 2.5, -3.5, -0.5, 2.5, -2.0, -1.5, -2.0, 1.5, -2.5, 4.0, -0.5, -0.5, 0.0, 0.5, 0.0]> : tensor<16xf32>
  %qm = llm.mul %qu, %qa : (tensor<1x20x1xf32>, tensor<16xf32>) -> tensor<1x20x16xf32>
  %qs = llm.add %qm, %qb : (tensor<1x20x16xf32>, tensor<16xf32>) -> tensor<1x20x16xf32>
  %qt = llm.sin %qs : (tensor<1x20x16xf32>) -> tensor<1x20x16xf32>
  %qn = llm.constant dense<[1, 20, 4, 4]> : tensor<4xi64>
  %q = llm.reshape %qt, %qn : (tensor<1x20x16xf32>, tensor<4xi64>) -> tensor<1x20x4x4xf32>
  %kp = llm.positions affine_map<() -> (1, 20, 0)> : tensor<1x20xi64>
  %kf = llm.cast %kp : (tensor<1x20xi64>) -> tensor<1x20xf32>
  %ku = llm.unsqueeze %kf {axes = array<i64: 2>} : (tensor<1x20xf32>) -> tensor<1x20x1xf32>
  %ka = check.input dense<[2.5, 4.875, 4.0, 3.875, 3.5, 3.125, 1.75, 4.875]> : tensor<8xf32>
  %kb = check.input dense<[-0.5, -3.0, 3.0, -3.5, 3.0, 1.0, -3.5, -4.5]> : tensor<8xf32>
  %km = llm.mul %ku, %ka : (tensor<1x20x1xf32>, tensor<8xf32>) -> tensor<1x20x8xf32>
  %ks = llm.add %km, %kb : (tensor<1x20x8xf32>, tensor<8xf32>) -> tensor<1x20x8xf32>
  %kt = llm.sin %ks : (tensor<1x20x8xf32>) -> tensor<1x20x8xf32>
  %kn = llm.constant dense<[1, 20, 2, 4]> : tensor<4xi64>
  %k = llm.reshape %kt, %kn : (tensor<1x20x8xf32>, tensor<4xi64>) -> tensor<1x20x2x4xf32>
  %vp = llm.positions affine_map<() -> (1, 20, 0)> : tensor<1x20xi64>
  %vf = llm.cast %vp : (tensor<1x20xi64>) -> tensor<1x20xf32>
  %vu = llm.unsqueeze %vf {axes = array<i64: 2>} : (tensor<1x20xf32>) -> tensor<1x20x1xf32>
  %va = check.input dense<[2.25, 0.25, 0.75, 2.625, 4.75, 2.375, 4.0, 4.5]> : tensor<8xf32>
  %vb = check.input dense<[2.5, 1.0, -1.0, 0.0, -2.5, -0.5, -1.5, -2.5]> : tensor<8xf32>
  %vm = llm.mul %vu, %va : (tensor<1x20x1xf32>, tensor<8xf32>) -> tensor<1x20x8xf32>
  %vs = llm.add %vm, %vb : (tensor<1x20x8xf32>, tensor<8xf32>) -> tensor<1x20x8xf32>
  %vt = llm.sin %vs : (tensor<1x20x8xf32>) -> tensor<1x20x8xf32>
  %vn = llm.constant dense<[1, 20, 2, 4]> : tensor<4xi64>
  %v = llm.reshape %vt, %vn : (tensor<1x20x8xf32>, tensor<4xi64>) -> tensor<1x20x2x4xf32>
  %y = llm.attention %q, %k, %v {scale = 0.5 : f32, window = 4 : i64, ahead = 2 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
      : (tensor<1x20x4x4xf32>, tensor<1x20x2x4xf32>, tensor<1x20x2x4xf32>) -> tensor<1x20x4x4xf32>
  %r = check.input dense<[0, 9, 19]> : tensor<3xi64>
  %z = llm.gather %y, %r {axis = 1 : i64} : (tensor<1x20x4x4xf32>, tensor<3xi64>) -> tensor<1x3x4x4xf32>
  %e = llm.constant dense<[[[[-0.13009416, 0.9371505, -0.17898445, -0.02001744], [0.329699, 0.94683325, -0.008973703,
                          -0.3756872], [0.50251126, 0.27390188, 0.22353615, 0.47930995], [0.23899107, -0.2747538, -0.12065957,
                          0.10129247]], [[0.1689333, 0.04178956, -0.26466227, -0.14042854], [0.14040528, -0.0589608,
                          -0.07966106, 0.062968545], [0.042336144, 0.37068155, -0.25535285, 0.14139912], [-0.08933735,
                          -0.027849926, -0.15662698, -0.046693172]], [[0.39587745, -0.811872, -0.47509304, -0.48523742],
                          [0.32607085, -0.7301836, -0.18692265, -0.24832341], [0.3077425, -0.21346395, 0.16768508,
                          -0.01726784], [-0.046343658, -0.07108634, -0.101979494, 0.2543385]]]]> : tensor<1x3x4x4xf32>
  check.almost_equal %z, %e {rtol = 1.0e-04, atol = 2.0e-05} : tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>
  return
}

// segments of 8 whole, of 32 every second, of all every third token
func.func @branches() {
  %qp = llm.positions affine_map<() -> (1, 100, 0)> : tensor<1x100xi64>
  %qf = llm.cast %qp : (tensor<1x100xi64>) -> tensor<1x100xf32>
  %qu = llm.unsqueeze %qf {axes = array<i64: 2>} : (tensor<1x100xf32>) -> tensor<1x100x1xf32>
  %qa = check.input dense<[4.625, 3.125, 3.375, 4.375, 2.875, 3.875, 4.125, 1.125, 0.375, 1.5, 1.5, 4.375, 4.5, 0.125, 2.5,
                              4.125]> : tensor<16xf32>
  %qb = check.input dense<[-3.5, 2.5, -3.5, -0.5, 2.5, -2.0, -1.5, -2.0, 1.5, -2.5, 4.0, -0.5, -0.5, 0.0, 0.5, 0.0]> : tensor<16xf32>
  %qm = llm.mul %qu, %qa : (tensor<1x100x1xf32>, tensor<16xf32>) -> tensor<1x100x16xf32>
  %qs = llm.add %qm, %qb : (tensor<1x100x16xf32>, tensor<16xf32>) -> tensor<1x100x16xf32>
  %qt = llm.sin %qs : (tensor<1x100x16xf32>) -> tensor<1x100x16xf32>
  %qn = llm.constant dense<[1, 100, 4, 4]> : tensor<4xi64>
  %q = llm.reshape %qt, %qn : (tensor<1x100x16xf32>, tensor<4xi64>) -> tensor<1x100x4x4xf32>
  %kp = llm.positions affine_map<() -> (1, 100, 0)> : tensor<1x100xi64>
  %kf = llm.cast %kp : (tensor<1x100xi64>) -> tensor<1x100xf32>
  %ku = llm.unsqueeze %kf {axes = array<i64: 2>} : (tensor<1x100xf32>) -> tensor<1x100x1xf32>
  %ka = check.input dense<[2.5, 4.875, 4.0, 3.875, 3.5, 3.125, 1.75, 4.875]> : tensor<8xf32>
  %kb = check.input dense<[-0.5, -3.0, 3.0, -3.5, 3.0, 1.0, -3.5, -4.5]> : tensor<8xf32>
  %km = llm.mul %ku, %ka : (tensor<1x100x1xf32>, tensor<8xf32>) -> tensor<1x100x8xf32>
  %ks = llm.add %km, %kb : (tensor<1x100x8xf32>, tensor<8xf32>) -> tensor<1x100x8xf32>
  %kt = llm.sin %ks : (tensor<1x100x8xf32>) -> tensor<1x100x8xf32>
  %kn = llm.constant dense<[1, 100, 2, 4]> : tensor<4xi64>
  %k = llm.reshape %kt, %kn : (tensor<1x100x8xf32>, tensor<4xi64>) -> tensor<1x100x2x4xf32>
  %vp = llm.positions affine_map<() -> (1, 100, 0)> : tensor<1x100xi64>
  %vf = llm.cast %vp : (tensor<1x100xi64>) -> tensor<1x100xf32>
  %vu = llm.unsqueeze %vf {axes = array<i64: 2>} : (tensor<1x100xf32>) -> tensor<1x100x1xf32>
  %va = check.input dense<[2.25, 0.25, 0.75, 2.625, 4.75, 2.375, 4.0, 4.5]> : tensor<8xf32>
  %vb = check.input dense<[2.5, 1.0, -1.0, 0.0, -2.5, -0.5, -1.5, -2.5]> : tensor<8xf32>
  %vm = llm.mul %vu, %va : (tensor<1x100x1xf32>, tensor<8xf32>) -> tensor<1x100x8xf32>
  %vs = llm.add %vm, %vb : (tensor<1x100x8xf32>, tensor<8xf32>) -> tensor<1x100x8xf32>
  %vt = llm.sin %vs : (tensor<1x100x8xf32>) -> tensor<1x100x8xf32>
  %vn = llm.constant dense<[1, 100, 2, 4]> : tensor<4xi64>
  %v = llm.reshape %vt, %vn : (tensor<1x100x8xf32>, tensor<4xi64>) -> tensor<1x100x2x4xf32>
  %y = llm.attention %q, %k, %v {scale = 0.5 : f32, segments = array<i64: 8, 32, 0>, dilations = array<i64: 1, 2, 3>, operandSegmentSizes = array<i32: 1,
      1, 1, 0, 0, 0, 0>}
      : (tensor<1x100x4x4xf32>, tensor<1x100x2x4xf32>, tensor<1x100x2x4xf32>) -> tensor<1x100x4x4xf32>
  %r = check.input dense<[5, 40, 99]> : tensor<3xi64>
  %z = llm.gather %y, %r {axis = 1 : i64} : (tensor<1x100x4x4xf32>, tensor<3xi64>) -> tensor<1x3x4x4xf32>
  %e = llm.constant dense<[[[[-0.15273866, 0.83754134, 0.1746512, 0.22521582], [-0.03773417, 0.33725494, -0.14994058,
                          0.04188632], [0.043326244, -0.04734239, 0.022090115, 0.073876], [0.049360458, -0.0227265,
                          -0.043117706, -0.09972646]], [[-0.18352172, -0.20263903, 0.124295935, 0.076894216], [-0.045133945,
                          -0.10322395, 0.00857163, -0.0001503231], [0.21391821, -0.08866042, 0.027319472, -0.2255802],
                          [-0.24959914, -0.02791206, 0.06396943, 0.09542206]], [[-0.24042186, 0.038302694, 0.03429945,
                          0.025455898], [0.11309096, 0.22242118, 0.14316167, 0.007487377], [0.15278426, 0.2945748, -0.3975337,
                          0.35155848], [0.01077691, 0.10580393, -0.09195104, 0.018971767]]]]> : tensor<1x3x4x4xf32>
  check.almost_equal %z, %e {rtol = 1.0e-04, atol = 2.0e-05} : tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>
  return
}

// causal, and rows that a branch alone does not keep are 0
func.func @causal_branches() {
  %qp = llm.positions affine_map<() -> (1, 20, 70)> : tensor<1x20xi64>
  %qf = llm.cast %qp : (tensor<1x20xi64>) -> tensor<1x20xf32>
  %qu = llm.unsqueeze %qf {axes = array<i64: 2>} : (tensor<1x20xf32>) -> tensor<1x20x1xf32>
  %qa = check.input dense<[4.625, 3.125, 3.375, 4.375, 2.875, 3.875, 4.125, 1.125, 0.375, 1.5, 1.5, 4.375, 4.5, 0.125, 2.5,
                              4.125]> : tensor<16xf32>
  %qb = check.input dense<[-3.5, 2.5, -3.5, -0.5, 2.5, -2.0, -1.5, -2.0, 1.5, -2.5, 4.0, -0.5, -0.5, 0.0, 0.5, 0.0]> : tensor<16xf32>
  %qm = llm.mul %qu, %qa : (tensor<1x20x1xf32>, tensor<16xf32>) -> tensor<1x20x16xf32>
  %qs = llm.add %qm, %qb : (tensor<1x20x16xf32>, tensor<16xf32>) -> tensor<1x20x16xf32>
  %qt = llm.sin %qs : (tensor<1x20x16xf32>) -> tensor<1x20x16xf32>
  %qn = llm.constant dense<[1, 20, 4, 4]> : tensor<4xi64>
  %q = llm.reshape %qt, %qn : (tensor<1x20x16xf32>, tensor<4xi64>) -> tensor<1x20x4x4xf32>
  %kp = llm.positions affine_map<() -> (1, 90, 0)> : tensor<1x90xi64>
  %kf = llm.cast %kp : (tensor<1x90xi64>) -> tensor<1x90xf32>
  %ku = llm.unsqueeze %kf {axes = array<i64: 2>} : (tensor<1x90xf32>) -> tensor<1x90x1xf32>
  %ka = check.input dense<[2.5, 4.875, 4.0, 3.875, 3.5, 3.125, 1.75, 4.875]> : tensor<8xf32>
  %kb = check.input dense<[-0.5, -3.0, 3.0, -3.5, 3.0, 1.0, -3.5, -4.5]> : tensor<8xf32>
  %km = llm.mul %ku, %ka : (tensor<1x90x1xf32>, tensor<8xf32>) -> tensor<1x90x8xf32>
  %ks = llm.add %km, %kb : (tensor<1x90x8xf32>, tensor<8xf32>) -> tensor<1x90x8xf32>
  %kt = llm.sin %ks : (tensor<1x90x8xf32>) -> tensor<1x90x8xf32>
  %kn = llm.constant dense<[1, 90, 2, 4]> : tensor<4xi64>
  %k = llm.reshape %kt, %kn : (tensor<1x90x8xf32>, tensor<4xi64>) -> tensor<1x90x2x4xf32>
  %vp = llm.positions affine_map<() -> (1, 90, 0)> : tensor<1x90xi64>
  %vf = llm.cast %vp : (tensor<1x90xi64>) -> tensor<1x90xf32>
  %vu = llm.unsqueeze %vf {axes = array<i64: 2>} : (tensor<1x90xf32>) -> tensor<1x90x1xf32>
  %va = check.input dense<[2.25, 0.25, 0.75, 2.625, 4.75, 2.375, 4.0, 4.5]> : tensor<8xf32>
  %vb = check.input dense<[2.5, 1.0, -1.0, 0.0, -2.5, -0.5, -1.5, -2.5]> : tensor<8xf32>
  %vm = llm.mul %vu, %va : (tensor<1x90x1xf32>, tensor<8xf32>) -> tensor<1x90x8xf32>
  %vs = llm.add %vm, %vb : (tensor<1x90x8xf32>, tensor<8xf32>) -> tensor<1x90x8xf32>
  %vt = llm.sin %vs : (tensor<1x90x8xf32>) -> tensor<1x90x8xf32>
  %vn = llm.constant dense<[1, 90, 2, 4]> : tensor<4xi64>
  %v = llm.reshape %vt, %vn : (tensor<1x90x8xf32>, tensor<4xi64>) -> tensor<1x90x2x4xf32>
  %y = llm.attention %q, %k, %v {scale = 0.5 : f32, causal, segments = array<i64: 64>, dilations = array<i64: 2>, operandSegmentSizes = array<i32: 1, 1,
      1, 0, 0, 0, 0>}
      : (tensor<1x20x4x4xf32>, tensor<1x90x2x4xf32>, tensor<1x90x2x4xf32>) -> tensor<1x20x4x4xf32>
  %r = check.input dense<[0, 11, 19]> : tensor<3xi64>
  %z = llm.gather %y, %r {axis = 1 : i64} : (tensor<1x20x4x4xf32>, tensor<3xi64>) -> tensor<1x3x4x4xf32>
  %e = llm.constant dense<[[[[0.24797192, -0.7782147, 0.11252313, -0.15033719], [0.0, 0.0, 0.0, 0.0], [-0.04497529, 0.09183257,
                          0.09237307, 0.0707677], [0.0, 0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0, 0.0], [-0.36683512, 0.22537039,
                          0.3289466, -0.17168805], [0.0, 0.0, 0.0, 0.0], [0.29548475, 0.060230207, 0.20827563, -0.0032308914]],
                          [[0.0, 0.0, 0.0, 0.0], [0.3132477, -0.042609528, -0.18555012, -0.0011363057], [0.0, 0.0, 0.0, 0.0],
                          [-0.04806044, 0.07030641, 0.09963915, 0.048349325]]]]> : tensor<1x3x4x4xf32>
  check.almost_equal %z, %e {rtol = 1.0e-04, atol = 2.0e-05} : tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>
  return
}
