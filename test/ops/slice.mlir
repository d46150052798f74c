// RUN: %run-checks %s

// x[:, 1:4]
func.func @box() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %b = llm.constant dense<[1]> : tensor<1xi64>
  %f = llm.constant dense<[4]> : tensor<1xi64>
  %e = llm.constant dense<[[2.0, 3.0, 4.0], [8.0, 9.0, 10.0]]> : tensor<2x3xf32>
  %y = llm.slice %x, %b, %f {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<2x6xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// x[-1:, -4:-1]: negative bounds count from the end
func.func @negative() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %b = llm.constant dense<[-1, -4]> : tensor<2xi64>
  %f = llm.constant dense<[9223372036854775807, -1]> : tensor<2xi64>
  %e = llm.constant dense<[[9.0, 10.0, 11.0]]> : tensor<1x3xf32>
  %y = llm.slice %x, %b, %f {axes = array<i64: 0, 1>, steps = array<i64: 1, 1>} : (tensor<2x6xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<1x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<1x3xf32>, tensor<1x3xf32>
  return
}

// x[:, 5:0:-2]: backwards
func.func @strided() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %b = llm.constant dense<[5]> : tensor<1xi64>
  %f = llm.constant dense<[0]> : tensor<1xi64>
  %e = llm.constant dense<[[6.0, 4.0, 2.0], [12.0, 10.0, 8.0]]> : tensor<2x3xf32>
  %y = llm.slice %x, %b, %f {axes = array<i64: 1>, steps = array<i64: -2>} : (tensor<2x6xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// x[:, ::-1]: both bounds are clamped
func.func @reversed() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %b = llm.constant dense<[9223372036854775807]> : tensor<1xi64>
  %f = llm.constant dense<[-9223372036854775808]> : tensor<1xi64>
  %e = llm.constant dense<[[6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [12.0, 11.0, 10.0, 9.0, 8.0, 7.0]]> : tensor<2x6xf32>
  %y = llm.slice %x, %b, %f {axes = array<i64: 1>, steps = array<i64: -1>} : (tensor<2x6xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x6xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x6xf32>, tensor<2x6xf32>
  return
}

// x[:, 4:99]: the end is clamped
func.func @beyond() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %b = llm.constant dense<[4]> : tensor<1xi64>
  %f = llm.constant dense<[99]> : tensor<1xi64>
  %e = llm.constant dense<[[5.0, 6.0], [11.0, 12.0]]> : tensor<2x2xf32>
  %y = llm.slice %x, %b, %f {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<2x6xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x?xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x?xf32>, tensor<2x2xf32>
  return
}

// x[:, 4:2] has no elements
func.func @nothing() {
  %x = check.input dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %b = llm.constant dense<[4]> : tensor<1xi64>
  %f = llm.constant dense<[2]> : tensor<1xi64>
  %e = llm.constant dense<> : tensor<2x0xf32>
  %y = llm.slice %x, %b, %f {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<2x6xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x?xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x?xf32>, tensor<2x0xf32>
  return
}

// int64, every other
func.func @integers() {
  %x = check.input dense<[1, 2, 3, 4, 5]> : tensor<5xi64>
  %b = llm.constant dense<[0]> : tensor<1xi64>
  %f = llm.constant dense<[9223372036854775807]> : tensor<1xi64>
  %e = llm.constant dense<[1, 3, 5]> : tensor<3xi64>
  %y = llm.slice %x, %b, %f {axes = array<i64: 0>, steps = array<i64: 2>} : (tensor<5xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  check.equal %y, %e : tensor<3xi64>, tensor<3xi64>
  return
}

// starts before the first element, going down: from the first one (ONNX Slice: clamped to [0, size - 1]); of none, none
func.func @before_the_first() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<[0.0, 1.0, 2.0]> : tensor<3xf32>
  %z = check.input dense<> : tensor<0xf32> sizes affine_map<()[s0] -> (s0)> -> tensor<?xf32>
  %b = llm.constant dense<-8> : tensor<1xi64>
  %c = llm.constant dense<-1> : tensor<1xi64>
  %f = llm.constant dense<-9223372036854775808> : tensor<1xi64>
  %e = llm.constant dense<0.0> : tensor<1xf32>
  %n = llm.constant dense<> : tensor<0xf32>
  %y = llm.slice %x, %b, %f {axes = array<i64: 0>, steps = array<i64: -3>} : (tensor<3xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  %w = llm.slice %z, %c, %f {axes = array<i64: 0>, steps = array<i64: -1>} : (tensor<?xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  check.almost_equal %y, %e : tensor<?xf32>, tensor<1xf32>
  check.almost_equal %w, %n : tensor<?xf32>, tensor<0xf32>
  return
}
