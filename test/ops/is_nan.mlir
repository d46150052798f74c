// RUN: %run-checks %s

// isnan(x)
func.func @values() {
  %x = check.input dense<[1.0, 0x7FC00000, 0x7F800000, -0.0]> : tensor<4xf32>
  %e = llm.constant dense<[false, true, false, false]> : tensor<4xi1>
  %y = llm.is_nan %x : (tensor<4xf32>) -> tensor<4xi1>
  check.equal %y, %e : tensor<4xi1>, tensor<4xi1>
  return
}

// float16
func.func @halves() {
  %x = check.input dense<[1.0, 0x7E00, 0xFC00]> : tensor<3xf16>
  %e = llm.constant dense<[false, true, false]> : tensor<3xi1>
  %y = llm.is_nan %x : (tensor<3xf16>) -> tensor<3xi1>
  check.equal %y, %e : tensor<3xi1>, tensor<3xi1>
  return
}
