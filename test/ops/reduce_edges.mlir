// RUN: %run-checks %s

// NaN stays
func.func @max_nan() {
  %x = check.input dense<[[1.0, 0x7FC00000, 3.0], [0x7F800000, 0xFF800000, 2.0]]> : tensor<2x3xf32>
  %e = llm.constant dense<[0x7FC00000, 0x7F800000]> : tensor<2xf32>
  %y = llm.reduce max, %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  check.almost_equal %y, %e : tensor<2xf32>, tensor<2xf32>
  return
}

// NaN stays
func.func @min_nan() {
  %x = check.input dense<[[1.0, 0x7FC00000, 3.0], [0x7F800000, 0xFF800000, 2.0]]> : tensor<2x3xf32>
  %e = llm.constant dense<[0x7FC00000, 0xFF800000]> : tensor<2xf32>
  %y = llm.reduce min, %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  check.almost_equal %y, %e : tensor<2xf32>, tensor<2xf32>
  return
}

// NaN and inf - inf
func.func @sum_nan() {
  %x = check.input dense<[[1.0, 0x7FC00000, 3.0], [0x7F800000, 0xFF800000, 2.0]]> : tensor<2x3xf32>
  %e = llm.constant dense<[0x7FC00000, 0x7FC00000]> : tensor<2xf32>
  %y = llm.reduce sum, %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  check.almost_equal %y, %e : tensor<2xf32>, tensor<2xf32>
  return
}

// 2500 ones in float16 are 2500: sums are not rounded on the way
func.func @sum_halves() {
  %o = check.input dense<1.0> : tensor<1x2500xf16>
  %e = llm.constant dense<[2500.0]> : tensor<1xf16>
  %y = llm.reduce sum, %o {axes = array<i64: 1>} : (tensor<1x2500xf16>) -> tensor<1xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03} : tensor<1xf16>, tensor<1xf16>
  return
}

// the sum of no elements is 0.0
func.func @sum_of_none() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<> : tensor<2x0xf32> sizes affine_map<()[s0] -> (2, s0)> -> tensor<2x?xf32>
  %e = llm.constant dense<[0.0, 0.0]> : tensor<2xf32>
  %y = llm.reduce sum, %x {axes = array<i64: 1>} : (tensor<2x?xf32>) -> tensor<2xf32>
  check.almost_equal %y, %e : tensor<2xf32>, tensor<2xf32>
  return
}

// the max of no elements is -inf
func.func @max_of_none() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<> : tensor<2x0xf32> sizes affine_map<()[s0] -> (2, s0)> -> tensor<2x?xf32>
  %e = llm.constant dense<[0xFF800000, 0xFF800000]> : tensor<2xf32>
  %y = llm.reduce max, %x {axes = array<i64: 1>} : (tensor<2x?xf32>) -> tensor<2xf32>
  check.almost_equal %y, %e : tensor<2xf32>, tensor<2xf32>
  return
}

// the min of no elements is inf
func.func @min_of_none() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<> : tensor<2x0xf32> sizes affine_map<()[s0] -> (2, s0)> -> tensor<2x?xf32>
  %e = llm.constant dense<[0x7F800000, 0x7F800000]> : tensor<2xf32>
  %y = llm.reduce min, %x {axes = array<i64: 1>} : (tensor<2x?xf32>) -> tensor<2xf32>
  check.almost_equal %y, %e : tensor<2xf32>, tensor<2xf32>
  return
}

// the prod of no elements is 1.0
func.func @prod_of_none() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<> : tensor<2x0xf32> sizes affine_map<()[s0] -> (2, s0)> -> tensor<2x?xf32>
  %e = llm.constant dense<[1.0, 1.0]> : tensor<2xf32>
  %y = llm.reduce prod, %x {axes = array<i64: 1>} : (tensor<2x?xf32>) -> tensor<2xf32>
  check.almost_equal %y, %e : tensor<2xf32>, tensor<2xf32>
  return
}
