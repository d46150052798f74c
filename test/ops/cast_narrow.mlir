// RUN: %run-checks %s
// Narrow elements are written and read by casts. Expected values: the types of ml_dtypes (the PyPI package).

// x.astype(float8_e4m3fn).astype(float32)
func.func @f8e4m3fn() {
  %x = check.input dense<[0.0, -0.0, 1.0, -1.5, 0.1, 3.3, 9.765625e-04, 0.0014, -0.002, 0.015, 17.0, 18.0, 19.0,
                           100.0, 239.0, 247.0, 248.0, 447.0, 464.0, 465.0, -480.0, 57344.0, 61439.0, 61440.0,
                           -70000.0, 6.0e-08, 7.6e-06, 1.2e-05, 0x7FC00000, 0x7F800000, 0xFF800000]> : tensor<31xf32>
  %e = llm.constant dense<[0.0, -0.0, 1.0, -1.5, 0.1015625, 3.25, 0.0, 0.001953125, -0.001953125, 0.015625, 16.0,
                           18.0, 20.0, 96.0, 240.0, 240.0, 256.0, 448.0, 448.0, 0x7FC00000, 0x7FC00000, 0x7FC00000,
                           0x7FC00000, 0x7FC00000, 0x7FC00000, 0.0, 0.0, 0.0, 0x7FC00000, 0x7FC00000, 0x7FC00000]> : tensor<31xf32>
  %n = llm.cast %x : (tensor<31xf32>) -> tensor<31x!llm.narrow<f8e4m3fn>>
  %y = llm.cast %n : (tensor<31x!llm.narrow<f8e4m3fn>>) -> tensor<31xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<31xf32>, tensor<31xf32>
  return
}

// x.astype(float8_e4m3fnuz).astype(float32)
func.func @f8e4m3fnuz() {
  %x = check.input dense<[0.0, -0.0, 1.0, -1.5, 0.1, 3.3, 9.765625e-04, 0.0014, -0.002, 0.015, 17.0, 18.0, 19.0,
                           100.0, 239.0, 247.0, 248.0, 447.0, 464.0, 465.0, -480.0, 57344.0, 61439.0, 61440.0,
                           -70000.0, 6.0e-08, 7.6e-06, 1.2e-05, 0x7FC00000, 0x7F800000, 0xFF800000]> : tensor<31xf32>
  %e = llm.constant dense<[0.0, 0.0, 1.0, -1.5, 0.1015625, 3.25, 9.765625e-04, 9.765625e-04, -0.001953125,
                           0.0146484375, 16.0, 18.0, 20.0, 96.0, 240.0, 240.0, 0x7FC00000, 0x7FC00000, 0x7FC00000,
                           0x7FC00000, 0x7FC00000, 0x7FC00000, 0x7FC00000, 0x7FC00000, 0x7FC00000, 0.0, 0.0, 0.0,
                           0x7FC00000, 0x7FC00000, 0x7FC00000]> : tensor<31xf32>
  %n = llm.cast %x : (tensor<31xf32>) -> tensor<31x!llm.narrow<f8e4m3fnuz>>
  %y = llm.cast %n : (tensor<31x!llm.narrow<f8e4m3fnuz>>) -> tensor<31xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<31xf32>, tensor<31xf32>
  return
}

// x.astype(float8_e5m2).astype(float32)
func.func @f8e5m2() {
  %x = check.input dense<[0.0, -0.0, 1.0, -1.5, 0.1, 3.3, 9.765625e-04, 0.0014, -0.002, 0.015, 17.0, 18.0, 19.0,
                           100.0, 239.0, 247.0, 248.0, 447.0, 464.0, 465.0, -480.0, 57344.0, 61439.0, 61440.0,
                           -70000.0, 6.0e-08, 7.6e-06, 1.2e-05, 0x7FC00000, 0x7F800000, 0xFF800000]> : tensor<31xf32>
  %e = llm.constant dense<[0.0, -0.0, 1.0, -1.5, 0.09375, 3.5, 9.765625e-04, 0.0014648438, -0.001953125, 0.015625,
                           16.0, 16.0, 20.0, 96.0, 224.0, 256.0, 256.0, 448.0, 448.0, 448.0, -512.0, 57344.0,
                           57344.0, 0x7F800000, 0xFF800000, 0.0, 0.0, 1.5258789e-05, 0x7FC00000, 0x7F800000,
                           0xFF800000]> : tensor<31xf32>
  %n = llm.cast %x : (tensor<31xf32>) -> tensor<31x!llm.narrow<f8e5m2>>
  %y = llm.cast %n : (tensor<31x!llm.narrow<f8e5m2>>) -> tensor<31xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<31xf32>, tensor<31xf32>
  return
}

// x.astype(float8_e5m2fnuz).astype(float32)
func.func @f8e5m2fnuz() {
  %x = check.input dense<[0.0, -0.0, 1.0, -1.5, 0.1, 3.3, 9.765625e-04, 0.0014, -0.002, 0.015, 17.0, 18.0, 19.0,
                           100.0, 239.0, 247.0, 248.0, 447.0, 464.0, 465.0, -480.0, 57344.0, 61439.0, 61440.0,
                           -70000.0, 6.0e-08, 7.6e-06, 1.2e-05, 0x7FC00000, 0x7F800000, 0xFF800000]> : tensor<31xf32>
  %e = llm.constant dense<[0.0, 0.0, 1.0, -1.5, 0.09375, 3.5, 9.765625e-04, 0.0014648438, -0.001953125, 0.015625,
                           16.0, 16.0, 20.0, 96.0, 224.0, 256.0, 256.0, 448.0, 448.0, 448.0, -512.0, 57344.0,
                           57344.0, 0x7FC00000, 0x7FC00000, 0.0, 7.6293945e-06, 1.5258789e-05, 0x7FC00000,
                           0x7FC00000, 0x7FC00000]> : tensor<31xf32>
  %n = llm.cast %x : (tensor<31xf32>) -> tensor<31x!llm.narrow<f8e5m2fnuz>>
  %y = llm.cast %n : (tensor<31x!llm.narrow<f8e5m2fnuz>>) -> tensor<31xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<31xf32>, tensor<31xf32>
  return
}

// x.astype(float4_e2m1fn).astype(float32): the largest number is 6
func.func @f4e2m1() {
  %x = check.input dense<[0.0, 0.2, 0.25, 0.26, 0.75, 1.0, 1.25, 1.75, 2.4, 2.5, 3.4, 3.5, 4.9, 5.0, 6.0, 7.0,
                           100.0, -0.3, -2.6, -9.0]> : tensor<20xf32>
  %e = llm.constant dense<[0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 4.0, 4.0, 4.0, 6.0, 6.0, 6.0,
                           -0.5, -3.0, -6.0]> : tensor<20xf32>
  %n = llm.cast %x : (tensor<20xf32>) -> tensor<20x!llm.narrow<f4e2m1>>
  %y = llm.cast %n : (tensor<20x!llm.narrow<f4e2m1>>) -> tensor<20xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<20xf32>, tensor<20xf32>
  return
}

// The nearest power of two, halves up; NaN for what is negative, and for what is nearer to 2^128 than to 2^127. By hand.
func.func @f8e8m0() {
  %x = check.input dense<[1.0, 1.4, 1.5, 1.6, 3.0, 0.3, -1.0, 0x7FC00000, 1.7e+38, 2.6e+38, 0.0]> : tensor<11xf32>
  %e = llm.constant dense<[1.0, 1.0, 2.0, 2.0, 4.0, 0.25, 0x7FC00000, 0x7FC00000, 1.7014118e+38, 0x7FC00000, 0x7FC00000]> : tensor<11xf32>
  %n = llm.cast %x : (tensor<11xf32>) -> tensor<11x!llm.narrow<f8e8m0>>
  %y = llm.cast %n : (tensor<11x!llm.narrow<f8e8m0>>) -> tensor<11xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<11xf32>, tensor<11xf32>
  return
}

// Integers keep their low bits: ((x + 8) mod 16) - 8, x mod 16, ((x + 2) mod 4) - 2, x mod 4
func.func @integers() {
  %x = check.input dense<[0, 7, 8, 15, 16, -1, -8, -9, 200]> : tensor<9xi32>
  %i4 = llm.constant dense<[0, 7, -8, -1, 0, -1, -8, 7, -8]> : tensor<9xi32>
  %u4 = llm.constant dense<[0, 7, 8, 15, 0, 15, 8, 7, 8]> : tensor<9xi32>
  %i2 = llm.constant dense<[0, -1, 0, -1, 0, -1, 0, -1, 0]> : tensor<9xi32>
  %u2 = llm.constant dense<[0, 3, 0, 3, 0, 3, 0, 3, 0]> : tensor<9xi32>
  %ni4 = llm.cast %x : (tensor<9xi32>) -> tensor<9x!llm.narrow<i4>>
  %yi4 = llm.cast %ni4 : (tensor<9x!llm.narrow<i4>>) -> tensor<9xi32>
  check.equal %yi4, %i4 : tensor<9xi32>, tensor<9xi32>
  %nu4 = llm.cast %x : (tensor<9xi32>) -> tensor<9x!llm.narrow<u4>>
  %yu4 = llm.cast %nu4 : (tensor<9x!llm.narrow<u4>>) -> tensor<9xi32>
  check.equal %yu4, %u4 : tensor<9xi32>, tensor<9xi32>
  %ni2 = llm.cast %x : (tensor<9xi32>) -> tensor<9x!llm.narrow<i2>>
  %yi2 = llm.cast %ni2 : (tensor<9x!llm.narrow<i2>>) -> tensor<9xi32>
  check.equal %yi2, %i2 : tensor<9xi32>, tensor<9xi32>
  %nu2 = llm.cast %x : (tensor<9xi32>) -> tensor<9x!llm.narrow<u2>>
  %yu2 = llm.cast %nu2 : (tensor<9x!llm.narrow<u2>>) -> tensor<9xi32>
  check.equal %yu2, %u2 : tensor<9xi32>, tensor<9xi32>
  return
}

// They move as others do.
func.func @moved() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<[[1.0, -2.0, 3.0], [0.5, 448.0, -0.25]]> : tensor<2x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<[[1.0, 0.5], [-2.0, 448.0], [3.0, -0.25]]> : tensor<3x2xf32>
  %n = llm.cast %x : (tensor<?x3xf32>) -> tensor<?x3x!llm.narrow<f8e4m3fn>>
  %t = llm.transpose %n {permutation = array<i64: 1, 0>} : (tensor<?x3x!llm.narrow<f8e4m3fn>>) -> tensor<3x?x!llm.narrow<f8e4m3fn>>
  %y = llm.cast %t : (tensor<3x?x!llm.narrow<f8e4m3fn>>) -> tensor<3x?xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<3x?xf32>, tensor<3x2xf32>
  return
}
