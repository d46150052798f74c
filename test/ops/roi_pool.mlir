// RUN: %run-checks %s
// Expected values: the reference implementation of ONNX (onnx 1.23 RoiAlign); numpy for the largest.

// average, as many samples as elements, the second region larger than the image
func.func @average() {
  %x = check.input dense<[[[[1.25, 2.0, -1.25, -0.25, -1.25], [-0.25, -2.0, 0.75, -1.0, 1.5], [1.0, -0.75, -0.25,
    0.75, -0.25], [-1.25, -2.0, 0.25, 0.25, 1.25]]], [[[-1.5, -1.75, 1.0, 1.0, 1.25], [-2.0, 0.75, 2.0, 1.0, -0.25],
    [0.0, -0.5, -2.0, 1.0, 0.25], [0.0, 1.75, 1.0, 2.0, -1.75]]]]> : tensor<2x1x4x5xf32>
  %r = check.input dense<[[0.5, 0.25, 3.0, 2.5], [-2.0, 1.0, 9.0, 6.0]]> : tensor<2x4xf32>
  %b = check.input dense<[1, 0]> : tensor<2xi64>
  %e = llm.constant dense<[[[[-1.2265625, 0.7841796875], [-0.294921875, 0.31005859375]]], [[[-0.2027391940355301,
    0.16377314925193787], [-0.1875, 0.10879629850387573]]]]> : tensor<2x1x2x2xf32>
  %y = llm.roi_pool %x, %r, %b {kind = "average", height = 2 : i64, width = 2 : i64, half_pixel} :
    (tensor<2x1x4x5xf32>, tensor<2x4xf32>, tensor<2xi64>) -> tensor<2x1x2x2xf32>
  check.almost_equal %y, %e : tensor<2x1x2x2xf32>, tensor<2x1x2x2xf32>
  return
}

// max, 2 x 2 samples, scale 0.5, without half pixels
func.func @max() {
  %x = check.input dense<[[[[1.25, 2.0, -1.25, -0.25, -1.25], [-0.25, -2.0, 0.75, -1.0, 1.5], [1.0, -0.75, -0.25,
    0.75, -0.25], [-1.25, -2.0, 0.25, 0.25, 1.25]]], [[[-1.5, -1.75, 1.0, 1.0, 1.25], [-2.0, 0.75, 2.0, 1.0, -0.25],
    [0.0, -0.5, -2.0, 1.0, 0.25], [0.0, 1.75, 1.0, 2.0, -1.75]]]]> : tensor<2x1x4x5xf32>
  %r = check.input dense<[[0.5, 0.25, 3.0, 2.5], [-2.0, 1.0, 9.0, 6.0]]> : tensor<2x4xf32>
  %b = check.input dense<[1, 0]> : tensor<2xi64>
  %e = llm.constant dense<[[[[0.522216796875, 0.703857421875]]], [[[0.625, 1.06640625]]]]> : tensor<2x1x1x2xf32>
  %y = llm.roi_pool %x, %r, %b {kind = "max", height = 1 : i64, width = 2 : i64, sampling = 2 : i64, scale = 5.0e-01
    : f32} : (tensor<2x1x4x5xf32>, tensor<2x4xf32>, tensor<2xi64>) -> tensor<2x1x1x2xf32>
  check.almost_equal %y, %e : tensor<2x1x1x2xf32>, tensor<2x1x1x2xf32>
  return
}

// largest: 4 x 2 elements, and 3 x 3, whose bins overlap
func.func @largest() {
  %x = check.input dense<[[[[1.25, 2.0, -1.25, -0.25, -1.25], [-0.25, -2.0, 0.75, -1.0, 1.5], [1.0, -0.75, -0.25,
    0.75, -0.25], [-1.25, -2.0, 0.25, 0.25, 1.25]]], [[[-1.5, -1.75, 1.0, 1.0, 1.25], [-2.0, 0.75, 2.0, 1.0, -0.25],
    [0.0, -0.5, -2.0, 1.0, 0.25], [0.0, 1.75, 1.0, 2.0, -1.75]]]]> : tensor<2x1x4x5xf32>
  %r = check.input dense<[[0.0, 0.0, 3.0, 1.0], [2.0, 1.0, 4.0, 3.0]]> : tensor<2x4xf32>
  %b = check.input dense<[1, 0]> : tensor<2xi64>
  %e = llm.constant dense<[[[[-1.5, 1.0], [0.75, 2.0]]], [[[0.75, 1.5], [0.75, 1.25]]]]> : tensor<2x1x2x2xf32>
  %y = llm.roi_pool %x, %r, %b {kind = "largest", height = 2 : i64, width = 2 : i64} : (tensor<2x1x4x5xf32>,
    tensor<2x4xf32>, tensor<2xi64>) -> tensor<2x1x2x2xf32>
  check.almost_equal %y, %e : tensor<2x1x2x2xf32>, tensor<2x1x2x2xf32>
  return
}

// an image that is not there
func.func @none() {
  %x = check.input dense<[[[[1.25, 2.0, -1.25, -0.25, -1.25], [-0.25, -2.0, 0.75, -1.0, 1.5], [1.0, -0.75, -0.25,
    0.75, -0.25], [-1.25, -2.0, 0.25, 0.25, 1.25]]], [[[-1.5, -1.75, 1.0, 1.0, 1.25], [-2.0, 0.75, 2.0, 1.0, -0.25],
    [0.0, -0.5, -2.0, 1.0, 0.25], [0.0, 1.75, 1.0, 2.0, -1.75]]]]> : tensor<2x1x4x5xf32>
  %r = check.input dense<[[0.0, 0.0, 3.0, 1.0], [2.0, 1.0, 4.0, 3.0]]> : tensor<2x4xf32>
  %b = check.input dense<[7, 0]> : tensor<2xi64>
  %e = llm.constant dense<[[[[0.0, 0.0], [0.0, 0.0]]], [[[0.75, 1.5], [0.75, 1.25]]]]> : tensor<2x1x2x2xf32>
  %y = llm.roi_pool %x, %r, %b {kind = "largest", height = 2 : i64, width = 2 : i64} : (tensor<2x1x4x5xf32>,
    tensor<2x4xf32>, tensor<2xi64>) -> tensor<2x1x2x2xf32>
  check.almost_equal %y, %e : tensor<2x1x2x2xf32>, tensor<2x1x2x2xf32>
  return
}
