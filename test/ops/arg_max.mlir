// RUN: %run-checks %s

// numpy.argmax(x, 0)
func.func @rows() {
  %x = check.input dense<[[2.0, 1.0], [3.0, 10.0]]> : tensor<2x2xf32>
  %e0 = llm.constant dense<[1, 1]> : tensor<2xi64>
  %r0 = llm.arg_max %x {axis = 0 : i64} : (tensor<2x2xf32>) -> tensor<2xi64>
  check.equal %r0, %e0 : tensor<2xi64>, tensor<2xi64>
  return
}

// numpy.argmin(x, 1), the axis kept
func.func @smallest() {
  %x = check.input dense<[[2.0, 1.0], [3.0, 10.0]]> : tensor<2x2xf32>
  %e0 = llm.constant dense<[[1], [0]]> : tensor<2x1xi64>
  %r0 = llm.arg_max %x {axis = 1 : i64, smallest, keep} : (tensor<2x2xf32>) -> tensor<2x1xi64>
  check.equal %r0, %e0 : tensor<2x1xi64>, tensor<2x1xi64>
  return
}

// equal elements: the first; numpy.argmax
func.func @first() {
  %x = check.input dense<[[2, 2, 1, 2], [3, 10, 10, 1]]> : tensor<2x4xi8>
  %e0 = llm.constant dense<[0, 1]> : tensor<2xi64>
  %r0 = llm.arg_max %x {axis = 1 : i64} : (tensor<2x4xi8>) -> tensor<2xi64>
  check.equal %r0, %e0 : tensor<2xi64>, tensor<2xi64>
  return
}

// equal elements: the last; 3 - numpy.argmax of the reversed row
func.func @last() {
  %x = check.input dense<[[2, 2, 1, 2], [3, 10, 10, 1]]> : tensor<2x4xi8>
  %e0 = llm.constant dense<[3, 2]> : tensor<2xi64>
  %r0 = llm.arg_max %x {axis = 1 : i64, last} : (tensor<2x4xi8>) -> tensor<2xi64>
  check.equal %r0, %e0 : tensor<2xi64>, tensor<2xi64>
  return
}

// NaN is larger than any number; numpy.argmax
func.func @nan() {
  %x = check.input dense<[[1.0, 0x7FC00000, 3.0, 0x7FC00000], [1.0, 5.0, 4.0, 0xFF800000]]> : tensor<2x4xf32>
  %e0 = llm.constant dense<[1, 1]> : tensor<2xi64>
  %r0 = llm.arg_max %x {axis = 1 : i64} : (tensor<2x4xf32>) -> tensor<2xi64>
  check.equal %r0, %e0 : tensor<2xi64>, tensor<2xi64>
  return
}

// NaN is larger than any number: the smallest of the others
func.func @nan_smallest() {
  %x = check.input dense<[[1.0, 0x7FC00000, 3.0, 0x7FC00000], [1.0, 5.0, 4.0, 0xFF800000]]> : tensor<2x4xf32>
  %e0 = llm.constant dense<[0, 3]> : tensor<2xi64>
  %r0 = llm.arg_max %x {axis = 1 : i64, smallest} : (tensor<2x4xf32>) -> tensor<2xi64>
  check.equal %r0, %e0 : tensor<2xi64>, tensor<2xi64>
  return
}

// numpy.argmax(x, 1) of three axes, f16
func.func @middle() {
  %x = check.input dense<[[[0.0, 7.0, 3.0], [10.0, 6.0, 2.0], [9.0, 5.0, 1.0], [8.0, 4.0, 0.0]], [[7.0, 3.0, 10.0], [6.0, 2.0, 9.0], [5.0, 1.0, 8.0], [4.0, 0.0, 7.0]]]> : tensor<2x4x3xf16>
  %e0 = llm.constant dense<[[1, 0, 0], [0, 0, 0]]> : tensor<2x3xi64>
  %r0 = llm.arg_max %x {axis = 1 : i64} : (tensor<2x4x3xf16>) -> tensor<2x3xi64>
  check.equal %r0, %e0 : tensor<2x3xi64>, tensor<2x3xi64>
  return
}

// 70 columns: the largest of three rows by j mod 3, as row (j mod 3) holds 1
func.func @wide() {
  %x = check.input dense<[1, 2, 3]> : tensor<3xi64>
  %n = check.input dense<0> : tensor<70xi64>
  %zero = llm.constant dense<0> : tensor<i64>
  %limit = llm.constant dense<70> : tensor<i64>
  %one = llm.constant dense<1> : tensor<i64>
  %three = llm.constant dense<3> : tensor<i64>
  %rows = llm.constant dense<[[0], [1], [2]]> : tensor<3x1xi64>
  %r = llm.range %zero, %limit, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<70xi64>
  %s = llm.add %r, %n : (tensor<70xi64>, tensor<70xi64>) -> tensor<70xi64>
  %e = llm.mod %s, %three : (tensor<70xi64>, tensor<i64>) -> tensor<70xi64>
  %is = llm.compare eq, %e, %rows : (tensor<70xi64>, tensor<3x1xi64>) -> tensor<3x70xi1>
  %v = llm.cast %is : (tensor<3x70xi1>) -> tensor<3x70xi32>
  %y = llm.arg_max %v {axis = 0 : i64} : (tensor<3x70xi32>) -> tensor<70xi64>
  check.equal %y, %e : tensor<70xi64>, tensor<70xi64>
  return
}
