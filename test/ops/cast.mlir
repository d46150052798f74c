// RUN: %run-checks %s

// x.astype(int64): truncated
func.func @to_integers() {
  %x = check.input dense<[1.5, -1.5, 2.9999998, -0.0, 0.4]> : tensor<5xf32>
  %e = llm.constant dense<[1, -1, 2, 0, 0]> : tensor<5xi64>
  %y = llm.cast %x : (tensor<5xf32>) -> tensor<5xi64>
  check.equal %y, %e : tensor<5xi64>, tensor<5xi64>
  return
}

// x != 0, NaN is true
func.func @to_booleans() {
  %x = check.input dense<[0.0, -0.0, 0.5, 0x7FC00000]> : tensor<4xf32>
  %e = llm.constant dense<[false, false, true, true]> : tensor<4xi1>
  %y = llm.cast %x : (tensor<4xf32>) -> tensor<4xi1>
  check.equal %y, %e : tensor<4xi1>, tensor<4xi1>
  return
}

// x.astype(float16): to the nearest, halves to even, subnormal, infinite
func.func @to_halves() {
  %x = check.input dense<[1.0, 0.1, 65504.0, 65519.0, 65520.0, -1000000.0, 6.0e-08, 3.0e-08, 2.98e-08, 1.0004883,
                           1.0014648, 0x7FC00000]> : tensor<12xf32>
  %e = llm.constant dense<[1.0, 0.1, 65500.0, 65500.0, 0x7C00, 0xFC00, 6.0e-08, 6.0e-08, 0.0, 1.0, 1.002, 0x7E00]> : tensor<12xf16>
  %y = llm.cast %x : (tensor<12xf32>) -> tensor<12xf16>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<12xf16>, tensor<12xf16>
  return
}

// exact
func.func @from_halves() {
  %x = check.input dense<[1.0, 0.1, 65500.0, 65500.0, 0x7C00, 0xFC00, 6.0e-08, 6.0e-08, 0.0, 1.0, 1.002, 0x7E00]> : tensor<12xf16>
  %e = llm.constant dense<[1.0, 0.099975586, 65504.0, 65504.0, 0x7F800000, 0xFF800000, 5.9604645e-08,
                           5.9604645e-08, 0.0, 1.0, 1.0019531, 0x7FC00000]> : tensor<12xf32>
  %y = llm.cast %x : (tensor<12xf16>) -> tensor<12xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<12xf32>, tensor<12xf32>
  return
}

// the nearest with 8 bits, halves to even (from the bit patterns)
func.func @to_bfloats() {
  %x = check.input dense<[1.0, 1.0039062, 1.0117188, 3.3e+38, 3.4e+38, 0xFF800000, 1.0e-40, 0x7FC00000]> : tensor<8xf32>
  %e = llm.constant dense<[1.0, 1.0, 1.015625, 3.2964854295465914e+38, 0x7F80, 0xFF80, 9.183549615799121e-41, 0x7FC0]> : tensor<8xbf16>
  %y = llm.cast %x : (tensor<8xf32>) -> tensor<8xbf16>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<8xbf16>, tensor<8xbf16>
  return
}

// exact
func.func @from_bfloats() {
  %x = check.input dense<[1.0, 1.0, 1.015625, 3.2964854295465914e+38, 0x7F80, 0xFF80, 9.183549615799121e-41, 0x7FC0]> : tensor<8xbf16>
  %e = llm.constant dense<[1.0, 1.0, 1.015625, 3.2964854e+38, 0x7F800000, 0xFF800000, 9.1835e-41, 0x7FC00000]> : tensor<8xf32>
  %y = llm.cast %x : (tensor<8xbf16>) -> tensor<8xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<8xf32>, tensor<8xf32>
  return
}

// x.astype(float32): the nearest
func.func @integers_to_floats() {
  %x = check.input dense<[1, -7, 16777217, 16777219, 9223372036854775807]> : tensor<5xi64>
  %e = llm.constant dense<[1.0, -7.0, 1.6777216e+07, 1.677722e+07, 9.223372e+18]> : tensor<5xf32>
  %y = llm.cast %x : (tensor<5xi64>) -> tensor<5xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<5xf32>, tensor<5xf32>
  return
}

// x.astype(int32): the low bits
func.func @narrower() {
  %x = check.input dense<[1, -1, 4294967301, 2147483648]> : tensor<4xi64>
  %e = llm.constant dense<[1, -1, 5, -2147483648]> : tensor<4xi32>
  %y = llm.cast %x : (tensor<4xi64>) -> tensor<4xi32>
  check.equal %y, %e : tensor<4xi32>, tensor<4xi32>
  return
}

// false is 0, true is 1
func.func @from_booleans() {
  %x = check.input dense<[true, false]> : tensor<2xi1>
  %e = llm.constant dense<[1.0, 0.0]> : tensor<2xf32>
  %y = llm.cast %x : (tensor<2xi1>) -> tensor<2xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2xf32>, tensor<2xf32>
  return
}

// of Q4_0, d * (q - 8): block 0 has d = 0.5, block 1 d = -0.25; byte i holds elements i (low) and i + 16
func.func @from_blocks() {
  %w = check.weight dense<"0x0038030a11181f262d343b424950575e656c00b4030a11181f262d343b424950575e656c"> : tensor<36xi8> -> tensor<2x32x!llm.block<q4_0>>
  %e = llm.constant dense<[[-2.5, 1.0, -3.5, 0.0, 3.5, -1.0, 2.5, -2.0, 1.5, -3.0, 0.5, -4.0, -0.5, 3.0, -1.5, 2.0,
                            -4.0, -4.0, -3.5, -3.5, -3.5, -3.0, -3.0, -2.5, -2.5, -2.0, -2.0, -1.5, -1.5, -1.5,
                            -1.0, -1.0],
                           [1.25, -0.5, 1.75, -0.0, -1.75, 0.5, -1.25, 1.0, -0.75, 1.5, -0.25, 2.0, 0.25, -1.5,
                            0.75, -1.0, 2.0, 2.0, 1.75, 1.75, 1.75, 1.5, 1.5, 1.25, 1.25, 1.0, 1.0, 0.75, 0.75,
                            0.75, 0.5, 0.5]]> : tensor<2x32xf32>
  %y = llm.cast %w : (tensor<2x32x!llm.block<q4_0>>) -> tensor<2x32xf32>
  check.almost_equal %y, %e : tensor<2x32xf32>, tensor<2x32xf32>
  return
}
