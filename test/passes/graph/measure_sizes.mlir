// RUN: lathe-opt --measure-sizes %s | FileCheck %s

// The numbers these rewrites give are in test/onnx-conformance (operands that are inputs); here is what they become.

// Sizes in the shape operand become symbols, and the shape is those.
// CHECK-LABEL: @reshape
// CHECK-SAME: llm.symbols = ["n", "reshape.size1", "reshape.size2"]
// CHECK: llm.size {{.*}} {symbol = "reshape.size1"}
// CHECK: llm.size {{.*}} {symbol = "reshape.size2"}
// CHECK: %[[SHAPE:.*]] = llm.dims
// CHECK: llm.reshape %arg0, %[[SHAPE]]
func.func @reshape(%x: tensor<?x4xf32> {llm.dims = affine_map<()[s0] -> (s0, 4)>}, %s: tensor<2xi64>) -> tensor<?x?xf32> attributes {llm.symbols = ["n"]} {
  %y = llm.reshape %x, %s : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// What is known needs no measuring.
// CHECK-LABEL: @known
// CHECK-NOT: llm.size
func.func @known(%x: tensor<?x4xf32> {llm.dims = affine_map<()[s0] -> (s0, 4)>}) -> tensor<?x2xf32> attributes {llm.symbols = ["n"]} {
  %s = llm.constant dense<[-1, 2]> : tensor<2xi64>
  %y = llm.reshape %x, %s : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// CHECK-LABEL: @expand
// CHECK-NOT: llm.expand
// CHECK: llm.broadcast_to %arg0
func.func @expand(%x: tensor<?xf32> {llm.dims = affine_map<()[s0] -> (s0)>}, %s: tensor<1xi64>) -> tensor<?xf32> attributes {llm.symbols = ["n"]} {
  %y = llm.expand %x, %s : (tensor<?xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// CHECK-LABEL: @slice
// CHECK-NOT: llm.slice
// CHECK: llm.box %arg0 {{.*}}steps = array<i64: 1, -2>
func.func @slice(%x: tensor<?x4xf32> {llm.dims = affine_map<()[s0] -> (s0, 4)>}, %b: tensor<1xi64>, %e: tensor<1xi64>) -> tensor<?x?xf32> attributes {llm.symbols = ["n"]} {
  %y = llm.slice %x, %b, %e {axes = array<i64: 1>, steps = array<i64: -2>} : (tensor<?x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// Two sizes that may be equal, or one of them 1: the operand that does not have the size of the result is broadcast.
// CHECK-LABEL: @add
// CHECK: llm.size
// CHECK: %[[A:.*]] = llm.broadcast_to %arg0
// CHECK: %[[B:.*]] = llm.broadcast_to %arg1
// CHECK: llm.add %[[A]], %[[B]]
func.func @add(%x: tensor<?x4xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 4)>}, %y: tensor<?x4xf32> {llm.dims = affine_map<()[s0, s1] -> (s1, 4)>}) -> tensor<?x4xf32> attributes {llm.symbols = ["n", "m"]} {
  %z = llm.add %x, %y : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}

// CHECK-LABEL: @range
// CHECK: llm.size
// CHECK: llm.range
// CHECK: llm.mul
// CHECK: llm.add
func.func @range(%a: tensor<i64>, %b: tensor<i64>, %d: tensor<i64>) -> tensor<?xi64> attributes {llm.symbols = []} {
  %r = llm.range %a, %b, %d : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return %r : tensor<?xi64>
}

// A small integer operand of an op that says its sizes itself.
// CHECK-LABEL: @non_zero
// CHECK: llm.size %arg1
// CHECK: llm.non_zero %arg0, %{{.*}} : (tensor<4xf32>, tensor<i64>)
func.func @non_zero(%x: tensor<4xf32>, %n: tensor<i64>) -> tensor<1x?xi64> attributes {llm.symbols = []} {
  %y = llm.non_zero %x, %n : (tensor<4xf32>, tensor<i64>) -> tensor<1x?xi64>
  return %y : tensor<1x?xi64>
}
