// RUN: %run-checks %s

// ONNX Det, 0 * 3 - 1 * 2, by a row exchange
func.func @small() {
  %x = check.input dense<[[0.0, 1.0], [2.0, 3.0]]> : tensor<2x2xf32>
  %e0 = llm.constant dense<-2.0> : tensor<f32>
  %r0 = llm.det %x : (tensor<2x2xf32>) -> tensor<f32>
  check.almost_equal %r0, %e0 : tensor<f32>, tensor<f32>
  return
}

// ONNX Det, a batch; numpy.linalg.det
func.func @batch() {
  %x = check.input dense<[[[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [2.0, 1.0]], [[1.0, 3.0], [3.0, 1.0]]]> : tensor<3x2x2xf32>
  %e0 = llm.constant dense<[-2.0, -3.0, -8.0]> : tensor<3xf32>
  %r0 = llm.det %x : (tensor<3x2x2xf32>) -> tensor<3xf32>
  check.almost_equal %r0, %e0 : tensor<3xf32>, tensor<3xf32>
  return
}

// numpy.linalg.det of a 4 x 4 matrix
func.func @four() {
  %x = check.input dense<[[2.0, -1.0, 0.0, 3.0], [1.0, 0.0, 4.0, -2.0], [0.0, 5.0, 1.0, 1.0], [3.0, 2.0, -3.0, 0.0]]> : tensor<4x4xf32>
  %e0 = llm.constant dense<336.0> : tensor<f32>
  %r0 = llm.det %x : (tensor<4x4xf32>) -> tensor<f32>
  check.almost_equal %r0, %e0 : tensor<f32>, tensor<f32>
  return
}

// rows that depend on each other
func.func @singular() {
  %x = check.input dense<[[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]]> : tensor<3x3xf32>
  %e0 = llm.constant dense<0.0> : tensor<f32>
  %r0 = llm.det %x : (tensor<3x3xf32>) -> tensor<f32>
  check.almost_equal %r0, %e0 : tensor<f32>, tensor<f32>
  return
}
