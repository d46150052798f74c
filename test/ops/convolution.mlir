// RUN: %run-checks %s
// Expected values: torch 2.15 (conv1d, conv2d, conv3d, conv_transpose1d), inputs small multiples of 1/4.

// conv2d, stride (1, 2), padding (1, 0)
func.func @plane() {
  %x = check.input dense<[[[[2.0, 0.5, 0.75, 1.75, 0.25], [1.25, 1.5, -1.25, -2.0, -0.75], [-1.0, 1.5, 1.75, -2.0,
    0.0], [1.25, -1.5, 1.25, -1.5, -0.25]], [[1.25, -0.75, -0.75, -1.0, 1.0], [-1.0, 2.0, -0.25, 0.0, 0.0], [0.25, 0.25,
    0.0, 2.0, 1.25], [1.25, 0.75, 0.5, -0.75, 2.0]]]]> : tensor<1x2x4x5xf32>
  %w = check.input dense<[[[[-0.25, -1.25], [1.5, -1.5], [1.5, 0.5]], [[-1.75, -2.0], [-0.25, -2.0], [-1.5, 0.0]]],
    [[[2.0, -0.25], [1.25, 1.75], [1.25, 0.5]], [[-0.25, 0.0], [-1.0, 0.0], [-0.5, -1.0]]]]> : tensor<2x2x3x2xf32>
  %b = check.input dense<[2.0, -2.0]> : tensor<2xf32>
  %e = llm.constant dense<[[[[9.5625, 0.1875], [-5.0625, 5.75], [-7.5, 7.25], [1.75, 5.5625]], [[0.9375, 0.3125],
    [5.875, -6.375], [0.9375, -3.9375], [-6.75, 0.4375]]]]> : tensor<1x2x4x2xf32>
  %y = llm.convolution %x, %w, %b {strides = array<i64: 1, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 0,
    1, 0>} : (tensor<1x2x4x5xf32>, tensor<2x2x3x2xf32>, tensor<2xf32>) -> tensor<1x2x4x2xf32>
  check.almost_equal %y, %e : tensor<1x2x4x2xf32>, tensor<1x2x4x2xf32>
  return
}

// conv1d, two groups, dilation 2, more padding at the end, sizes that are not known
func.func @groups() attributes {llm.symbols = ["n", "t"]} {
  %x = check.input dense<[[[-1.75, -1.25, 2.0, 0.75, 1.5, -1.25, 1.0], [-0.5, 0.0, -2.0, 0.5, 1.5, 0.75, -1.5],
    [0.25, -1.0, 2.0, 1.5, -1.25, 0.0, 1.75], [1.5, 1.0, 0.5, -2.0, 1.0, 0.0, -1.75]], [[-1.0, 0.25, 1.0, 0.0, 0.5, 1.5,
    0.75], [-0.5, 0.5, 0.5, -1.75, -1.75, 0.75, -0.5], [0.5, -0.75, -1.25, -1.5, -0.5, 1.25, -0.5], [-0.5, 0.25, 2.0,
    -0.5, 0.5, -0.25, 0.5]]]> : tensor<2x4x7xf32> sizes affine_map<()[s0, s1] -> (s0, 4, s1)> -> tensor<?x4x?xf32>
  %w = check.input dense<[[[-0.25, 0.5], [0.25, 0.75]], [[2.0, -1.5], [0.25, -0.25]], [[-0.5, -1.0], [-2.0, -0.5]],
    [[1.5, -1.75], [-0.5, 2.0]], [[2.0, -1.25], [-2.0, 0.75]], [[-2.0, -0.75], [0.0, 1.5]]]> : tensor<6x2x2xf32>
  %e = llm.constant dense<[[[-0.1875, 1.0625, 0.875, -0.125, -0.625, 0.5], [-6.125, -3.75, 0.875, 3.3125, 2.25,
    -2.3125], [0.875, -0.375, 0.75, -0.5, -4.0, -0.875], [-2.875, -8.625, 6.9375, 3.25, -8.9375, 0.0], [-4.625, -7.375,
    5.3125, 7.0, -8.0, 0.0], [-1.25, -2.125, -1.5625, -3.0, -1.4375, 0.0]], [[1.0, -1.25, -1.1875, 0.875, -0.5625,
    -0.1875], [-3.75, 1.0625, 1.8125, -2.875, -0.4375, 3.1875], [0.25, -0.25, -1.125, 1.625, 2.75, -2.25], [7.1875,
    0.375, -1.0, -4.6875, 0.875, 2.0], [5.0625, -0.5, -5.5, -3.75, -1.0, 3.0], [2.9375, 1.875, 3.625, 1.6875, 2.125,
    -2.5]]]> : tensor<2x6x6xf32>
  %y = llm.convolution %x, %w {strides = array<i64: 1>, dilations = array<i64: 2>, pads = array<i64: 0, 1>, groups =
    2 : i64} : (tensor<?x4x?xf32>, tensor<6x2x2xf32>) -> tensor<?x6x?xf32>
  check.almost_equal %y, %e : tensor<?x6x?xf32>, tensor<2x6x6xf32>
  return
}

// conv2d, depthwise, stride (1, 2)
func.func @depthwise() {
  %x = check.input dense<[[[[-1.75, 0.75, 0.25, -1.5, 1.5, 1.5, 0.0, 2.0, 0.5], [1.75, 2.0, 0.25, -1.0, -1.5, 0.25,
    -1.25, 1.0, 1.75]], [[-1.0, 0.25, -2.0, -1.25, -0.5, 1.75, 2.0, 0.5, 0.25], [0.25, -1.75, -0.5, 2.0, -0.5, -1.25,
    -1.0, 1.0, -2.0]], [[2.0, 1.5, 0.25, -0.25, 1.0, 0.25, 0.0, -0.75, -0.25], [1.0, -2.0, -2.0, 1.0, -0.5, 1.25, -2.0,
    1.75, -1.5]]]]> : tensor<1x3x2x9xf32>
  %w = check.input dense<[[[[-0.25, 2.0, -1.75], [0.75, 1.0, -0.25]]], [[[-1.75, 0.0, -0.25], [1.5, 0.75, -0.75]]],
    [[[-2.0, 0.5, -1.0], [0.75, 1.5, -0.5]]]]> : tensor<3x1x2x3xf32>
  %e = llm.constant dense<[[[[-1.9375, 1.1875, 0.0, 0.625, 2.0], [-3.5625, 4.9375, -1.5625, -5.1875, 3.0], [0.0,
    1.75, -3.1875, -4.3125, 3.25]], [[-0.9375, -0.1875, -3.5625, 3.75, 0.9375], [1.4375, -4.625, 5.3125, -6.5625,
    -0.875], [0.4375, 2.5625, -3.1875, 1.9375, -1.75]], [[2.25, 1.625, 1.1875, 0.5625, -0.9375], [2.0, -7.625, 0.125,
    -2.6875, 0.4375], [2.5, 2.0, -3.5, -5.25, -4.25]]]]> : tensor<1x3x3x5xf32>
  %y = llm.convolution %x, %w {strides = array<i64: 1, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1,
    1>, groups = 3 : i64} : (tensor<1x3x2x9xf32>, tensor<3x1x2x3xf32>) -> tensor<1x3x3x5xf32>
  check.almost_equal %y, %e : tensor<1x3x3x5xf32>, tensor<1x3x3x5xf32>
  return
}

// conv3d
func.func @volume() {
  %x = check.input dense<[[[[[1.75, 0.0, 0.25], [1.25, 1.25, 1.75], [2.0, -1.5, -0.25]], [[1.75, -0.75, -2.0],
    [0.25, 1.0, 1.0], [1.25, 0.5, -1.5]]]]]> : tensor<1x1x2x3x3xf32>
  %w = check.input dense<[[[[[1.5, -0.25], [1.5, 1.25]], [[2.0, -2.0], [1.5, 0.5]]]], [[[[0.0, 1.25], [2.0, 0.0]],
    [[-1.75, 1.0], [-1.25, -1.25]]]]]> : tensor<2x1x2x2x2xf32>
  %e = llm.constant dense<[[[[[4.875, -1.8125], [11.9375, 8.5], [3.3125, -1.125], [4.875, 1.8125]]], [[[2.25,
    3.4375], [-2.875, -0.375], [3.9375, -0.3125], [-3.5625, -2.6875]]]]]> : tensor<1x2x1x4x2xf32>
  %y = llm.convolution %x, %w {strides = array<i64: 1, 1, 1>, dilations = array<i64: 1, 1, 1>, pads = array<i64: 0,
    1, 0, 0, 1, 0>} : (tensor<1x1x2x3x3xf32>, tensor<2x1x2x2x2xf32>) -> tensor<1x2x1x4x2xf32>
  check.almost_equal %y, %e : tensor<1x2x1x4x2xf32>, tensor<1x2x1x4x2xf32>
  return
}

// conv_transpose1d, stride 2, padding 1, output_padding 1
func.func @transposed() {
  %x = check.input dense<[[[-1.25, -1.25, 1.75, -0.5], [-1.75, -1.25, -0.5, -0.75]]]> : tensor<1x2x4xf32>
  %w = check.input dense<[[[-0.75, 2.0, 1.5], [0.25, 2.0, -0.75], [-1.5, -1.0, -1.75]], [[2.0, -1.25, -0.25],
    [-1.25, 2.0, -1.5], [0.0, 2.0, 0.0]]]> : tensor<2x3x3xf32>
  %e = llm.constant dense<[[[-0.3125, -3.0, -0.9375, -3.875, 4.125, 1.625, -0.0625, -0.5625], [-6.0, 4.8125, -5.0,
    3.875, 2.5, 0.25, -2.5, 1.5], [-2.25, 4.0625, -1.25, -0.4375, -2.75, -2.3125, -1.0, 0.875]]]> : tensor<1x3x8xf32>
  %y = llm.convolution %x, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 1, 0>,
    transposed} : (tensor<1x2x4xf32>, tensor<2x3x3xf32>) -> tensor<1x3x8xf32>
  check.almost_equal %y, %e : tensor<1x3x8xf32>, tensor<1x3x8xf32>
  return
}

// conv1d of F.pad(x, (0, 1)): 5 elements, stride 2
func.func @same_upper() {
  %x = check.input dense<[[[1.75, 1.75, 1.25, 1.0, 0.25]]]> : tensor<1x1x5xf32>
  %w = check.input dense<[[[0.25, 1.5]]]> : tensor<1x1x2xf32>
  %e = llm.constant dense<[[[3.0625, 1.8125, 0.0625]]]> : tensor<1x1x3xf32>
  %y = llm.convolution %x, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, auto_pad
    = "same_upper"} : (tensor<1x1x5xf32>, tensor<1x1x2xf32>) -> tensor<1x1x3xf32>
  check.almost_equal %y, %e : tensor<1x1x3xf32>, tensor<1x1x3xf32>
  return
}

// conv1d of F.pad(x, (1, 0))
func.func @same_lower() {
  %x = check.input dense<[[[1.75, 1.75, 1.25, 1.0, 0.25]]]> : tensor<1x1x5xf32>
  %w = check.input dense<[[[0.25, 1.5]]]> : tensor<1x1x2xf32>
  %e = llm.constant dense<[[[2.625, 2.3125, 0.625]]]> : tensor<1x1x3xf32>
  %y = llm.convolution %x, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, auto_pad
    = "same_lower"} : (tensor<1x1x5xf32>, tensor<1x1x2xf32>) -> tensor<1x1x3xf32>
  check.almost_equal %y, %e : tensor<1x1x3xf32>, tensor<1x1x3xf32>
  return
}

// f16
func.func @half() {
  %x = check.input dense<[[[-0.25, 2.0, 1.5, -0.5, -0.5, 1.0], [1.75, -1.75, -1.75, -1.0, -0.25, -1.5], [0.0, 0.25,
    2.0, 1.0, -1.0, 1.25]]]> : tensor<1x3x6xf16>
  %w = check.input dense<[[[1.25, 0.75], [0.75, -0.75], [1.0, -1.5]], [[0.5, 1.75], [2.0, -0.75], [-0.75, 0.5]]]> :
    tensor<2x3x2xf16>
  %e = llm.constant dense<[[[3.4375, 0.875, 1.4375, 0.9375, -1.8125], [8.3125, 2.25, -3.875, -4.1875, 3.5]]]> :
    tensor<1x2x5xf16>
  %y = llm.convolution %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} :
    (tensor<1x3x6xf16>, tensor<2x3x2xf16>) -> tensor<1x2x5xf16>
  check.almost_equal %y, %e {rtol = 1.0e-3} : tensor<1x2x5xf16>, tensor<1x2x5xf16>
  return
}

// f64
func.func @double() {
  %x = check.input dense<[[[-0.25, 2.0, 1.5, -0.5, -0.5, 1.0], [1.75, -1.75, -1.75, -1.0, -0.25, -1.5], [0.0, 0.25,
    2.0, 1.0, -1.0, 1.25]]]> : tensor<1x3x6xf64>
  %w = check.input dense<[[[1.25, 0.75], [0.75, -0.75], [1.0, -1.5]], [[0.5, 1.75], [2.0, -0.75], [-0.75, 0.5]]]> :
    tensor<2x3x2xf64>
  %e = llm.constant dense<[[[3.4375, 0.875, 1.4375, 0.9375, -1.8125], [8.3125, 2.25, -3.875, -4.1875, 3.5]]]> :
    tensor<1x2x5xf64>
  %y = llm.convolution %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} :
    (tensor<1x3x6xf64>, tensor<2x3x2xf64>) -> tensor<1x2x5xf64>
  check.almost_equal %y, %e : tensor<1x2x5xf64>, tensor<1x2x5xf64>
  return
}

// i32
func.func @integers() {
  %x = check.input dense<[[[-2, 4, -6, -6, -9], [-1, -6, -4, 7, 5]]]> : tensor<1x2x5xi32>
  %w = check.input dense<[[[6, 1, -7], [4, 1, 7]], [[-1, -6, 1], [-1, 2, -3]]]> : tensor<2x2x3xi32>
  %e = llm.constant dense<[[[-73, -4, 81, 47, -12], [32, -27, 3, 36, 63]]]> : tensor<1x2x5xi32>
  %y = llm.convolution %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>} :
    (tensor<1x2x5xi32>, tensor<2x2x3xi32>) -> tensor<1x2x5xi32>
  check.equal %y, %e : tensor<1x2x5xi32>, tensor<1x2x5xi32>
  return
}
