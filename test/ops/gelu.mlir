// RUN: %run-checks %s

// numpy, in float64: x * (1 + math.erf(x / sqrt(2))) / 2
func.func @values() {
  %x = check.input dense<[0.5, -0.5, 1.0, -1.0, 2.5, -3.25, 7.0, 0.001, 0.0, 0x7FC00000, 0x7F800000, 5.0, -3.0, 10.0]> : tensor<14xf32>
  %e = llm.constant dense<[0.34573123, -0.15426877, 0.8413448, -0.15865526, 2.4844759, -0.0018753314, 7.0,
                           0.000500399, 0.0, 0x7FC00000, 0x7F800000, 4.9999986, -0.004049694, 10.0]> : tensor<14xf32>
  %y = llm.gelu %x : (tensor<14xf32>) -> tensor<14xf32>
  check.almost_equal %y, %e : tensor<14xf32>, tensor<14xf32>
  return
}

// the same, rounded to float16
func.func @halves() {
  %x = check.input dense<[0.5, -1.5, 2.0, -7.0, 0x7E00, 0x7C00]> : tensor<6xf16>
  %e = llm.constant dense<[0.3457, -0.1002, 1.954, -0.0, 0x7E00, 0x7C00]> : tensor<6xf16>
  %y = llm.gelu %x : (tensor<6xf16>) -> tensor<6xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<6xf16>, tensor<6xf16>
  return
}

// no elements
func.func @empty() attributes {llm.symbols = ["rows"]} {
  %x = check.input dense<> : tensor<0x3xf32> sizes affine_map<()[s0] -> (s0, 3)> -> tensor<?x3xf32>
  %e = llm.constant dense<> : tensor<0x3xf32>
  %y = llm.gelu %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  check.almost_equal %y, %e : tensor<?x3xf32>, tensor<0x3xf32>
  return
}

// numpy, in float64: x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2
func.func @tanh_form() {
  %x = check.input dense<[0.5, -0.5, 1.0, -1.0, 2.5, -3.25, 7.0, 0.001, 0.0, 0x7FC00000, 0x7F800000, 5.0, -3.0, 10.0]> : tensor<14xf32>
  %e = llm.constant dense<[0.345714, -0.154286, 0.841192, -0.15880801, 2.4849157, -0.0015686272, 7.0, 0.000500399,
                           0.0, 0x7FC00000, 0x7F800000, 5.0, -0.003637392, 10.0]> : tensor<14xf32>
  %y = llm.gelu %x {approximate} : (tensor<14xf32>) -> tensor<14xf32>
  check.almost_equal %y, %e : tensor<14xf32>, tensor<14xf32>
  return
}
