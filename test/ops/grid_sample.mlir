// RUN: %run-checks %s
// Expected values: torch 2.15 (grid_sample; places = ((grid + 1) size - 1) / 2, or (grid + 1) (size - 1) / 2 with align_corners, reversed).

// bilinear, zeros, align_corners = False
func.func @zeros() {
  %x = check.input dense<[[[[-2.0, 1.5, -1.0, 1.75], [-0.5, -0.5, 1.25, -1.5], [-2.0, 1.0, 1.75, 2.0]], [[-1.5,
    -1.5, -0.75, 1.0], [1.75, 1.5, -0.5, 1.75], [-1.0, -1.5, -0.25, -1.75]]]]> : tensor<1x2x3x4xf32>
  %p = check.input dense<[[[[-0.8450000286102295, 4.619999885559082], [1.3600000143051147, -0.559999942779541]],
    [[2.1999998092651367, 1.159999966621399], [2.994999885559082, -0.48000001907348633]]]]> : tensor<1x2x2x2xf32>
  %e = llm.constant dense<[[[[0.0, -0.45760005712509155], [0.8960002064704895, -0.005200118757784367]], [[0.0,
    0.3344000279903412], [-1.0400002002716064, -0.0026000593788921833]]]]> : tensor<1x2x2x2xf32>
  %y = llm.grid_sample %x, %p {mode = "linear", padding = "zeros"} : (tensor<1x2x3x4xf32>, tensor<1x2x2x2xf32>) ->
    tensor<1x2x2x2xf32>
  check.almost_equal %y, %e {rtol = 1.0e-4, atol = 1.0e-5} : tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>
  return
}

// bilinear, border, align_corners = True
func.func @border() {
  %x = check.input dense<[[[[-2.0, 1.5, -1.0, 1.75], [-0.5, -0.5, 1.25, -1.5], [-2.0, 1.0, 1.75, 2.0]], [[-1.5,
    -1.5, -0.75, 1.0], [1.75, 1.5, -0.5, 1.75], [-1.0, -1.5, -0.25, -1.75]]]]> : tensor<1x2x3x4xf32>
  %p = check.input dense<[[[[1.8600000143051147, 0.15000003576278687], [0.9099999666213989, -0.5699999928474426]],
    [[0.3999999761581421, -0.75], [1.7000000476837158, 0.5999999642372131]]]]> : tensor<1x2x2x2xf32>
  %e = llm.constant dense<[[[[-1.402999997138977, -0.6350000500679016], [-1.4000000953674316, -0.2900000214576721]],
    [[-0.6847500801086426, 1.4574998617172241], [-0.2000000774860382, -0.4300001263618469]]]]> : tensor<1x2x2x2xf32>
  %y = llm.grid_sample %x, %p {mode = "linear", padding = "border", align_corners} : (tensor<1x2x3x4xf32>,
    tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  check.almost_equal %y, %e {rtol = 1.0e-4, atol = 1.0e-5} : tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>
  return
}

// bilinear, reflection, align_corners = False
func.func @reflection() {
  %x = check.input dense<[[[[-2.0, 1.5, -1.0, 1.75], [-0.5, -0.5, 1.25, -1.5], [-2.0, 1.0, 1.75, 2.0]], [[-1.5,
    -1.5, -0.75, 1.0], [1.75, 1.5, -0.5, 1.75], [-1.0, -1.5, -0.25, -1.75]]]]> : tensor<1x2x3x4xf32>
  %p = check.input dense<[[[[-3.7850000858306885, 0.8600000143051147], [5.199999809265137, 8.639999389648438],
    [-1.7300000190734863, 7.5], [-1.940000057220459, -0.019999980926513672]]]]> : tensor<1x1x4x2xf32>
  %e = llm.constant dense<[[[[0.5800000429153442, 0.23999786376953125, -0.9049999713897705, -0.5899999141693115]],
    [[-1.4300000667572021, -1.5, 0.8725000619888306, 1.5550001859664917]]]]> : tensor<1x2x1x4xf32>
  %y = llm.grid_sample %x, %p {mode = "linear", padding = "reflection"} : (tensor<1x2x3x4xf32>, tensor<1x1x4x2xf32>)
    -> tensor<1x2x1x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-4, atol = 1.0e-5} : tensor<1x2x1x4xf32>, tensor<1x2x1x4xf32>
  return
}

// bilinear, reflection, align_corners = True
func.func @mirrored() {
  %x = check.input dense<[[[[-2.0, 1.5, -1.0, 1.75], [-0.5, -0.5, 1.25, -1.5], [-2.0, 1.0, 1.75, 2.0]], [[-1.5,
    -1.5, -0.75, 1.0], [1.75, 1.5, -0.5, 1.75], [-1.0, -1.5, -0.25, -1.75]]]]> : tensor<1x2x3x4xf32>
  %p = check.input dense<[[[[-2.359999895095825, -2.5500001907348633], [-1.7100000381469727, 1.5299999713897705],
    [3.5999999046325684, -1.994999885559082], [-1.2799999713897705, 1.3350000381469727]]]]> : tensor<1x1x4x2xf32>
  %e = llm.constant dense<[[[[1.1135001182556152, 1.1161999702453613, -0.09599970281124115, 0.41245001554489136]],
    [[-0.42250022292137146, -0.4670250117778778, -0.6482499241828918, 0.29485005140304565]]]]> : tensor<1x2x1x4xf32>
  %y = llm.grid_sample %x, %p {mode = "linear", padding = "reflection", align_corners} : (tensor<1x2x3x4xf32>,
    tensor<1x1x4x2xf32>) -> tensor<1x2x1x4xf32>
  check.almost_equal %y, %e {rtol = 1.0e-4, atol = 1.0e-5} : tensor<1x2x1x4xf32>, tensor<1x2x1x4xf32>
  return
}

// nearest, zeros, align_corners = False
func.func @nearest() {
  %x = check.input dense<[[[[-2.0, 1.5, -1.0, 1.75], [-0.5, -0.5, 1.25, -1.5], [-2.0, 1.0, 1.75, 2.0]], [[-1.5,
    -1.5, -0.75, 1.0], [1.75, 1.5, -0.5, 1.75], [-1.0, -1.5, -0.25, -1.75]]]]> : tensor<1x2x3x4xf32>
  %p = check.input dense<[[[[0.08499997854232788, 2.380000114440918], [0.15999996662139893, 1.6400001049041748]],
    [[1.4950001239776611, 1.5799999237060547], [0.5950000286102295, 1.6800000667572021]]]]> : tensor<1x2x2x2xf32>
  %e = llm.constant dense<[[[[-1.0, -1.0], [1.25, 1.25]], [[-0.75, -0.75], [-0.5, -0.5]]]]> : tensor<1x2x2x2xf32>
  %y = llm.grid_sample %x, %p {mode = "nearest", padding = "zeros"} : (tensor<1x2x3x4xf32>, tensor<1x2x2x2xf32>) ->
    tensor<1x2x2x2xf32>
  check.almost_equal %y, %e {rtol = 1.0e-4, atol = 1.0e-5} : tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>
  return
}

// bicubic, zeros, align_corners = False
func.func @cubic() {
  %x = check.input dense<[[[[-2.0, 1.5, -1.0, 1.75], [-0.5, -0.5, 1.25, -1.5], [-2.0, 1.0, 1.75, 2.0]], [[-1.5,
    -1.5, -0.75, 1.0], [1.75, 1.5, -0.5, 1.75], [-1.0, -1.5, -0.25, -1.75]]]]> : tensor<1x2x3x4xf32>
  %p = check.input dense<[[[[2.4549999237060547, 3.0199999809265137], [-0.42499998211860657, -0.15999996662139893],
    [2.875, -0.5199999809265137]]]]> : tensor<1x1x3x2xf32>
  %e = llm.constant dense<[[[[1.4400124549865723, -1.348838448524475, -0.13806717097759247]], [[-1.3154823780059814,
    -1.0538294315338135, -0.058435264974832535]]]]> : tensor<1x2x1x3xf32>
  %y = llm.grid_sample %x, %p {mode = "cubic", padding = "zeros"} : (tensor<1x2x3x4xf32>, tensor<1x1x3x2xf32>) ->
    tensor<1x2x1x3xf32>
  check.almost_equal %y, %e {rtol = 1.0e-4, atol = 1.0e-5} : tensor<1x2x1x3xf32>, tensor<1x2x1x3xf32>
  return
}

// bicubic, border, align_corners = True
func.func @cubic_border() {
  %x = check.input dense<[[[[-2.0, 1.5, -1.0, 1.75], [-0.5, -0.5, 1.25, -1.5], [-2.0, 1.0, 1.75, 2.0]], [[-1.5,
    -1.5, -0.75, 1.0], [1.75, 1.5, -0.5, 1.75], [-1.0, -1.5, -0.25, -1.75]]]]> : tensor<1x2x3x4xf32>
  %p = check.input dense<[[[[0.30000001192092896, 3.2250001430511475], [0.24000000953674316, 3.3299999237060547],
    [0.9900000095367432, 1.5299999713897705]]]]> : tensor<1x1x3x2xf32>
  %e = llm.constant dense<[[[[0.7867059111595154, 1.0945755243301392, 0.6956502795219421]], [[1.5840954780578613,
    1.497251033782959, 0.18345552682876587]]]]> : tensor<1x2x1x3xf32>
  %y = llm.grid_sample %x, %p {mode = "cubic", padding = "border", align_corners} : (tensor<1x2x3x4xf32>,
    tensor<1x1x3x2xf32>) -> tensor<1x2x1x3xf32>
  check.almost_equal %y, %e {rtol = 1.0e-4, atol = 1.0e-5} : tensor<1x2x1x3xf32>, tensor<1x2x1x3xf32>
  return
}

// bilinear, zeros, align_corners = False
func.func @volume() {
  %x = check.input dense<[[[[[0.25, 1.75], [1.25, -2.0]], [[1.0, -0.75], [-0.75, 0.5]]]]]> : tensor<1x1x2x2x2xf32>
  %p = check.input dense<[[[[[0.42000001668930054, -0.07999998331069946, -0.44999998807907104], [1.2200000286102295,
    1.0699999332427979, 1.3399999141693115], [1.2699999809265137, 0.9600000381469727, 1.0699999332427979]]]]]> :
    tensor<1x1x1x3x3xf32>
  %e = llm.constant dense<[[[[[0.28589004278182983, 0.23938202857971191, 0.30550503730773926]]]]]> :
    tensor<1x1x1x1x3xf32>
  %y = llm.grid_sample %x, %p {mode = "linear", padding = "zeros"} : (tensor<1x1x2x2x2xf32>, tensor<1x1x1x3x3xf32>)
    -> tensor<1x1x1x1x3xf32>
  check.almost_equal %y, %e {rtol = 1.0e-4, atol = 1.0e-5} : tensor<1x1x1x1x3xf32>, tensor<1x1x1x1x3xf32>
  return
}
