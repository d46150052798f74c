// RUN: lathe-opt %s --select-kernels=target=cpu:x86-64-v3 --schedule-launches --verify-scheduled | FileCheck %s
// RUN: lathe-opt %s --select-kernels=target=cpu:x86-64-v3 --schedule-launches --place-buffers --verify-placed | FileCheck %s --check-prefix=PLACED

// What needs no size that data decides comes first, whatever its place; then the size is read, then what needs it.
// CHECK: plan.program @forward ["n", "u"]
// CHECK: plan.launch "softmax"(%{{.*}}, %[[A:.*]])
// CHECK: plan.launch "softmax"(%[[A]], %[[LATE:.*]])
// CHECK: plan.size %{{.*}} "u"
// CHECK: plan.launch "box"
// CHECK: plan.launch "softmax"

// The value of the first stage that the last launch of the second reads has a slot of the first stage; what has the size u
// has one of the second, in a memory of its own.
// PLACED: plan.program @forward
// PLACED-SAME: slot_stages = array<i64: 0, 0, 1>
// PLACED-SAME: stage_pools = array<i64: 0, 1>
func.func @forward(%x: tensor<?x4xf32> {llm.name = "x", llm.dims = affine_map<()[s0, s1] -> (s0, 4)>},
                   %count: tensor<i64> {llm.name = "count", llm.dims = affine_map<()[s0, s1] -> ()>})
    -> (tensor<?x4xf32> {llm.name = "y"}, tensor<?x4xf32> {llm.name = "z"}) attributes {llm.symbols = ["n", "u"]} {
  %one = llm.constant dense<1> : tensor<i64>
  %more = llm.add %count, %one : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %u = llm.size %more {symbol = "u"} : (tensor<i64>) -> tensor<i64>
  %a = llm.softmax %x {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %b = llm.box %a {starts = affine_map<()[s0, s1] -> (0, 0)>, sizes = affine_map<()[s0, s1] -> (s1, 4)>, steps = array<i64: 1, 1>} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = llm.softmax %b {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %z = llm.softmax %a {axis = 0 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y, %z : tensor<?x4xf32>, tensor<?x4xf32>
}
