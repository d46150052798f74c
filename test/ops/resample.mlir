// RUN: %run-checks %s
// Expected values: torch 2.15 (interpolate; without align_corners its coordinates are half_pixel), or by hand where a comment says so.

// linear, 4 to 6
func.func @linear() {
  %x = check.input dense<[[[-0.75, 0.5, -1.25, -1.25], [1.5, 1.0, 0.5, 1.0]]]> : tensor<1x2x4xf32>
  %n = check.input dense<[6]> : tensor<1xi64>
  %e = llm.constant dense<[[[-0.75, -0.125, 0.20833319425582886, -0.9583336114883423, -1.25, -1.25], [1.5, 1.25,
    0.9166666269302368, 0.5833332538604736, 0.75, 1.0]]]> : tensor<1x2x6xf32>
  %y = llm.resample %x, %n {axis = 2 : i64, mode = "linear", coordinates = "half_pixel", operandSegmentSizes =
    array<i32: 1, 1, 0, 0>} : (tensor<1x2x4xf32>, tensor<1xi64>) -> tensor<1x2x6xf32>
  check.almost_equal %y, %e : tensor<1x2x6xf32>, tensor<1x2x6xf32>
  return
}

// linear, 4 to 7, align_corners
func.func @aligned() {
  %x = check.input dense<[[[-0.75, 0.5, -1.25, -1.25], [1.5, 1.0, 0.5, 1.0]]]> : tensor<1x2x4xf32>
  %n = check.input dense<[7]> : tensor<1xi64>
  %e = llm.constant dense<[[[-0.75, -0.125, 0.5, -0.375, -1.25, -1.25, -1.25], [1.5, 1.25, 1.0, 0.75, 0.5, 0.75,
    1.0]]]> : tensor<1x2x7xf32>
  %y = llm.resample %x, %n {axis = 2 : i64, mode = "linear", coordinates = "align_corners", operandSegmentSizes =
    array<i32: 1, 1, 0, 0>} : (tensor<1x2x4xf32>, tensor<1xi64>) -> tensor<1x2x7xf32>
  check.almost_equal %y, %e : tensor<1x2x7xf32>, tensor<1x2x7xf32>
  return
}

// bicubic along axis 2 alone, 5 to 8
func.func @cubic() {
  %x = check.input dense<[[[[-0.75, 1.0, -1.25], [-0.25, -1.5, -0.5], [-0.75, -0.25, 0.0], [-2.0, -0.75, 1.5],
    [-0.25, 0.25, -1.75]]]]> : tensor<1x1x5x3xf32>
  %n = check.input dense<[8]> : tensor<1xi64>
  %e = llm.constant dense<[[[[-0.796417236328125, 1.232086181640625, -1.3196258544921875], [-0.494720458984375,
    -0.1754608154296875, -0.968017578125], [-0.2508087158203125, -1.539520263671875, -0.4483795166015625],
    [-0.4401702880859375, -0.685943603515625, -0.2745819091796875], [-1.2589569091796875, -0.3080596923828125,
    0.6575775146484375], [-2.0113677978515625, -0.7629241943359375, 1.5607452392578125], [-1.1031036376953125,
    -0.220184326171875, -0.23199462890625], [-0.0875396728515625, 0.34283447265625, -2.0517120361328125]]]]> :
    tensor<1x1x8x3xf32>
  %y = llm.resample %x, %n {axis = 2 : i64, mode = "cubic", coordinates = "half_pixel", operandSegmentSizes =
    array<i32: 1, 1, 0, 0>} : (tensor<1x1x5x3xf32>, tensor<1xi64>) -> tensor<1x1x8x3xf32>
  check.almost_equal %y, %e {rtol = 1.0e-4, atol = 1.0e-5} : tensor<1x1x8x3xf32>, tensor<1x1x8x3xf32>
  return
}

// bilinear with antialias along axis 2 alone, 5 to 2, where torch leaves out what is outside
func.func @antialias() {
  %x = check.input dense<[[[[-0.75, 1.0, -1.25], [-0.25, -1.5, -0.5], [-0.75, -0.25, 0.0], [-2.0, -0.75, 1.5],
    [-0.25, 0.25, -1.75]]]]> : tensor<1x1x5x3xf32>
  %n = check.input dense<[2]> : tensor<1xi64>
  %e = llm.constant dense<[[[[-0.6022727489471436, -0.3863636553287506, -0.5340909361839294], [-1.0795453786849976,
    -0.3522726893424988, 0.03409089148044586]]]]> : tensor<1x1x2x3xf32>
  %y = llm.resample %x, %n {axis = 2 : i64, mode = "linear", coordinates = "half_pixel", antialias, exclude_outside,
    operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<1x1x5x3xf32>, tensor<1xi64>) -> tensor<1x1x2x3xf32>
  check.almost_equal %y, %e {rtol = 1.0e-4, atol = 1.0e-5} : tensor<1x1x2x3xf32>, tensor<1x1x2x3xf32>
  return
}

// nearest, 4 to 7: floor(o / scale)
func.func @nearest() {
  %x = check.input dense<[[[-0.5, 2.0, 0.25, -2.0]]]> : tensor<1x1x4xf32>
  %n = check.input dense<[7]> : tensor<1xi64>
  %e = llm.constant dense<[[[-0.5, -0.5, 2.0, 2.0, 0.25, 0.25, -2.0]]]> : tensor<1x1x7xf32>
  %y = llm.resample %x, %n {axis = 2 : i64, mode = "nearest", coordinates = "asymmetric", rounding = "floor",
    operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<1x1x4xf32>, tensor<1xi64>) -> tensor<1x1x7xf32>
  check.almost_equal %y, %e : tensor<1x1x7xf32>, tensor<1x1x7xf32>
  return
}

// by hand: places -0.25, 0.25, 0.75, 1.25, .. ; 0.5 is none of them, so prefer_ceil is nearest
func.func @roundings() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %n = check.input dense<[8]> : tensor<1xi64>
  %e = llm.constant dense<[[1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]]> : tensor<1x8xf32>
  %y = llm.resample %x, %n {axis = 1 : i64, mode = "nearest", coordinates = "half_pixel", rounding = "prefer_ceil",
    operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<1x4xf32>, tensor<1xi64>) -> tensor<1x8xf32>
  check.almost_equal %y, %e : tensor<1x8xf32>, tensor<1x8xf32>
  return
}

// by hand: places 0, 1.5, 3 of asymmetric halves: 1.5 goes up, and down
func.func @halves() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %n = check.input dense<[2]> : tensor<1xi64>
  %e = llm.constant dense<[[1.0, 3.0]]> : tensor<1x2xf32>
  %y = llm.resample %x, %n {axis = 1 : i64, mode = "nearest", coordinates = "asymmetric", rounding = "prefer_ceil",
    operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<1x4xf32>, tensor<1xi64>) -> tensor<1x2xf32>
  check.almost_equal %y, %e : tensor<1x2xf32>, tensor<1x2xf32>
  return
}

// by hand: o / 0.75 = 0, 1.33, 2.67, ceil
func.func @ceil() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %n = check.input dense<[3]> : tensor<1xi64>
  %s = check.input dense<[0.75]> : tensor<1xf32>
  %e = llm.constant dense<[[1.0, 3.0, 4.0]]> : tensor<1x3xf32>
  %y = llm.resample %x, %n, %s {axis = 1 : i64, mode = "nearest", coordinates = "asymmetric", rounding = "ceil",
    operandSegmentSizes = array<i32: 1, 1, 1, 0>} : (tensor<1x4xf32>, tensor<1xi64>, tensor<1xf32>) -> tensor<1x3xf32>
  check.almost_equal %y, %e : tensor<1x3xf32>, tensor<1x3xf32>
  return
}

// by hand: places 1.5, 3, 4.5 of crop, the last of which is outside
func.func @crop() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %n = check.input dense<[3]> : tensor<1xi64>
  %r = check.input dense<[0.5, 1.5]> : tensor<2xf32>
  %e = llm.constant dense<[[2.5, 4.0, -7.0]]> : tensor<1x3xf32>
  %y = llm.resample %x, %n, %r {axis = 1 : i64, mode = "linear", coordinates = "crop", outside = -7.0 : f32,
    operandSegmentSizes = array<i32: 1, 1, 0, 1>} : (tensor<1x4xf32>, tensor<1xi64>, tensor<2xf32>) -> tensor<1x3xf32>
  check.almost_equal %y, %e : tensor<1x3xf32>, tensor<1x3xf32>
  return
}

// by hand: places 0, 0.5, 1, 1.5, 2: 5, and 132.5 to the even 132
func.func @bytes() {
  %x = check.input dense<[[0, 10, 255]]> : tensor<1x3xui8>
  %n = check.input dense<[5]> : tensor<1xi64>
  %e = llm.constant dense<[[0, 5, 10, 132, 255]]> : tensor<1x5xui8>
  %y = llm.resample %x, %n {axis = 1 : i64, mode = "linear", coordinates = "align_corners", operandSegmentSizes =
    array<i32: 1, 1, 0, 0>} : (tensor<1x3xui8>, tensor<1xi64>) -> tensor<1x5xui8>
  check.equal %y, %e : tensor<1x5xui8>, tensor<1x5xui8>
  return
}

// by hand: scale 2.5 of 3 elements is 7.5, size 7: place = (o + 0.5) / 2.5 - 0.5 + 1.5 (1 - 7 / 7.5)
func.func @symmetric() {
  %x = check.input dense<[0.0, 1.0, 2.0]> : tensor<3xf32>
  %n = check.input dense<[7]> : tensor<1xi64>
  %s = check.input dense<[2.5]> : tensor<1xf32>
  %e = llm.constant dense<[0.0, 0.20000000298023224, 0.6000000238418579, 1.0, 1.399999976158142, 1.7999999523162842,
    2.0]> : tensor<7xf32>
  %y = llm.resample %x, %n, %s {axis = 0 : i64, mode = "linear", coordinates = "half_pixel_symmetric",
    operandSegmentSizes = array<i32: 1, 1, 1, 0>} : (tensor<3xf32>, tensor<1xi64>, tensor<1xf32>) -> tensor<7xf32>
  check.almost_equal %y, %e : tensor<7xf32>, tensor<7xf32>
  return
}
