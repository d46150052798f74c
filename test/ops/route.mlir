// RUN: %run-checks %s
// Expected values: softmax or sigmoid, and a stable argsort, of numpy.

// probabilities as they are
func.func @softmax() {
  %l = check.input dense<[[[0.0, 0.3, -0.27, -0.89, -0.45], [-0.99, 0.06, 1.34, -0.49, -0.62], [0.49, 0.36, 0.11, -0.93, -0.03]], [[0.7, -1.34, -0.46, -1.9, -1.29], [-1.84, -0.24, -1.27, 0.27, 0.16], [-0.19, -2.52, -0.54, -0.05, 0.11]]]> : tensor<2x3x5xf32>
  %w = llm.constant dense<[[[0.3243666, 0.2402967], [0.5964434, 0.1658335], [0.2942742, 0.2584008]], [[0.6044181, 0.1894767], [0.3531137, 0.3163313], [0.3137662, 0.2673739]]]> : tensor<2x3x2xf32>
  %e = llm.constant dense<[[[1, 0], [2, 1], [0, 1]], [[0, 2], [3, 4], [4, 3]]]> : tensor<2x3x2xi32>
  %y, %i = llm.route %l {top = 2 : i64} : (tensor<2x3x5xf32>) -> (tensor<2x3x2xf32>, tensor<2x3x2xi32>)
  check.almost_equal %y, %w : tensor<2x3x2xf32>, tensor<2x3x2xf32>
  check.equal %i, %e : tensor<2x3x2xi32>, tensor<2x3x2xi32>
  return
}

// divided by their sum
func.func @normalized() {
  %l = check.input dense<[[-1.53, -0.48, -0.98, -0.81, 1.0599999, -0.81, -0.03, 0.88], [-0.58, -0.11, 0.11, 0.06, -1.23, 0.08, 1.36, -1.55], [0.86, 0.12, -0.64, 2.0, 0.76, -1.2, 0.07, 0.58], [-0.19, 0.68, -0.07, 0.67, 1.4400001, -0.68, 0.2, -0.46]]> : tensor<4x8xf32>
  %w = llm.constant dense<[[0.460514, 0.3846536, 0.1548324], [0.6391646, 0.1831237, 0.1777116], [0.6214256, 0.1987437, 0.1798307], [0.5179524, 0.2422289, 0.2398187]]> : tensor<4x3xf32>
  %e = llm.constant dense<[[4, 7, 6], [6, 2, 5], [3, 0, 4], [4, 1, 3]]> : tensor<4x3xi32>
  %y, %i = llm.route %l {top = 3 : i64, normalize} : (tensor<4x8xf32>) -> (tensor<4x3xf32>, tensor<4x3xi32>)
  check.almost_equal %y, %w : tensor<4x3xf32>, tensor<4x3xf32>
  check.equal %i, %e : tensor<4x3xi32>, tensor<4x3xi32>
  return
}

// of equal experts the lower number comes first
func.func @ties() {
  %l = check.input dense<[[0.5, 2.0, 2.0, -1.0, 2.0]]> : tensor<1x5xf32>
  %w = llm.constant dense<[[0.3055378, 0.3055378]]> : tensor<1x2xf32>
  %e = llm.constant dense<[[1, 2]]> : tensor<1x2xi32>
  %y, %i = llm.route %l {top = 2 : i64} : (tensor<1x5xf32>) -> (tensor<1x2xf32>, tensor<1x2xi32>)
  check.almost_equal %y, %w : tensor<1x2xf32>, tensor<1x2xf32>
  check.equal %i, %e : tensor<1x2xi32>, tensor<1x2xi32>
  return
}

// every expert, more than a vector of them
func.func @all() {
  %l = check.input dense<[[0.13, -1.1900001, -0.58, -0.2, 0.9, 1.15, -1.3200001, -0.79, 0.65, -1.99, -0.46, -0.1, 1.26, 0.69, -0.33, -0.37, -0.25, 1.52, -0.43], [-0.3, 0.35, -0.12, -0.2, -1.11, -0.01, -0.44, 1.17, 0.65, -0.02, 0.67, -0.34, 1.05, -0.01, 0.58, -1.29, 0.35, -1.6900001, -2.04]]> : tensor<2x19xf32>
  %w = llm.constant dense<[[0.1780521, 0.1372873, 0.1229867, 0.0957821, 0.0776395, 0.0745952, 0.0443484, 0.0352363, 0.0318831, 0.0303281, 0.0279964, 0.0268987, 0.0253322, 0.0245835, 0.0218036, 0.0176737, 0.011847, 0.0104028, 0.0053232], [0.1447726, 0.1284017, 0.087809, 0.0860703, 0.0802514, 0.0637624, 0.0637624, 0.0444855, 0.0444855, 0.0440429, 0.0398517, 0.0367877, 0.0332869, 0.0319817, 0.0289382, 0.0148079, 0.0123686, 0.0082909, 0.0058425]]> : tensor<2x19xf32>
  %e = llm.constant dense<[[17, 12, 5, 4, 13, 8, 0, 11, 3, 16, 14, 15, 18, 10, 2, 7, 1, 6, 9], [7, 12, 10, 8, 14, 1, 16, 5, 13, 9, 2, 3, 0, 11, 6, 4, 15, 17, 18]]> : tensor<2x19xi32>
  %y, %i = llm.route %l {top = 19 : i64} : (tensor<2x19xf32>) -> (tensor<2x19xf32>, tensor<2x19xi32>)
  check.almost_equal %y, %w : tensor<2x19xf32>, tensor<2x19xf32>
  check.equal %i, %e : tensor<2x19xi32>, tensor<2x19xi32>
  return
}

// the bias decides who is chosen, not the weight; with a scale
func.func @sigmoid_bias() {
  %l = check.input dense<[[-0.3, -0.9, 0.16, 2.24, -0.83, -0.62, 0.21, 0.49], [-0.18, -0.21, 0.7, 0.52, -1.03, -0.08, 0.04, -1.05], [0.26, -0.86, 0.97, 0.19, 0.09, -0.59, -0.12, -2.0]]> : tensor<3x8xf32>
  %b = check.weight dense<[-1.13, 0.36, -2.1300001, 0.85, -1.75, 0.76, -0.85, 0.78]> : tensor<8xf32>
  %w = llm.constant dense<[[1.2058998, 0.8273944, 0.4667057], [1.1474593, 0.8782502, 0.4742905], [1.3373731, 0.8713753, 0.2912516]]> : tensor<3x3xf32>
  %e = llm.constant dense<[[3, 7, 5], [3, 5, 7], [3, 5, 7]]> : tensor<3x3xi32>
  %y, %i = llm.route %l, %b {top = 3 : i64, sigmoid, normalize, scale = 2.5 : f32} : (tensor<3x8xf32>, tensor<8xf32>) -> (tensor<3x3xf32>, tensor<3x3xi32>)
  check.almost_equal %y, %w : tensor<3x3xf32>, tensor<3x3xf32>
  check.equal %i, %e : tensor<3x3xi32>, tensor<3x3xi32>
  return
}

// from the two of four groups whose two best have the largest sum
func.func @groups_by_two() {
  %l = check.input dense<[[0.13, -1.54, 1.25, 1.4400001, -0.07, -0.27, -0.16, -0.98], [1.1, -0.54, -0.05, -0.79, -0.63, -1.28, 1.26, -0.15], [0.97, 0.01, -0.69, -0.33, -0.56, 0.01, -0.38, -0.3], [-1.38, -0.81, 1.65, -0.67, -1.05, 0.34, 1.41, -1.45]]> : tensor<4x8xf32>
  %b = check.weight dense<[-0.21, -0.63, -1.76, 0.73, -0.02, 0.07, -0.75, 0.45]> : tensor<8xf32>
  %w = llm.constant dense<[[0.4689769, 0.2511253, 0.2798978], [0.4501326, 0.3381667, 0.2117007], [0.3294796, 0.3890508, 0.2814696], [0.5652998, 0.1838576, 0.2508427]]> : tensor<4x3xf32>
  %e = llm.constant dense<[[3, 5, 4], [7, 4, 5], [7, 5, 4], [5, 7, 4]]> : tensor<4x3xi32>
  %y, %i = llm.route %l, %b {top = 3 : i64, sigmoid, normalize, groups = 4 : i64, top_groups = 2 : i64, group_best = 2 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x3xf32>, tensor<4x3xi32>)
  check.almost_equal %y, %w : tensor<4x3xf32>, tensor<4x3xf32>
  check.equal %i, %e : tensor<4x3xi32>, tensor<4x3xi32>
  return
}

// groups by their best expert
func.func @groups_by_one() {
  %l = check.input dense<[[-0.54, -0.14, -1.11, -1.22, 1.34, -0.51, 0.29, -0.03, -0.44, -0.51, 0.63, -0.3], [-0.15, 0.02, 1.1799999, 0.68, 0.38, -0.56, -1.38, 0.95, 0.97, -0.14, 0.54, 0.78], [0.83, 0.92, -0.46, 1.51, -1.25, 0.86, 0.49, 0.87, 1.88, 1.48, -1.15, -1.6900001]]> : tensor<3x12xf32>
  %w = llm.constant dense<[[4.8242068, 1.688172, 1.2258644, 0.7585446], [2.6861348, 1.6292232, 0.8420662, 0.7104216], [3.7345734, 2.5033596, 0.1804383, 0.1051501]]> : tensor<3x4xf32>
  %e = llm.constant dense<[[4, 6, 7, 5], [2, 3, 1, 0], [8, 9, 10, 11]]> : tensor<3x4xi32>
  %y, %i = llm.route %l {top = 4 : i64, scale = 16.0 : f32, groups = 3 : i64, top_groups = 1 : i64} : (tensor<3x12xf32>) -> (tensor<3x4xf32>, tensor<3x4xi32>)
  check.almost_equal %y, %w : tensor<3x4xf32>, tensor<3x4xf32>
  check.equal %i, %e : tensor<3x4xi32>, tensor<3x4xi32>
  return
}
