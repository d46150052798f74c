// RUN: %run-checks %s

// logical_not(x)
func.func @booleans() {
  %x = check.input dense<[true, false]> : tensor<2xi1>
  %e = llm.constant dense<[false, true]> : tensor<2xi1>
  %y = llm.not %x : (tensor<2xi1>) -> tensor<2xi1>
  check.equal %y, %e : tensor<2xi1>, tensor<2xi1>
  return
}
