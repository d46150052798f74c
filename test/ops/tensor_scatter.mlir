// RUN: %run-checks %s

// the pseudocode of ONNX TensorScatter
func.func @linear() {
  %x = check.input dense<[[[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0], [13.0, 14.0, 15.0, 16.0], [17.0, 18.0, 19.0, 20.0]]], [[[21.0, 22.0, 23.0, 24.0], [25.0, 26.0, 27.0, 28.0], [29.0, 30.0, 31.0, 32.0], [33.0, 34.0, 35.0, 36.0], [37.0, 38.0, 39.0, 40.0]]]]> : tensor<2x1x5x4xf32>
  %y = check.input dense<[[[[-1.0, -2.0, -3.0, -4.0], [-5.0, -6.0, -7.0, -8.0]]], [[[-9.0, -10.0, -11.0, -12.0], [-13.0, -14.0, -15.0, -16.0]]]]> : tensor<2x1x2x4xf32>
  %z = check.input dense<[1, 3]> : tensor<2xi64>
  %e0 = llm.constant dense<[[[[1.0, 2.0, 3.0, 4.0], [-1.0, -2.0, -3.0, -4.0], [-5.0, -6.0, -7.0, -8.0], [13.0, 14.0, 15.0, 16.0], [17.0, 18.0, 19.0, 20.0]]], [[[21.0, 22.0, 23.0, 24.0], [25.0, 26.0, 27.0, 28.0], [29.0, 30.0, 31.0, 32.0], [-9.0, -10.0, -11.0, -12.0], [-13.0, -14.0, -15.0, -16.0]]]]> : tensor<2x1x5x4xf32>
  %r0 = llm.tensor_scatter %x, %y, %z {axis = 2 : i64} : (tensor<2x1x5x4xf32>, tensor<2x1x2x4xf32>, tensor<2xi64>) -> tensor<2x1x5x4xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x1x5x4xf32>, tensor<2x1x5x4xf32>
  return
}

// the pseudocode of ONNX TensorScatter, mode circular
func.func @circular() {
  %x = check.input dense<[[[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0], [13.0, 14.0, 15.0, 16.0], [17.0, 18.0, 19.0, 20.0]]], [[[21.0, 22.0, 23.0, 24.0], [25.0, 26.0, 27.0, 28.0], [29.0, 30.0, 31.0, 32.0], [33.0, 34.0, 35.0, 36.0], [37.0, 38.0, 39.0, 40.0]]]]> : tensor<2x1x5x4xf32>
  %y = check.input dense<[[[[-1.0, -2.0, -3.0, -4.0], [-5.0, -6.0, -7.0, -8.0]]], [[[-9.0, -10.0, -11.0, -12.0], [-13.0, -14.0, -15.0, -16.0]]]]> : tensor<2x1x2x4xf32>
  %z = check.input dense<[4, 1]> : tensor<2xi32>
  %e0 = llm.constant dense<[[[[-5.0, -6.0, -7.0, -8.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0], [13.0, 14.0, 15.0, 16.0], [-1.0, -2.0, -3.0, -4.0]]], [[[21.0, 22.0, 23.0, 24.0], [-9.0, -10.0, -11.0, -12.0], [-13.0, -14.0, -15.0, -16.0], [33.0, 34.0, 35.0, 36.0], [37.0, 38.0, 39.0, 40.0]]]]> : tensor<2x1x5x4xf32>
  %r0 = llm.tensor_scatter %x, %y, %z {axis = 2 : i64, circular} : (tensor<2x1x5x4xf32>, tensor<2x1x2x4xf32>, tensor<2xi32>) -> tensor<2x1x5x4xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x1x5x4xf32>, tensor<2x1x5x4xf32>
  return
}

// from the front, of three axes
func.func @front() {
  %x = check.input dense<[[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], [[9.0, 10.0], [11.0, 12.0], [13.0, 14.0], [15.0, 16.0]]]> : tensor<2x4x2xf16>
  %y = check.input dense<[[[-1.0, -2.0], [-3.0, -4.0], [-5.0, -6.0]], [[-7.0, -8.0], [-9.0, -10.0], [-11.0, -12.0]]]> : tensor<2x3x2xf16>
  %e0 = llm.constant dense<[[[-1.0, -2.0], [-3.0, -4.0], [-5.0, -6.0], [7.0, 8.0]], [[-7.0, -8.0], [-9.0, -10.0], [-11.0, -12.0], [15.0, 16.0]]]> : tensor<2x4x2xf16>
  %r0 = llm.tensor_scatter %x, %y {axis = 1 : i64} : (tensor<2x4x2xf16>, tensor<2x3x2xf16>) -> tensor<2x4x2xf16>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x4x2xf16>, tensor<2x4x2xf16>
  return
}

// along the last axis, of two rows in each batch
func.func @last() {
  %x = check.input dense<[[[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]], [[13, 14, 15, 16], [17, 18, 19, 20], [21, 22, 23, 24]]]]> : tensor<1x2x3x4xi64>
  %y = check.input dense<[[[[-1, -2], [-3, -4], [-5, -6]], [[-7, -8], [-9, -10], [-11, -12]]]]> : tensor<1x2x3x2xi64>
  %z = check.input dense<[2]> : tensor<1xi64>
  %e0 = llm.constant dense<[[[[1, 2, -1, -2], [5, 6, -3, -4], [9, 10, -5, -6]], [[13, 14, -7, -8], [17, 18, -9, -10], [21, 22, -11, -12]]]]> : tensor<1x2x3x4xi64>
  %r0 = llm.tensor_scatter %x, %y, %z {axis = 3 : i64} : (tensor<1x2x3x4xi64>, tensor<1x2x3x2xi64>, tensor<1xi64>) -> tensor<1x2x3x4xi64>
  check.equal %r0, %e0 : tensor<1x2x3x4xi64>, tensor<1x2x3x4xi64>
  return
}
