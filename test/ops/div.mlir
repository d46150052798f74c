// RUN: %run-checks %s

// numpy, in float64: a / b
func.func @broadcast_row() {
  %a = check.input dense<[[1.5, -2.0, 3.0], [0.0, 7.25, -0.5]]> : tensor<2x3xf32>
  %b = check.input dense<[2.0, -4.0, 0.5]> : tensor<3xf32>
  %e = llm.constant dense<[[0.75, 0.5, 6.0], [0.0, -1.8125, -1.0]]> : tensor<2x3xf32>
  %y = llm.div %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// (2, 1) with (3): both are broadcast
func.func @broadcast_both() {
  %a = check.input dense<[[2.0], [-3.0]]> : tensor<2x1xf32>
  %b = check.input dense<[2.0, -4.0, 0.5]> : tensor<3xf32>
  %e = llm.constant dense<[[1.0, -0.5, 4.0], [-1.5, 0.75, -6.0]]> : tensor<2x3xf32>
  %y = llm.div %a, %b : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  check.almost_equal %y, %e : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// a scalar with (2, 1)
func.func @scalar() {
  %a = check.input dense<1.25> : tensor<f32>
  %b = check.input dense<[[2.0], [-3.0]]> : tensor<2x1xf32>
  %e = llm.constant dense<[[0.625], [-0.41666666]]> : tensor<2x1xf32>
  %y = llm.div %a, %b : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  check.almost_equal %y, %e : tensor<2x1xf32>, tensor<2x1xf32>
  return
}

// NaN, infinities and zeros
func.func @special() {
  %a = check.input dense<[0x7FC00000, 1.0, 0x7F800000, 0xFF800000, 0x7F800000, 0.0]> : tensor<6xf32>
  %b = check.input dense<[1.0, 0x7FC00000, 0x7F800000, 0x7F800000, 0.0, -0.0]> : tensor<6xf32>
  %e = llm.constant dense<[0x7FC00000, 0x7FC00000, 0x7FC00000, 0x7FC00000, 0x7F800000, 0x7FC00000]> : tensor<6xf32>
  %y = llm.div %a, %b : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  check.almost_equal %y, %e : tensor<6xf32>, tensor<6xf32>
  return
}

// rounded to float16
func.func @halves() {
  %a = check.input dense<[[1.5, -2.0, 3.0], [0.0, 7.25, -0.5]]> : tensor<2x3xf16>
  %b = check.input dense<[2.0, -4.0, 0.5]> : tensor<3xf16>
  %e = llm.constant dense<[[0.75, 0.5, 6.0], [0.0, -1.8125, -1.0]]> : tensor<2x3xf16>
  %y = llm.div %a, %b : (tensor<2x3xf16>, tensor<3xf16>) -> tensor<2x3xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<2x3xf16>, tensor<2x3xf16>
  return
}

// rounded to bfloat16
func.func @bfloats() {
  %a = check.input dense<[[1.5, -2.0, 3.0], [0.0, 7.25, -0.5]]> : tensor<2x3xbf16>
  %b = check.input dense<[2.0, -4.0, 0.5]> : tensor<3xbf16>
  %e = llm.constant dense<[[0.75, 0.5, 6.0], [0.0, -1.8125, -1.0]]> : tensor<2x3xbf16>
  %y = llm.div %a, %b : (tensor<2x3xbf16>, tensor<3xbf16>) -> tensor<2x3xbf16>
  check.almost_equal %y, %e {rtol = 1.0e-02, atol = 1.0e-07} : tensor<2x3xbf16>, tensor<2x3xbf16>
  return
}

// integers truncate towards 0
func.func @integers() {
  %a = check.input dense<[7, -7, 7, -7, 0]> : tensor<5xi64>
  %b = check.input dense<[2, 2, -2, -2, 5]> : tensor<5xi64>
  %e = llm.constant dense<[3, -3, -3, 3, 0]> : tensor<5xi64>
  %y = llm.div %a, %b : (tensor<5xi64>, tensor<5xi64>) -> tensor<5xi64>
  check.equal %y, %e : tensor<5xi64>, tensor<5xi64>
  return
}

// no rows
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %a = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %b = check.input dense<[2.0, -4.0, 0.5]> : tensor<3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.div %a, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}
