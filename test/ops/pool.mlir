// RUN: %run-checks %s
// Expected values: torch 2.15 (max_pool, avg_pool; sum: avg_pool with divisor_override 1).

// max_pool2d, kernel (2, 3), stride (2, 1), padding (1, 1)
func.func @max() {
  %x = check.input dense<[[[[1.0, -0.75, 1.5, -0.25, 1.75], [-1.5, -1.5, -0.75, -2.0, 0.0], [0.75, 0.75, -1.25,
    -1.5, 0.25], [0.5, 2.0, 1.75, -0.5, -1.5]], [[-1.0, 1.5, -0.25, 2.0, 0.75], [0.5, -1.75, 0.5, -0.5, 1.5], [-1.5,
    -1.25, 0.75, 0.75, 1.5], [0.0, -0.5, -0.75, -0.5, 0.75]]]]> : tensor<1x2x4x5xf32>
  %e = llm.constant dense<[[[[1.0, 1.5, 1.5, 1.75, 1.75], [0.75, 0.75, 0.75, 0.25, 0.25], [2.0, 2.0, 2.0, 1.75,
    -0.5]], [[1.5, 1.5, 2.0, 2.0, 2.0], [0.5, 0.75, 0.75, 1.5, 1.5], [0.0, 0.0, -0.5, 0.75, 0.75]]]]> :
    tensor<1x2x3x5xf32>
  %y = llm.pool %x {kind = "max", kernel = array<i64: 2, 3>, strides = array<i64: 2, 1>, dilations = array<i64: 1,
    1>, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x2x4x5xf32>) -> tensor<1x2x3x5xf32>
  check.almost_equal %y, %e : tensor<1x2x3x5xf32>, tensor<1x2x3x5xf32>
  return
}

// max_pool1d, dilation 2, ceil_mode, sizes that are not known
func.func @dilated() attributes {llm.symbols = ["n", "t"]} {
  %x = check.input dense<[[[0.25, -0.75, -1.25, 1.0, -1.0, -1.25, -0.75]], [[1.5, -0.25, 0.5, -1.75, -0.75, 1.0,
    1.25]]]> : tensor<2x1x7xf32> sizes affine_map<()[s0, s1] -> (s0, 1, s1)> -> tensor<?x1x?xf32>
  %e = llm.constant dense<[[[0.25, -1.0, -0.75]], [[1.5, 0.5, 1.25]]]> : tensor<2x1x3xf32>
  %y = llm.pool %x {kind = "max", kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 2>, pads =
    array<i64: 0, 0>, ceil_mode} : (tensor<?x1x?xf32>) -> tensor<?x1x?xf32>
  check.almost_equal %y, %e : tensor<?x1x?xf32>, tensor<2x1x3xf32>
  return
}

// avg_pool2d, kernel 3, stride 2, padding 1, ceil_mode, count_include_pad = False
func.func @average() {
  %x = check.input dense<[[[[0.25, 1.5, -0.75, -1.5], [-1.75, -1.25, 1.0, 1.75], [-1.5, 0.0, -1.5, 1.5], [-1.5, 0.5,
    -1.75, 1.0]]]]> : tensor<1x1x4x4xf32>
  %e = llm.constant dense<[[[[-0.3125, 0.125, 0.125], [-0.9166666865348816, 0.1388888955116272, 1.4166666269302368],
    [-0.5, -0.0833333358168602, 1.0]]]]> : tensor<1x1x3x3xf32>
  %y = llm.pool %x {kind = "average", kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64:
    1, 1>, pads = array<i64: 1, 1, 1, 1>, ceil_mode} : (tensor<1x1x4x4xf32>) -> tensor<1x1x3x3xf32>
  check.almost_equal %y, %e : tensor<1x1x3x3xf32>, tensor<1x1x3x3xf32>
  return
}

// avg_pool2d, kernel 3, stride 2, padding 1, ceil_mode, count_include_pad = True
func.func @average_padded() {
  %x = check.input dense<[[[[0.25, 1.5, -0.75, -1.5], [-1.75, -1.25, 1.0, 1.75], [-1.5, 0.0, -1.5, 1.5], [-1.5, 0.5,
    -1.75, 1.0]]]]> : tensor<1x1x4x4xf32>
  %e = llm.constant dense<[[[[-0.1388888955116272, 0.0833333358168602, 0.0416666679084301], [-0.6111111044883728,
    0.1388888955116272, 0.7083333134651184], [-0.1666666716337204, -0.0416666679084301, 0.25]]]]> : tensor<1x1x3x3xf32>
  %y = llm.pool %x {kind = "average_padded", kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations =
    array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, ceil_mode} : (tensor<1x1x4x4xf32>) -> tensor<1x1x3x3xf32>
  check.almost_equal %y, %e : tensor<1x1x3x3xf32>, tensor<1x1x3x3xf32>
  return
}

// avg_pool3d times its 4 elements
func.func @sum() {
  %x = check.input dense<[[[[[1.75, 1.0], [-1.0, 1.5], [-0.75, 1.0]], [[1.5, 0.0], [0.5, 1.5], [-1.25, -2.0]]],
    [[[-0.25, -1.25], [1.75, 1.5], [-0.5, -0.75]], [[1.0, -0.25], [-1.75, 0.75], [1.0, -1.75]]]]]> :
    tensor<1x2x2x3x2xf32>
  %e = llm.constant dense<[[[[[3.25], [0.75]], [[3.5], [-1.25]]], [[[1.75], [2.0]], [[-0.25], [-1.75]]]]]> :
    tensor<1x2x2x2x1xf32>
  %y = llm.pool %x {kind = "sum", kernel = array<i64: 1, 2, 2>, strides = array<i64: 1, 1, 1>, dilations =
    array<i64: 1, 1, 1>, pads = array<i64: 0, 0, 0, 0, 0, 0>} : (tensor<1x2x2x3x2xf32>) -> tensor<1x2x2x2x1xf32>
  check.almost_equal %y, %e : tensor<1x2x2x2x1xf32>, tensor<1x2x2x2x1xf32>
  return
}

// i8
func.func @bytes() {
  %x = check.input dense<[[[70, 8, 82, 88, 43, -43]]]> : tensor<1x1x6xi8>
  %e = llm.constant dense<[[[70, 88, 88]]]> : tensor<1x1x3xi8>
  %y = llm.pool %x {kind = "max", kernel = array<i64: 3>, strides = array<i64: 2>, dilations = array<i64: 1>, pads =
    array<i64: 1, 1>} : (tensor<1x1x6xi8>) -> tensor<1x1x3xi8>
  check.equal %y, %e : tensor<1x1x3xi8>, tensor<1x1x3xi8>
  return
}

// avg_pool1d of F.pad(x, (0, 1)), without what is padded: 5 elements, stride 2; bf16
func.func @same_upper() {
  %x = check.input dense<[[[-0.5, 1.0, -1.75, -1.25, 0.0]]]> : tensor<1x1x5xbf16>
  %e = llm.constant dense<[[[0.25, -1.5, 0.0]]]> : tensor<1x1x3xbf16>
  %y = llm.pool %x {kind = "average", kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>,
    pads = array<i64: 0, 0>, auto_pad = "same_upper"} : (tensor<1x1x5xbf16>) -> tensor<1x1x3xbf16>
  check.almost_equal %y, %e {rtol = 1.0e-2} : tensor<1x1x3xbf16>, tensor<1x1x3xbf16>
  return
}
