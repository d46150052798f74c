// RUN: lathe-opt %s --select-kernels=target=cpu:x86-64-v3 --schedule-launches --place-buffers --verify-placed | FileCheck %s

// Of three values between four launches the first and the third never live at once: they share a slot.
// CHECK: plan.program @forward
// CHECK-SAME: slots = [#{{[a-z0-9]+}}, #{{[a-z0-9]+}}]}
// CHECK: plan.buffer{{ +}}scratch {{.*}}slot = [[FIRST:[01]]] : i64
// CHECK: plan.buffer{{ +}}scratch {{.*}}slot = [[SECOND:[01]]] : i64
// CHECK: plan.buffer{{ +}}scratch {{.*}}slot = [[FIRST]] : i64
// CHECK-NOT: slot =
func.func @forward(%x: tensor<?x4xf32> {llm.name = "x", llm.dims = affine_map<()[s0] -> (s0, 4)>}) -> (tensor<?x4xf32> {llm.name = "y"}) attributes {llm.symbols = ["tokens"]} {
  %a = llm.softmax %x {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %b = llm.softmax %a {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %c = llm.softmax %b {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %d = llm.softmax %c {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %d : tensor<?x4xf32>
}
