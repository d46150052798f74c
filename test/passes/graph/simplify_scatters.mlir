// RUN: lathe-opt %s --simplify-graph --split-input-file | FileCheck %s

// Written at every place of itself: x[:, :] = y.
// CHECK-LABEL: @everywhere
// CHECK-NEXT: return %arg1
func.func @everywhere(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %r = llm.constant dense<[[0], [1]]> : tensor<2x1xi64>
  %c = llm.constant dense<[[0, 1, 2]]> : tensor<1x3xi64>
  %s = llm.constant dense<[2, 3]> : tensor<2xi64>
  %r2 = llm.expand %r, %s : (tensor<2x1xi64>, tensor<2xi64>) -> tensor<2x3xi64>
  %c2 = llm.expand %c, %s : (tensor<1x3xi64>, tensor<2xi64>) -> tensor<2x3xi64>
  %r3 = llm.unsqueeze %r2 {axes = array<i64: 2>} : (tensor<2x3xi64>) -> tensor<2x3x1xi64>
  %c3 = llm.unsqueeze %c2 {axes = array<i64: 2>} : (tensor<2x3xi64>) -> tensor<2x3x1xi64>
  %places = llm.concat %r3, %c3 {axis = 2 : i64} : (tensor<2x3x1xi64>, tensor<2x3x1xi64>) -> tensor<2x3x2xi64>
  %z = llm.scatter_nd %x, %places, %y : (tensor<2x3xf32>, tensor<2x3x2xi64>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// -----

// Rows 1 and 2 of four: x[1:3] = y.
// CHECK-LABEL: @rows
// CHECK-DAG: %[[B:.*]] = llm.slice %arg0{{.*}} -> tensor<1x3xf32>
// CHECK-DAG: %[[E:.*]] = llm.slice %arg0{{.*}} -> tensor<1x3xf32>
// CHECK: %[[Z:.*]] = llm.concat %[[B]], %arg1, %[[E]] {axis = 0 : i64}
// CHECK: return %[[Z]]
func.func @rows(%x: tensor<4x3xf32>, %y: tensor<2x3xf32>) -> tensor<4x3xf32> {
  %i = llm.constant dense<[[1], [2]]> : tensor<2x1xi64>
  %z = llm.scatter_nd %x, %i, %y : (tensor<4x3xf32>, tensor<2x1xi64>, tensor<2x3xf32>) -> tensor<4x3xf32>
  return %z : tensor<4x3xf32>
}

// -----

// Added, in another order, or at rows that are not known: left alone.
// CHECK-LABEL: @other
// CHECK-COUNT-3: llm.scatter_nd
func.func @other(%x: tensor<4x3xf32>, %y: tensor<2x3xf32>, %n: tensor<2x1xi64>) -> (tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>) {
  %i = llm.constant dense<[[1], [2]]> : tensor<2x1xi64>
  %j = llm.constant dense<[[2], [1]]> : tensor<2x1xi64>
  %a = llm.scatter_nd %x, %i, %y {reduction = "add"} : (tensor<4x3xf32>, tensor<2x1xi64>, tensor<2x3xf32>) -> tensor<4x3xf32>
  %b = llm.scatter_nd %x, %j, %y : (tensor<4x3xf32>, tensor<2x1xi64>, tensor<2x3xf32>) -> tensor<4x3xf32>
  %c = llm.scatter_nd %x, %n, %y : (tensor<4x3xf32>, tensor<2x1xi64>, tensor<2x3xf32>) -> tensor<4x3xf32>
  return %a, %b, %c : tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>
}
