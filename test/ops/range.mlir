// RUN: lathe-opt %s --run-checks=backend=reference
// Compiled code knows sizes that follow from sizes only: a length that is data is for the reference alone.

// arange(2, 9, 3)
func.func @up() {
  %a = check.input dense<2> : tensor<i64>
  %b = check.input dense<9> : tensor<i64>
  %d = check.input dense<3> : tensor<i64>
  %e = llm.constant dense<[2, 5, 8]> : tensor<3xi64>
  %y = llm.range %a, %b, %d : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  check.equal %y, %e : tensor<?xi64>, tensor<3xi64>
  return
}

// arange(5, -2, -3)
func.func @down() {
  %a = check.input dense<5> : tensor<i64>
  %b = check.input dense<-2> : tensor<i64>
  %d = check.input dense<-3> : tensor<i64>
  %e = llm.constant dense<[5, 2, -1]> : tensor<3xi64>
  %y = llm.range %a, %b, %d : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  check.equal %y, %e : tensor<?xi64>, tensor<3xi64>
  return
}

// arange(3, 3, 1) has no elements
func.func @none() {
  %a = check.input dense<3> : tensor<i64>
  %b = check.input dense<3> : tensor<i64>
  %d = check.input dense<1> : tensor<i64>
  %e = llm.constant dense<> : tensor<0xi64>
  %y = llm.range %a, %b, %d : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  check.equal %y, %e : tensor<?xi64>, tensor<0xi64>
  return
}

// arange(0, 5, -1) has no elements
func.func @wrong_way() {
  %a = check.input dense<0> : tensor<i64>
  %b = check.input dense<5> : tensor<i64>
  %d = check.input dense<-1> : tensor<i64>
  %e = llm.constant dense<> : tensor<0xi64>
  %y = llm.range %a, %b, %d : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  check.equal %y, %e : tensor<?xi64>, tensor<0xi64>
  return
}

// arange(0, 1, 0.25)
func.func @floats() {
  %a = check.input dense<0.0> : tensor<f32>
  %b = check.input dense<1.0> : tensor<f32>
  %d = check.input dense<0.25> : tensor<f32>
  %e = llm.constant dense<[0.0, 0.25, 0.5, 0.75]> : tensor<4xf32>
  %y = llm.range %a, %b, %d : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  check.almost_equal %y, %e : tensor<?xf32>, tensor<4xf32>
  return
}

// int32
func.func @int32() {
  %a = check.input dense<0> : tensor<i32>
  %b = check.input dense<4> : tensor<i32>
  %d = check.input dense<2> : tensor<i32>
  %e = llm.constant dense<[0, 2]> : tensor<2xi32>
  %y = llm.range %a, %b, %d : (tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<?xi32>
  check.equal %y, %e : tensor<?xi32>, tensor<2xi32>
  return
}
