// RUN: %run-checks %s

// numpy.array(numpy.nonzero(x)); the count is numpy.count_nonzero(x)
func.func @matrix() {
  %x = check.input dense<[[0.0, 3.5, 0.0], [-1.0, 0.0, 2.0]]> : tensor<2x3xf32>
  %n = check.input dense<3> : tensor<i64>
  %e = llm.constant dense<[[0, 1, 1], [1, 0, 2]]> : tensor<2x3xi64>
  %y = llm.non_zero %x, %n : (tensor<2x3xf32>, tensor<i64>) -> tensor<2x3xi64>
  check.equal %y, %e : tensor<2x3xi64>, tensor<2x3xi64>
  return
}

// fewer than there are, of booleans
func.func @first_two() {
  %x = check.input dense<[true, false, true, true]> : tensor<4xi1>
  %n = check.input dense<2> : tensor<i64>
  %e = llm.constant dense<[[0, 2]]> : tensor<1x2xi64>
  %y = llm.non_zero %x, %n : (tensor<4xi1>, tensor<i64>) -> tensor<1x2xi64>
  check.equal %y, %e : tensor<1x2xi64>, tensor<1x2xi64>
  return
}

// the count decides the size: numpy.nonzero of [0, 7, 7, 0, 7]
func.func @counted() attributes {llm.symbols = ["nonzeros"]} {
  %x = check.input dense<[0, 7, 7, 0, 7]> : tensor<5xi64>
  %zero = llm.constant dense<0> : tensor<i64>
  %set = llm.compare ne, %x, %zero : (tensor<5xi64>, tensor<i64>) -> tensor<5xi1>
  %ones = llm.cast %set : (tensor<5xi1>) -> tensor<5xi64>
  %count = llm.reduce sum, %ones {axes = array<i64: 0>} : (tensor<5xi64>) -> tensor<i64>
  %n = llm.size %count {symbol = "nonzeros"} : (tensor<i64>) -> tensor<i64>
  %y = llm.non_zero %x, %n : (tensor<5xi64>, tensor<i64>) -> tensor<1x?xi64>
  %e = llm.constant dense<[[1, 2, 4]]> : tensor<1x3xi64>
  check.equal %y, %e : tensor<1x?xi64>, tensor<1x3xi64>
  return
}

// nothing is not 0; a scalar
func.func @none() attributes {llm.symbols = ["nonzeros"]} {
  %x = check.input dense<0.0> : tensor<f32>
  %n = check.input dense<0> : tensor<i64>
  %size = llm.size %n {symbol = "nonzeros"} : (tensor<i64>) -> tensor<i64>
  %y = llm.non_zero %x, %size : (tensor<f32>, tensor<i64>) -> tensor<1x?xi64>
  %e = llm.constant dense<> : tensor<1x0xi64>
  check.equal %y, %e : tensor<1x?xi64>, tensor<1x0xi64>
  return
}
