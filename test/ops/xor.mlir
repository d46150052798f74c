// RUN: %run-checks %s

// logical_xor(a, b)
func.func @truth_table() {
  %a = check.input dense<[true, true, false, false]> : tensor<4xi1>
  %b = check.input dense<[true, false, true, false]> : tensor<4xi1>
  %e = llm.constant dense<[false, true, true, false]> : tensor<4xi1>
  %y = llm.xor %a, %b : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  check.equal %y, %e : tensor<4xi1>, tensor<4xi1>
  return
}

// (2, 1) with (3)
func.func @broadcast() {
  %a = check.input dense<[[true], [false]]> : tensor<2x1xi1>
  %b = check.input dense<[true, false, true]> : tensor<3xi1>
  %e = llm.constant dense<[[false, true, false], [true, false, true]]> : tensor<2x3xi1>
  %y = llm.xor %a, %b : (tensor<2x1xi1>, tensor<3xi1>) -> tensor<2x3xi1>
  check.equal %y, %e : tensor<2x3xi1>, tensor<2x3xi1>
  return
}
