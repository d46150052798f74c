// RUN: lathe-opt --fold-shapes --cse --verify-canonical %s | FileCheck %s

#bt = affine_map<()[s0, s1] -> (s0, s1, 64)>
// CHECK-DAG: #[[HEADS:.*]] = affine_map<()[s0, s1] -> (s0, s1, 4, 16)>
// CHECK-DAG: #[[TOTAL:.*]] = affine_map<()[s0, s1, s2] -> (s1 + s2)>
// CHECK-DAG: #[[FLAT:.*]] = affine_map<()[s0, s1] -> (s0 * s1, 64)>

// What exporters write for view(batch, tokens, -1, 16).
// CHECK-LABEL: @reshape_from_shape
// CHECK: %[[SHAPE:.*]] = llm.dims #[[HEADS]]
// CHECK-NOT: llm.shape_of
// CHECK: llm.reshape %arg0, %[[SHAPE]] {{.*}} -> tensor<?x?x4x16xf32>
func.func @reshape_from_shape(%x: tensor<?x?x64xf32> {llm.dims = #bt}) -> tensor<?x?x?x16xf32> attributes {llm.symbols = ["batch", "tokens"]} {
  %s = llm.shape_of %x : (tensor<?x?x64xf32>) -> tensor<3xi64>
  %i0 = llm.constant dense<0> : tensor<i64>
  %i1 = llm.constant dense<1> : tensor<1xi64>
  %rest = llm.constant dense<[-1, 16]> : tensor<2xi64>
  %b = llm.gather %s, %i0 {axis = 0 : i64} : (tensor<3xi64>, tensor<i64>) -> tensor<i64>
  %b1 = llm.unsqueeze %b {axes = array<i64: 0>} : (tensor<i64>) -> tensor<1xi64>
  %t = llm.gather %s, %i1 {axis = 0 : i64} : (tensor<3xi64>, tensor<1xi64>) -> tensor<1xi64>
  %shape = llm.concat %b1, %t, %rest {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<2xi64>) -> tensor<4xi64>
  %y = llm.reshape %x, %shape : (tensor<?x?x64xf32>, tensor<4xi64>) -> tensor<?x?x?x16xf32>
  return %y : tensor<?x?x?x16xf32>
}

// A scalar is a squeezed llm.dims, an i32 one cast once more.
// CHECK-LABEL: @scalar
// CHECK: %[[D:.*]] = llm.dims #[[TOTAL]] : tensor<1xi64>
// CHECK: %[[S:.*]] = llm.squeeze %[[D]]
// CHECK: %[[C:.*]] = llm.cast %[[S]] : (tensor<i64>) -> tensor<i32>
// CHECK: return %[[C]]
func.func @scalar(%x: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, s1)>}, %p: tensor<?x?xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, s2)>})
    -> tensor<i32> attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %i1 = llm.constant dense<1> : tensor<i64>
  %sx = llm.shape_of %x : (tensor<?x?xi64>) -> tensor<2xi64>
  %sp = llm.shape_of %p : (tensor<?x?xf32>) -> tensor<2xi64>
  %t = llm.gather %sx, %i1 {axis = 0 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %past = llm.gather %sp, %i1 {axis = 0 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %n = llm.add %past, %t : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %n32 = llm.cast %n : (tensor<i64>) -> tensor<i32>
  return %n32 : tensor<i32>
}

// Where(shape == -1, 1, shape): sizes are never negative. -1 in a reshape is what remains.
// CHECK-LABEL: @select_and_rest
// CHECK: %[[SHAPE:.*]] = llm.dims #[[FLAT]]
// CHECK: llm.reshape %arg0, %[[SHAPE]] {{.*}} -> tensor<?x64xf32>
func.func @select_and_rest(%x: tensor<?x?x64xf32> {llm.dims = #bt}) -> tensor<?x?xf32> attributes {llm.symbols = ["batch", "tokens"]} {
  %last = llm.constant dense<2> : tensor<1xi64>
  %minus = llm.constant dense<-1> : tensor<1xi64>
  %one = llm.constant dense<1> : tensor<1xi64>
  %s = llm.shape_of %x : (tensor<?x?x64xf32>) -> tensor<3xi64>
  %w = llm.gather %s, %last {axis = 0 : i64} : (tensor<3xi64>, tensor<1xi64>) -> tensor<1xi64>
  %c = llm.compare eq, %w, %minus : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi1>
  %v = llm.select %c, %one, %w : (tensor<1xi1>, tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %shape = llm.concat %minus, %v {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %y = llm.reshape %x, %shape : (tensor<?x?x64xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// The values of an input are not known, nor is a size that is the smaller of a number and a symbol.
// CHECK-LABEL: @left_alone
// CHECK: llm.reshape %arg0, %arg1
// CHECK: llm.slice {{.*}} -> tensor<?x8xf32>
func.func @left_alone(%x: tensor<?x?x64xf32> {llm.dims = #bt}, %shape: tensor<2xi64>, %table: tensor<256x8xf32>) -> (tensor<?x?xf32>, tensor<?x8xf32>)
    attributes {llm.symbols = ["batch", "tokens"]} {
  %y = llm.reshape %x, %shape : (tensor<?x?x64xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %zero = llm.constant dense<0> : tensor<1xi64>
  %t = llm.dims affine_map<()[s0, s1] -> (s1)> : tensor<1xi64>
  %rows = llm.slice %table, %zero, %t {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<256x8xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x8xf32>
  return %y, %rows : tensor<?x?xf32>, tensor<?x8xf32>
}
