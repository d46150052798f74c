// RUN: %run-checks %s

// the entry, as it is
func.func @floats() {
  %w = check.weight dense<[[1.0, -2.0], [0.5, 8.0]]> : tensor<2x2xf32>
  %e = llm.constant dense<[[1.0, -2.0], [0.5, 8.0]]> : tensor<2x2xf32>
  check.almost_equal %w, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2xf32>, tensor<2x2xf32>
  return
}

// given as bytes: float16 1, 2, 3, 4.5
func.func @halves() {
  %w = check.weight dense<"0x003c004000428044"> : tensor<8xi8> -> tensor<2x2xf16>
  %e = llm.constant dense<[[1.0, 2.0], [3.0, 4.5]]> : tensor<2x2xf16>
  check.almost_equal %w, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2xf16>, tensor<2x2xf16>
  return
}
