// RUN: lathe-opt %s --select-kernels=target=cpu:x86-64-v3 --verify-selected | FileCheck %s

// Each op gets the kernel that computes it; weights stay where they are.
// CHECK-LABEL: @chain
// CHECK: %[[W:.*]] = llm.weight @w
// CHECK: %[[Y:.*]] = plan.group "linear"(%arg0, %[[W]])
// CHECK: llm.linear
// CHECK: %[[Z:.*]] = plan.group "softmax"(%[[Y]])
// CHECK: llm.softmax
// CHECK: %[[S:.*]] = plan.group "elementwise"(%[[Z]])
// CHECK: llm.mul
// CHECK: return %[[S]]
func.func @chain(%x: tensor<?x8xf32> {llm.name = "x", llm.dims = affine_map<()[s0] -> (s0, 8)>}) -> (tensor<?x4xf32> {llm.name = "y"}) attributes {llm.symbols = ["tokens"]} {
  %w = llm.weight @w : tensor<4x8xf32>
  %y = llm.linear %x, %w : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %z = llm.softmax %y {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %s = llm.mul %z, %z : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// A chain of pointwise ops is one launch.
// CHECK-LABEL: @pointwise
// CHECK: plan.group "elementwise"(%arg0)
// CHECK: llm.exp
// CHECK: llm.neg
// CHECK-NOT: plan.group
// CHECK: return
func.func @pointwise(%x: tensor<?xf32> {llm.name = "x", llm.dims = affine_map<()[s0] -> (s0)>}) -> (tensor<?xf32> {llm.name = "y"}) attributes {llm.symbols = ["tokens"]} {
  %y = llm.exp %x : (tensor<?xf32>) -> tensor<?xf32>
  %z = llm.neg %y : (tensor<?xf32>) -> tensor<?xf32>
  return %z : tensor<?xf32>
}

// Views need no kernel.
// CHECK-LABEL: @view
// CHECK-NOT: plan.group
// CHECK: %[[V:.*]] = llm.unsqueeze %arg0
// CHECK-NEXT: %[[Y:.*]] = plan.group "softmax"(%[[V]])
// CHECK: return %[[Y]]
func.func @view(%x: tensor<?xf32> {llm.name = "x", llm.dims = affine_map<()[s0] -> (s0)>}) -> (tensor<?x1xf32> {llm.name = "y"}) attributes {llm.symbols = ["tokens"]} {
  %v = llm.unsqueeze %x {axes = array<i64: 1>} : (tensor<?xf32>) -> tensor<?x1xf32>
  %y = llm.softmax %v {axis = 0 : i64} : (tensor<?x1xf32>) -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}
