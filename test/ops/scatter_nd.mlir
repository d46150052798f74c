// RUN: %run-checks %s

// ONNX ScatterND, example 1
func.func @elements() {
  %x = check.input dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32>
  %y = check.input dense<[[4], [3], [1], [7]]> : tensor<4x1xi64>
  %z = check.input dense<[9.0, 10.0, 11.0, 12.0]> : tensor<4xf32>
  %e0 = llm.constant dense<[1.0, 11.0, 3.0, 10.0, 9.0, 6.0, 7.0, 12.0]> : tensor<8xf32>
  %r0 = llm.scatter_nd %x, %y, %z : (tensor<8xf32>, tensor<4x1xi64>, tensor<4xf32>) -> tensor<8xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<8xf32>, tensor<8xf32>
  return
}

// y[i[q]] = u[q], as in ONNX ScatterND, example 2, with a negative index
func.func @slices() {
  %x = check.input dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]], [[13.0, 14.0, 15.0], [16.0, 17.0, 18.0]], [[19.0, 20.0, 21.0], [22.0, 23.0, 24.0]]]> : tensor<4x2x3xf32>
  %y = check.input dense<[[0], [-2]]> : tensor<2x1xi64>
  %z = check.input dense<[[[-0.0, -1.0, -2.0], [-3.0, -4.0, -5.0]], [[-6.0, -7.0, -8.0], [-9.0, -10.0, -11.0]]]> : tensor<2x2x3xf32>
  %e0 = llm.constant dense<[[[-0.0, -1.0, -2.0], [-3.0, -4.0, -5.0]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]], [[-6.0, -7.0, -8.0], [-9.0, -10.0, -11.0]], [[19.0, 20.0, 21.0], [22.0, 23.0, 24.0]]]> : tensor<4x2x3xf32>
  %r0 = llm.scatter_nd %x, %y, %z : (tensor<4x2x3xf32>, tensor<2x1xi64>, tensor<2x2x3xf32>) -> tensor<4x2x3xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<4x2x3xf32>, tensor<4x2x3xf32>
  return
}

// pairs, one of them twice: y[i[q, 0], i[q, 1]] = y[..] and u[q], in the order of q
func.func @pairs_none() {
  %x = check.input dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]], [[13.0, 14.0, 15.0], [16.0, 17.0, 18.0]], [[19.0, 20.0, 21.0], [22.0, 23.0, 24.0]]]> : tensor<4x2x3xf32>
  %y = check.input dense<[[[0, 1], [3, 0]], [[0, 1], [2, -1]]]> : tensor<2x2x2xi32>
  %z = check.input dense<[[[-2.0, -0.9100000262260437, 0.18000000715255737], [1.2699999809265137, 2.359999895095825, 3.450000047683716]], [[4.550000190734863, 5.639999866485596, 6.730000019073486], [7.820000171661377, 8.90999984741211, 10.0]]]> : tensor<2x2x3xf32>
  %e0 = llm.constant dense<[[[1.0, 2.0, 3.0], [4.550000190734863, 5.639999866485596, 6.730000019073486]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]], [[13.0, 14.0, 15.0], [7.820000171661377, 8.90999984741211, 10.0]], [[1.2699999809265137, 2.359999895095825, 3.450000047683716], [22.0, 23.0, 24.0]]]> : tensor<4x2x3xf32>
  %r0 = llm.scatter_nd %x, %y, %z {reduction = "none"} : (tensor<4x2x3xf32>, tensor<2x2x2xi32>, tensor<2x2x3xf32>) -> tensor<4x2x3xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<4x2x3xf32>, tensor<4x2x3xf32>
  return
}

// pairs, one of them twice: y[i[q, 0], i[q, 1]] = y[..] and u[q], in the order of q
func.func @pairs_add() {
  %x = check.input dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]], [[13.0, 14.0, 15.0], [16.0, 17.0, 18.0]], [[19.0, 20.0, 21.0], [22.0, 23.0, 24.0]]]> : tensor<4x2x3xf32>
  %y = check.input dense<[[[0, 1], [3, 0]], [[0, 1], [2, -1]]]> : tensor<2x2x2xi32>
  %z = check.input dense<[[[-2.0, -0.9100000262260437, 0.18000000715255737], [1.2699999809265137, 2.359999895095825, 3.450000047683716]], [[4.550000190734863, 5.639999866485596, 6.730000019073486], [7.820000171661377, 8.90999984741211, 10.0]]]> : tensor<2x2x3xf32>
  %e0 = llm.constant dense<[[[1.0, 2.0, 3.0], [6.550000190734863, 9.729999542236328, 12.90999984741211]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]], [[13.0, 14.0, 15.0], [23.81999969482422, 25.90999984741211, 28.0]], [[20.270000457763672, 22.360000610351562, 24.450000762939453], [22.0, 23.0, 24.0]]]> : tensor<4x2x3xf32>
  %r0 = llm.scatter_nd %x, %y, %z {reduction = "add"} : (tensor<4x2x3xf32>, tensor<2x2x2xi32>, tensor<2x2x3xf32>) -> tensor<4x2x3xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<4x2x3xf32>, tensor<4x2x3xf32>
  return
}

// pairs, one of them twice: y[i[q, 0], i[q, 1]] = y[..] and u[q], in the order of q
func.func @pairs_mul() {
  %x = check.input dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]], [[13.0, 14.0, 15.0], [16.0, 17.0, 18.0]], [[19.0, 20.0, 21.0], [22.0, 23.0, 24.0]]]> : tensor<4x2x3xf32>
  %y = check.input dense<[[[0, 1], [3, 0]], [[0, 1], [2, -1]]]> : tensor<2x2x2xi32>
  %z = check.input dense<[[[-2.0, -0.9100000262260437, 0.18000000715255737], [1.2699999809265137, 2.359999895095825, 3.450000047683716]], [[4.550000190734863, 5.639999866485596, 6.730000019073486], [7.820000171661377, 8.90999984741211, 10.0]]]> : tensor<2x2x3xf32>
  %e0 = llm.constant dense<[[[1.0, 2.0, 3.0], [-36.400001525878906, -25.66200065612793, 7.268400192260742]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]], [[13.0, 14.0, 15.0], [125.12000274658203, 151.47000122070312, 180.0]], [[24.1299991607666, 47.19999694824219, 72.45000457763672], [22.0, 23.0, 24.0]]]> : tensor<4x2x3xf32>
  %r0 = llm.scatter_nd %x, %y, %z {reduction = "mul"} : (tensor<4x2x3xf32>, tensor<2x2x2xi32>, tensor<2x2x3xf32>) -> tensor<4x2x3xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<4x2x3xf32>, tensor<4x2x3xf32>
  return
}

// pairs, one of them twice: y[i[q, 0], i[q, 1]] = y[..] and u[q], in the order of q
func.func @pairs_max() {
  %x = check.input dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]], [[13.0, 14.0, 15.0], [16.0, 17.0, 18.0]], [[19.0, 20.0, 21.0], [22.0, 23.0, 24.0]]]> : tensor<4x2x3xf32>
  %y = check.input dense<[[[0, 1], [3, 0]], [[0, 1], [2, -1]]]> : tensor<2x2x2xi32>
  %z = check.input dense<[[[-2.0, -0.9100000262260437, 0.18000000715255737], [1.2699999809265137, 2.359999895095825, 3.450000047683716]], [[4.550000190734863, 5.639999866485596, 6.730000019073486], [7.820000171661377, 8.90999984741211, 10.0]]]> : tensor<2x2x3xf32>
  %e0 = llm.constant dense<[[[1.0, 2.0, 3.0], [4.550000190734863, 5.639999866485596, 6.730000019073486]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]], [[13.0, 14.0, 15.0], [16.0, 17.0, 18.0]], [[19.0, 20.0, 21.0], [22.0, 23.0, 24.0]]]> : tensor<4x2x3xf32>
  %r0 = llm.scatter_nd %x, %y, %z {reduction = "max"} : (tensor<4x2x3xf32>, tensor<2x2x2xi32>, tensor<2x2x3xf32>) -> tensor<4x2x3xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<4x2x3xf32>, tensor<4x2x3xf32>
  return
}

// pairs, one of them twice: y[i[q, 0], i[q, 1]] = y[..] and u[q], in the order of q
func.func @pairs_min() {
  %x = check.input dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]], [[13.0, 14.0, 15.0], [16.0, 17.0, 18.0]], [[19.0, 20.0, 21.0], [22.0, 23.0, 24.0]]]> : tensor<4x2x3xf32>
  %y = check.input dense<[[[0, 1], [3, 0]], [[0, 1], [2, -1]]]> : tensor<2x2x2xi32>
  %z = check.input dense<[[[-2.0, -0.9100000262260437, 0.18000000715255737], [1.2699999809265137, 2.359999895095825, 3.450000047683716]], [[4.550000190734863, 5.639999866485596, 6.730000019073486], [7.820000171661377, 8.90999984741211, 10.0]]]> : tensor<2x2x3xf32>
  %e0 = llm.constant dense<[[[1.0, 2.0, 3.0], [-2.0, -0.9100000262260437, 0.18000000715255737]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]], [[13.0, 14.0, 15.0], [7.820000171661377, 8.90999984741211, 10.0]], [[1.2699999809265137, 2.359999895095825, 3.450000047683716], [22.0, 23.0, 24.0]]]> : tensor<4x2x3xf32>
  %r0 = llm.scatter_nd %x, %y, %z {reduction = "min"} : (tensor<4x2x3xf32>, tensor<2x2x2xi32>, tensor<2x2x3xf32>) -> tensor<4x2x3xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<4x2x3xf32>, tensor<4x2x3xf32>
  return
}

// tuples of all axes, uint64
func.func @tuples() {
  %x = check.input dense<[[0, 0, 0], [0, 0, 0]]> : tensor<2x3xui64>
  %y = check.input dense<[[1, 2], [0, 0], [1, 2]]> : tensor<3x2xi64>
  %z = check.input dense<[5, 9223372036854775808, 7]> : tensor<3xui64>
  %e0 = llm.constant dense<[[9223372036854775808, 0, 0], [0, 0, 12]]> : tensor<2x3xui64>
  %r0 = llm.scatter_nd %x, %y, %z {reduction = "add"} : (tensor<2x3xui64>, tensor<3x2xi64>, tensor<3xui64>) -> tensor<2x3xui64>
  check.equal %r0, %e0 : tensor<2x3xui64>, tensor<2x3xui64>
  return
}

// of f16
func.func @halves() {
  %x = check.input dense<[1.0, 2.0, 3.0]> : tensor<3xf16>
  %y = check.input dense<[[0]]> : tensor<1x1xi64>
  %z = check.input dense<[0.5]> : tensor<1xf16>
  %e0 = llm.constant dense<[1.5, 2.0, 3.0]> : tensor<3xf16>
  %r0 = llm.scatter_nd %x, %y, %z {reduction = "add"} : (tensor<3xf16>, tensor<1x1xi64>, tensor<1xf16>) -> tensor<3xf16>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<3xf16>, tensor<3xf16>
  return
}

// no tuples
func.func @none() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<[[3.0, 4.0], [5.0, 6.0]]> : tensor<2x2xf32>
  %i = check.input dense<> : tensor<0x1xi64> sizes affine_map<()[s0] -> (s0, 1)> -> tensor<?x1xi64>
  %u = check.input dense<> : tensor<0x2xf32> sizes affine_map<()[s0] -> (s0, 2)> -> tensor<?x2xf32>
  %e = llm.constant dense<[[3.0, 4.0], [5.0, 6.0]]> : tensor<2x2xf32>
  %y = llm.scatter_nd %x, %i, %u : (tensor<2x2xf32>, tensor<?x1xi64>, tensor<?x2xf32>) -> tensor<2x2xf32>
  check.almost_equal %y, %e : tensor<2x2xf32>, tensor<2x2xf32>
  return
}
