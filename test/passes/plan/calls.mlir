// RUN: lathe-opt %s --select-kernels=target=cpu:x86-64-v3 --verify-selected --schedule-launches --verify-scheduled --place-buffers --verify-placed | FileCheck %s

// A branch is a program of its own; what it gives is a buffer of the arena result, which the next stage reads. A view is
// copied before it is handed over, and so is a result that the function returns as it is.
// CHECK: plan.program @forward
// CHECK: %[[X:.*]] = plan.buffer{{ +}}input "x"
// CHECK: plan.launch "elementwise"(%[[X]], %[[COPY:.*]]) attributes
// CHECK: %[[R:.*]] = plan.buffer{{ +}}result
// CHECK: plan.if %{{.*}}, @twice, @same(%[[COPY]]) -> (%[[R]])
// CHECK: plan.launch "elementwise"(%[[R]], %{{.*}})
// CHECK: plan.program @twice
// CHECK: plan.program @same
func.func @forward(%x: tensor<?x2xf32> {llm.name = "x", llm.dims = affine_map<()[s0, s1] -> (s0, 2)>},
                   %c: tensor<i1> {llm.name = "c", llm.dims = affine_map<()[s0, s1] -> ()>})
    -> (tensor<?xf32> {llm.name = "y"}) attributes {llm.symbols = ["n", "u"]} {
  %shape = llm.dims affine_map<()[s0, s1] -> (s0 * 2)> : tensor<1xi64>
  %flat = llm.reshape %x, %shape : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?xf32>
  %y = llm.if %c, %flat {then = @twice, otherwise = @same, symbols = ["u"], sizes = [affine_map<()[s0, s1] -> (s1)>]}
      : (tensor<i1>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
func.func private @twice(%x: tensor<?xf32> {llm.name = "x", llm.dims = affine_map<()[s0, s1] -> (s0 * 2)>}) -> (tensor<?xf32> {llm.name = "y"}) attributes {llm.symbols = ["n", "u"]} {
  %y = llm.concat %x, %x {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
func.func private @same(%x: tensor<?xf32> {llm.name = "x", llm.dims = affine_map<()[s0, s1] -> (s0 * 2)>}) -> (tensor<?xf32> {llm.name = "y"}) attributes {llm.symbols = ["n", "u"]} {
  return %x : tensor<?xf32>
}
