// RUN: lathe-opt --resolve-sizes %s | FileCheck %s

// A value that the inputs' sizes tell is no symbol; another size of the same value is the same symbol.
// CHECK: #[[KNOWN:.*]] = affine_map<()[s0, s1{{.*}}] -> (s0 * 3)>
// CHECK-LABEL: @known
// CHECK-NOT: llm.size
// CHECK: llm.broadcast_to {{.*}} {sizes = #[[KNOWN]]}
func.func @known(%x: tensor<?xf32> {llm.dims = affine_map<()[s0, s1] -> (s0)>}, %y: tensor<f32>) -> tensor<?xf32> attributes {llm.symbols = ["n", "u"]} {
  %s = llm.shape_of %x : (tensor<?xf32>) -> tensor<1xi64>
  %zero = llm.constant dense<0> : tensor<i64>
  %three = llm.constant dense<3> : tensor<i64>
  %n = llm.gather %s, %zero {axis = 0 : i64} : (tensor<1xi64>, tensor<i64>) -> tensor<i64>
  %m = llm.mul %n, %three : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %u = llm.size %m {symbol = "u"} : (tensor<i64>) -> tensor<i64>
  %r = llm.broadcast_to %y {sizes = affine_map<()[s0, s1] -> (s1)>} : (tensor<f32>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// CHECK-LABEL: @twice
// CHECK: llm.size %arg0 {symbol = "u"}
// CHECK-NOT: llm.size
func.func @twice(%n: tensor<i64>, %y: tensor<f32>) -> (tensor<?xf32>, tensor<?xf32>) attributes {llm.symbols = ["u", "v"]} {
  %u = llm.size %n {symbol = "u"} : (tensor<i64>) -> tensor<i64>
  %v = llm.size %n {symbol = "v"} : (tensor<i64>) -> tensor<i64>
  %a = llm.broadcast_to %y {sizes = affine_map<()[s0, s1] -> (s0)>} : (tensor<f32>) -> tensor<?xf32>
  %b = llm.broadcast_to %y {sizes = affine_map<()[s0, s1] -> (s1)>} : (tensor<f32>) -> tensor<?xf32>
  return %a, %b : tensor<?xf32>, tensor<?xf32>
}

// What nothing uses goes, and so does what it was computed from; a size with a use that only a shape shows stays.
// CHECK-LABEL: @unused
// CHECK-NOT: llm.add
// CHECK-NOT: symbol = "u"
// CHECK: llm.size {{.*}} {symbol = "v"}
// CHECK: llm.dims
func.func @unused(%n: tensor<i64>) -> tensor<1xi64> attributes {llm.symbols = ["u", "v"]} {
  %m = llm.add %n, %n : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %u = llm.size %m {symbol = "u"} : (tensor<i64>) -> tensor<i64>
  %v = llm.size %n {symbol = "v"} : (tensor<i64>) -> tensor<i64>
  %d = llm.dims affine_map<()[s0, s1] -> (s1)> : tensor<1xi64>
  return %d : tensor<1xi64>
}

// An error at run time stays one.
// CHECK-LABEL: @negative
// CHECK: llm.size
func.func @negative(%y: tensor<f32>) -> tensor<?xf32> attributes {llm.symbols = ["u"]} {
  %n = llm.constant dense<-1> : tensor<i64>
  %u = llm.size %n {symbol = "u"} : (tensor<i64>) -> tensor<i64>
  %a = llm.broadcast_to %y {sizes = affine_map<()[s0] -> (s0)>} : (tensor<f32>) -> tensor<?xf32>
  return %a : tensor<?xf32>
}
