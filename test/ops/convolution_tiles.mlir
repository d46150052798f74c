// RUN: %run-checks %s
// More places, outputs and columns than a tile has. Expected values by formula: x[c, i, j] = 400 c + 20 i + j is linear, so that the sum over a window of
// 3 x 3 x 3 ones is 27 times the value in its middle; output m has weights of m + 1.

// 18 x 18 places, 71 outputs: whole tiles and what remains of them
func.func @gathered() {
  %zero = llm.constant dense<0> : tensor<i64>
  %one = llm.constant dense<1> : tensor<i64>
  %count = llm.constant dense<1200> : tensor<i64>
  %outputs = llm.constant dense<71> : tensor<i64>
  %r = llm.range %zero, %count, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<1200xi64>
  %shape = llm.constant dense<[1, 3, 20, 20]> : tensor<4xi64>
  %ri = llm.reshape %r, %shape : (tensor<1200xi64>, tensor<4xi64>) -> tensor<1x3x20x20xi64>
  %x = llm.cast %ri : (tensor<1x3x20x20xi64>) -> tensor<1x3x20x20xf32>
  %m = llm.range %zero, %outputs, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<71xi64>
  %m1 = llm.add %m, %one : (tensor<71xi64>, tensor<i64>) -> tensor<71xi64>
  %mf = llm.cast %m1 : (tensor<71xi64>) -> tensor<71xf32>
  %row = llm.unsqueeze %mf {axes = array<i64: 1, 2, 3>} : (tensor<71xf32>) -> tensor<71x1x1x1xf32>
  %kernel = llm.constant dense<[71, 3, 3, 3]> : tensor<4xi64>
  %w = llm.expand %row, %kernel : (tensor<71x1x1x1xf32>, tensor<4xi64>) -> tensor<71x3x3x3xf32>
  %y = llm.convolution %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
       : (tensor<1x3x20x20xf32>, tensor<71x3x3x3xf32>) -> tensor<1x71x18x18xf32>
  // 27 (m + 1) x[1, i + 1, j + 1]
  %begin = llm.constant dense<[1, 1, 1]> : tensor<3xi64>
  %end = llm.constant dense<[2, 19, 19]> : tensor<3xi64>
  %middle = llm.slice %x, %begin, %end {axes = array<i64: 1, 2, 3>, steps = array<i64: 1, 1, 1>}
            : (tensor<1x3x20x20xf32>, tensor<3xi64>, tensor<3xi64>) -> tensor<1x1x18x18xf32>
  %each = llm.unsqueeze %mf {axes = array<i64: 1, 2>} : (tensor<71xf32>) -> tensor<71x1x1xf32>
  %product = llm.mul %middle, %each : (tensor<1x1x18x18xf32>, tensor<71x1x1xf32>) -> tensor<1x71x18x18xf32>
  %elements = llm.constant dense<2.700000e+01> : tensor<f32>
  %e = llm.mul %product, %elements : (tensor<1x71x18x18xf32>, tensor<f32>) -> tensor<1x71x18x18xf32>
  check.almost_equal %y, %e : tensor<1x71x18x18xf32>, tensor<1x71x18x18xf32>
  return
}

// 15 x 300 places of three channels that stay apart: 9 times the middle
func.func @depthwise() {
  %zero = llm.constant dense<0> : tensor<i64>
  %one = llm.constant dense<1> : tensor<i64>
  %count = llm.constant dense<15402> : tensor<i64>
  %r = llm.range %zero, %count, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<15402xi64>
  %shape = llm.constant dense<[1, 3, 17, 302]> : tensor<4xi64>
  %ri = llm.reshape %r, %shape : (tensor<15402xi64>, tensor<4xi64>) -> tensor<1x3x17x302xi64>
  %x = llm.cast %ri : (tensor<1x3x17x302xi64>) -> tensor<1x3x17x302xf32>
  %w = check.input dense<1.000000e+00> : tensor<3x1x3x3xf32>
  %y = llm.convolution %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>,
       groups = 3 : i64} : (tensor<1x3x17x302xf32>, tensor<3x1x3x3xf32>) -> tensor<1x3x15x300xf32>
  %begin = llm.constant dense<[1, 1]> : tensor<2xi64>
  %end = llm.constant dense<[16, 301]> : tensor<2xi64>
  %middle = llm.slice %x, %begin, %end {axes = array<i64: 2, 3>, steps = array<i64: 1, 1>}
            : (tensor<1x3x17x302xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<1x3x15x300xf32>
  %elements = llm.constant dense<9.000000e+00> : tensor<f32>
  %e = llm.mul %middle, %elements : (tensor<1x3x15x300xf32>, tensor<f32>) -> tensor<1x3x15x300xf32>
  check.almost_equal %y, %e : tensor<1x3x15x300xf32>, tensor<1x3x15x300xf32>
  return
}

// transposed, stride 2 by kernel 2: each element becomes 2 x 2, times m + 1; 144 places in each of four phases, 67 outputs
func.func @transposed() {
  %zero = llm.constant dense<0> : tensor<i64>
  %one = llm.constant dense<1> : tensor<i64>
  %count = llm.constant dense<144> : tensor<i64>
  %outputs = llm.constant dense<67> : tensor<i64>
  %r = llm.range %zero, %count, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<144xi64>
  %shape = llm.constant dense<[1, 1, 12, 12]> : tensor<4xi64>
  %ri = llm.reshape %r, %shape : (tensor<144xi64>, tensor<4xi64>) -> tensor<1x1x12x12xi64>
  %x = llm.cast %ri : (tensor<1x1x12x12xi64>) -> tensor<1x1x12x12xf32>
  %m = llm.range %zero, %outputs, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<67xi64>
  %m1 = llm.add %m, %one : (tensor<67xi64>, tensor<i64>) -> tensor<67xi64>
  %mf = llm.cast %m1 : (tensor<67xi64>) -> tensor<67xf32>
  %row = llm.unsqueeze %mf {axes = array<i64: 0, 2, 3>} : (tensor<67xf32>) -> tensor<1x67x1x1xf32>
  %kernel = llm.constant dense<[1, 67, 2, 2]> : tensor<4xi64>
  %w = llm.expand %row, %kernel : (tensor<1x67x1x1xf32>, tensor<4xi64>) -> tensor<1x67x2x2xf32>
  %y = llm.convolution %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, transposed}
       : (tensor<1x1x12x12xf32>, tensor<1x67x2x2xf32>) -> tensor<1x67x24x24xf32>
  %apart = llm.unsqueeze %x {axes = array<i64: 3, 5>} : (tensor<1x1x12x12xf32>) -> tensor<1x1x12x1x12x1xf32>
  %pairs = llm.constant dense<[1, 1, 12, 2, 12, 2]> : tensor<6xi64>
  %twice = llm.expand %apart, %pairs : (tensor<1x1x12x1x12x1xf32>, tensor<6xi64>) -> tensor<1x1x12x2x12x2xf32>
  %large = llm.constant dense<[1, 1, 24, 24]> : tensor<4xi64>
  %up = llm.reshape %twice, %large : (tensor<1x1x12x2x12x2xf32>, tensor<4xi64>) -> tensor<1x1x24x24xf32>
  %each = llm.unsqueeze %mf {axes = array<i64: 1, 2>} : (tensor<67xf32>) -> tensor<67x1x1xf32>
  %e = llm.mul %up, %each : (tensor<1x1x24x24xf32>, tensor<67x1x1xf32>) -> tensor<1x67x24x24xf32>
  check.almost_equal %y, %e : tensor<1x67x24x24xf32>, tensor<1x67x24x24xf32>
  return
}
