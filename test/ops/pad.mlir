// RUN: %run-checks %s

// ONNX Pad, example 1
func.func @constant() {
  %x = check.input dense<[[1.0, 1.2000000476837158], [2.299999952316284, 3.4000000953674316], [4.5, 5.699999809265137]]> : tensor<3x2xf32>
  %y = llm.constant dense<[0, 2, 0, 0]> : tensor<4xi64>
  %z = check.input dense<0.0> : tensor<f32>
  %e0 = llm.constant dense<[[0.0, 0.0, 1.0, 1.2000000476837158], [0.0, 0.0, 2.299999952316284, 3.4000000953674316], [0.0, 0.0, 4.5, 5.699999809265137]]> : tensor<3x4xf32>
  %r0 = llm.pad %x, %y, %z : (tensor<3x2xf32>, tensor<4xi64>, tensor<f32>) -> tensor<3x4xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<3x4xf32>, tensor<3x4xf32>
  return
}

// numpy.pad, mode reflect; further than the tensor is wide
func.func @reflect() {
  %x = check.input dense<[[1.0, 1.2000000476837158], [2.299999952316284, 3.4000000953674316], [4.5, 5.699999809265137]]> : tensor<3x2xf32>
  %y = llm.constant dense<[1, 3, 5, 0]> : tensor<4xi64>
  %e0 = llm.constant dense<[[3.4000000953674316, 2.299999952316284, 3.4000000953674316, 2.299999952316284, 3.4000000953674316], [1.2000000476837158, 1.0, 1.2000000476837158, 1.0, 1.2000000476837158], [3.4000000953674316, 2.299999952316284, 3.4000000953674316, 2.299999952316284, 3.4000000953674316], [5.699999809265137, 4.5, 5.699999809265137, 4.5, 5.699999809265137], [3.4000000953674316, 2.299999952316284, 3.4000000953674316, 2.299999952316284, 3.4000000953674316], [1.2000000476837158, 1.0, 1.2000000476837158, 1.0, 1.2000000476837158], [3.4000000953674316, 2.299999952316284, 3.4000000953674316, 2.299999952316284, 3.4000000953674316], [5.699999809265137, 4.5, 5.699999809265137, 4.5, 5.699999809265137], [3.4000000953674316, 2.299999952316284, 3.4000000953674316, 2.299999952316284, 3.4000000953674316]]> : tensor<9x5xf32>
  %r0 = llm.pad %x, %y {mode = "reflect"} : (tensor<3x2xf32>, tensor<4xi64>) -> tensor<9x5xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<9x5xf32>, tensor<9x5xf32>
  return
}

// ONNX Pad, example 3
func.func @edge() {
  %x = check.input dense<[[1.0, 1.2000000476837158], [2.299999952316284, 3.4000000953674316], [4.5, 5.699999809265137]]> : tensor<3x2xf32>
  %y = llm.constant dense<[0, 2, 0, 0]> : tensor<4xi64>
  %e0 = llm.constant dense<[[1.0, 1.0, 1.0, 1.2000000476837158], [2.299999952316284, 2.299999952316284, 2.299999952316284, 3.4000000953674316], [4.5, 4.5, 4.5, 5.699999809265137]]> : tensor<3x4xf32>
  %r0 = llm.pad %x, %y {mode = "edge"} : (tensor<3x2xf32>, tensor<4xi64>) -> tensor<3x4xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<3x4xf32>, tensor<3x4xf32>
  return
}

// ONNX Pad, example 4
func.func @wrap() {
  %x = check.input dense<[[1.0, 1.2000000476837158], [2.299999952316284, 3.4000000953674316], [4.5, 5.699999809265137]]> : tensor<3x2xf32>
  %y = llm.constant dense<[2, 1, 1, 1]> : tensor<4xi64>
  %e0 = llm.constant dense<[[3.4000000953674316, 2.299999952316284, 3.4000000953674316, 2.299999952316284], [5.699999809265137, 4.5, 5.699999809265137, 4.5], [1.2000000476837158, 1.0, 1.2000000476837158, 1.0], [3.4000000953674316, 2.299999952316284, 3.4000000953674316, 2.299999952316284], [5.699999809265137, 4.5, 5.699999809265137, 4.5], [1.2000000476837158, 1.0, 1.2000000476837158, 1.0]]> : tensor<6x4xf32>
  %r0 = llm.pad %x, %y {mode = "wrap"} : (tensor<3x2xf32>, tensor<4xi64>) -> tensor<6x4xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<6x4xf32>, tensor<6x4xf32>
  return
}

// x[1:, 1:, :-2] padded with 7: negative pads take elements off
func.func @negative() {
  %x = check.input dense<[[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]], [[12, 13, 14, 15], [16, 17, 18, 19], [20, 21, 22, 23]]]> : tensor<2x3x4xi32>
  %y = llm.constant dense<[-1, -1, 1, 2, 0, -2]> : tensor<6xi64>
  %z = check.input dense<7> : tensor<i32>
  %e0 = llm.constant dense<[[[7, 16, 17], [7, 20, 21]], [[7, 7, 7], [7, 7, 7]], [[7, 7, 7], [7, 7, 7]]]> : tensor<3x2x3xi32>
  %r0 = llm.pad %x, %y, %z : (tensor<2x3x4xi32>, tensor<6xi64>, tensor<i32>) -> tensor<3x2x3xi32>
  check.equal %r0, %e0 : tensor<3x2x3xi32>, tensor<3x2x3xi32>
  return
}

// what is left after the first element is taken off is what repeats
func.func @negative_wrap() {
  %x = check.input dense<[1.0, 2.0, 3.0, 4.0, 5.0]> : tensor<5xf32>
  %y = llm.constant dense<[-1, 3]> : tensor<2xi64>
  %e0 = llm.constant dense<[2.0, 3.0, 4.0, 5.0, 2.0, 3.0, 4.0]> : tensor<7xf32>
  %r0 = llm.pad %x, %y {mode = "wrap"} : (tensor<5xf32>, tensor<2xi64>) -> tensor<7xf32>
  check.almost_equal %r0, %e0 {rtol = 0.0e+00, atol = 0.0e+00} : tensor<7xf32>, tensor<7xf32>
  return
}

// of booleans
func.func @booleans() {
  %x = check.input dense<[[true], [false]]> : tensor<2x1xi1>
  %y = llm.constant dense<[0, 1, 0, 1]> : tensor<4xi64>
  %z = check.input dense<true> : tensor<i1>
  %e0 = llm.constant dense<[[true, true, true], [true, false, true]]> : tensor<2x3xi1>
  %r0 = llm.pad %x, %y, %z : (tensor<2x1xi1>, tensor<4xi64>, tensor<i1>) -> tensor<2x3xi1>
  check.equal %r0, %e0 : tensor<2x3xi1>, tensor<2x3xi1>
  return
}

// by as many as the sizes say: two rows become 2 + n, from a tensor without elements to one with them
func.func @symbolic() attributes {llm.symbols = ["n", "m"]} {
  %x = check.input dense<[[3.0, 4.0, 5.0], [5.0, 6.0, 7.0]]> : tensor<2x3xf32> sizes affine_map<()[s0, s1] -> (2, s0)> -> tensor<2x?xf32>
  %z = check.input dense<> : tensor<0xf32> sizes affine_map<()[s0, s1] -> (s1)> -> tensor<?xf32>
  %v = check.input dense<1.0> : tensor<f32>
  %p = llm.dims affine_map<()[s0, s1] -> (0, 1, s0 - 2, s1)> : tensor<4xi64>
  %q = llm.dims affine_map<()[s0, s1] -> (s1, s0)> : tensor<2xi64>
  %e = llm.constant dense<[[1.0, 3.0, 4.0, 5.0], [1.0, 5.0, 6.0, 7.0], [1.0, 1.0, 1.0, 1.0]]> : tensor<3x4xf32>
  %f = llm.constant dense<1.0> : tensor<3xf32>
  %y = llm.pad %x, %p, %v : (tensor<2x?xf32>, tensor<4xi64>, tensor<f32>) -> tensor<?x?xf32>
  %w = llm.pad %z, %q, %v : (tensor<?xf32>, tensor<2xi64>, tensor<f32>) -> tensor<?xf32>
  check.almost_equal %y, %e : tensor<?x?xf32>, tensor<3x4xf32>
  check.almost_equal %w, %f : tensor<?xf32>, tensor<3xf32>
  return
}
