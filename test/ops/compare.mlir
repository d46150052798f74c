// RUN: %run-checks %s

// equal(a, b)
func.func @eq() {
  %a = check.input dense<[1.0, 2.0, 0x7FC00000, 0x7F800000, -0.0]> : tensor<5xf32>
  %b = check.input dense<[2.0, 2.0, 0x7FC00000, 0x7F800000, 0.0]> : tensor<5xf32>
  %c = check.input dense<[[-1], [3]]> : tensor<2x1xi64>
  %d = check.input dense<[3, -1]> : tensor<2xi64>
  %e = llm.constant dense<[false, true, false, true, true]> : tensor<5xi1>
  %g = llm.constant dense<[[false, true], [true, false]]> : tensor<2x2xi1>
  %y = llm.compare eq, %a, %b : (tensor<5xf32>, tensor<5xf32>) -> tensor<5xi1>
  check.equal %y, %e : tensor<5xi1>, tensor<5xi1>
  %z = llm.compare eq, %c, %d : (tensor<2x1xi64>, tensor<2xi64>) -> tensor<2x2xi1>
  check.equal %z, %g : tensor<2x2xi1>, tensor<2x2xi1>
  return
}

// not_equal(a, b)
func.func @ne() {
  %a = check.input dense<[1.0, 2.0, 0x7FC00000, 0x7F800000, -0.0]> : tensor<5xf32>
  %b = check.input dense<[2.0, 2.0, 0x7FC00000, 0x7F800000, 0.0]> : tensor<5xf32>
  %c = check.input dense<[[-1], [3]]> : tensor<2x1xi64>
  %d = check.input dense<[3, -1]> : tensor<2xi64>
  %e = llm.constant dense<[true, false, true, false, false]> : tensor<5xi1>
  %g = llm.constant dense<[[true, false], [false, true]]> : tensor<2x2xi1>
  %y = llm.compare ne, %a, %b : (tensor<5xf32>, tensor<5xf32>) -> tensor<5xi1>
  check.equal %y, %e : tensor<5xi1>, tensor<5xi1>
  %z = llm.compare ne, %c, %d : (tensor<2x1xi64>, tensor<2xi64>) -> tensor<2x2xi1>
  check.equal %z, %g : tensor<2x2xi1>, tensor<2x2xi1>
  return
}

// less(a, b)
func.func @lt() {
  %a = check.input dense<[1.0, 2.0, 0x7FC00000, 0x7F800000, -0.0]> : tensor<5xf32>
  %b = check.input dense<[2.0, 2.0, 0x7FC00000, 0x7F800000, 0.0]> : tensor<5xf32>
  %c = check.input dense<[[-1], [3]]> : tensor<2x1xi64>
  %d = check.input dense<[3, -1]> : tensor<2xi64>
  %e = llm.constant dense<[true, false, false, false, false]> : tensor<5xi1>
  %g = llm.constant dense<[[true, false], [false, false]]> : tensor<2x2xi1>
  %y = llm.compare lt, %a, %b : (tensor<5xf32>, tensor<5xf32>) -> tensor<5xi1>
  check.equal %y, %e : tensor<5xi1>, tensor<5xi1>
  %z = llm.compare lt, %c, %d : (tensor<2x1xi64>, tensor<2xi64>) -> tensor<2x2xi1>
  check.equal %z, %g : tensor<2x2xi1>, tensor<2x2xi1>
  return
}

// less_equal(a, b)
func.func @le() {
  %a = check.input dense<[1.0, 2.0, 0x7FC00000, 0x7F800000, -0.0]> : tensor<5xf32>
  %b = check.input dense<[2.0, 2.0, 0x7FC00000, 0x7F800000, 0.0]> : tensor<5xf32>
  %c = check.input dense<[[-1], [3]]> : tensor<2x1xi64>
  %d = check.input dense<[3, -1]> : tensor<2xi64>
  %e = llm.constant dense<[true, true, false, true, true]> : tensor<5xi1>
  %g = llm.constant dense<[[true, true], [true, false]]> : tensor<2x2xi1>
  %y = llm.compare le, %a, %b : (tensor<5xf32>, tensor<5xf32>) -> tensor<5xi1>
  check.equal %y, %e : tensor<5xi1>, tensor<5xi1>
  %z = llm.compare le, %c, %d : (tensor<2x1xi64>, tensor<2xi64>) -> tensor<2x2xi1>
  check.equal %z, %g : tensor<2x2xi1>, tensor<2x2xi1>
  return
}

// greater(a, b)
func.func @gt() {
  %a = check.input dense<[1.0, 2.0, 0x7FC00000, 0x7F800000, -0.0]> : tensor<5xf32>
  %b = check.input dense<[2.0, 2.0, 0x7FC00000, 0x7F800000, 0.0]> : tensor<5xf32>
  %c = check.input dense<[[-1], [3]]> : tensor<2x1xi64>
  %d = check.input dense<[3, -1]> : tensor<2xi64>
  %e = llm.constant dense<[false, false, false, false, false]> : tensor<5xi1>
  %g = llm.constant dense<[[false, false], [false, true]]> : tensor<2x2xi1>
  %y = llm.compare gt, %a, %b : (tensor<5xf32>, tensor<5xf32>) -> tensor<5xi1>
  check.equal %y, %e : tensor<5xi1>, tensor<5xi1>
  %z = llm.compare gt, %c, %d : (tensor<2x1xi64>, tensor<2xi64>) -> tensor<2x2xi1>
  check.equal %z, %g : tensor<2x2xi1>, tensor<2x2xi1>
  return
}

// greater_equal(a, b)
func.func @ge() {
  %a = check.input dense<[1.0, 2.0, 0x7FC00000, 0x7F800000, -0.0]> : tensor<5xf32>
  %b = check.input dense<[2.0, 2.0, 0x7FC00000, 0x7F800000, 0.0]> : tensor<5xf32>
  %c = check.input dense<[[-1], [3]]> : tensor<2x1xi64>
  %d = check.input dense<[3, -1]> : tensor<2xi64>
  %e = llm.constant dense<[false, true, false, true, true]> : tensor<5xi1>
  %g = llm.constant dense<[[false, true], [true, true]]> : tensor<2x2xi1>
  %y = llm.compare ge, %a, %b : (tensor<5xf32>, tensor<5xf32>) -> tensor<5xi1>
  check.equal %y, %e : tensor<5xi1>, tensor<5xi1>
  %z = llm.compare ge, %c, %d : (tensor<2x1xi64>, tensor<2xi64>) -> tensor<2x2xi1>
  check.equal %z, %g : tensor<2x2xi1>, tensor<2x2xi1>
  return
}
