// RUN: lathe-opt %s --select-kernels=target=cpu:x86-64-v3 --schedule-launches | FileCheck %s

// Launches in order over buffers: the input, the result, the value between them; the weight with the piece it is packed from.
// CHECK: plan.program @forward ["tokens"]
// CHECK: %[[X:.*]] = plan.buffer{{ +}}input "x" f32
// CHECK: %[[Y:.*]] = plan.buffer{{ +}}output "y" f32
// CHECK: %[[W:.*]] = plan.weight "w" f32 4 x 8
// CHECK-SAME: name = "w"
// CHECK-SAME: rows = 4
// CHECK: %[[Z:.*]] = plan.buffer{{ +}}scratch
// CHECK: plan.launch "linear"(%[[X]], %[[W]], %[[Z]])
// CHECK-SAME: reads = 2
// CHECK-SAME: writes = 1
// CHECK: plan.launch "softmax"(%[[Z]], %[[Y]])
// CHECK-NOT: func.func
func.func @forward(%x: tensor<?x8xf32> {llm.name = "x", llm.dims = affine_map<()[s0] -> (s0, 8)>}) -> (tensor<?x4xf32> {llm.name = "y"}) attributes {llm.symbols = ["tokens"]} {
  %w = llm.weight @w : tensor<4x8xf32>
  %y = llm.linear %x, %w : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %z = llm.softmax %y {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}
