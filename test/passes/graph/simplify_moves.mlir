// RUN: lathe-opt --simplify-graph %s | FileCheck %s

#bt = affine_map<()[s0, s1] -> (s0, s1, 8)>

// An expand that broadcasting does anyway goes; one that it does not sinks below the op.
// CHECK-LABEL: @expand
// CHECK: %[[A:.*]] = llm.add %arg0, %arg1
// CHECK: %[[N:.*]] = llm.neg %arg1
// CHECK: %[[E:.*]] = llm.expand %[[N]]
// CHECK: return %[[A]], %[[E]]
func.func @expand(%x: tensor<?x?x8xf32> {llm.dims = #bt}, %m: tensor<1x1x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>)
    attributes {llm.symbols = ["batch", "tokens"]} {
  %s = llm.dims #bt : tensor<3xi64>
  %e = llm.expand %m, %s : (tensor<1x1x8xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  %a = llm.add %x, %e : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %n = llm.neg %e : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %a, %n : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// CHECK-LABEL: @views
// CHECK: %[[U:.*]] = llm.unsqueeze %arg0 {axes = array<i64: 1>}
// CHECK: return %[[U]], %arg0
func.func @views(%x: tensor<?x?x8xf32> {llm.dims = #bt}) -> (tensor<?x1x?x8xf32>, tensor<?x?x8xf32>) attributes {llm.symbols = ["batch", "tokens"]} {
  %s4 = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %s1 = llm.dims affine_map<()[s0, s1] -> (s0, 1, s1, 8)> : tensor<4xi64>
  %s3 = llm.dims #bt : tensor<3xi64>
  %a = llm.reshape %x, %s4 : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %b = llm.reshape %a, %s1 : (tensor<?x?x2x4xf32>, tensor<4xi64>) -> tensor<?x1x?x8xf32>
  %c = llm.reshape %a, %s3 : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  return %b, %c : tensor<?x1x?x8xf32>, tensor<?x?x8xf32>
}

// A product over an inner size of 1 is a product of elements: position_ids times inverse frequencies.
// CHECK-LABEL: @outer_product
// CHECK: %[[M:.*]] = llm.mul %arg1, %arg0
// CHECK: return %[[M]]
func.func @outer_product(%p: tensor<?x1x?xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 1, s1)>}, %f: tensor<1x8x1xf32>) -> tensor<?x8x?xf32>
    attributes {llm.symbols = ["batch", "tokens"]} {
  %s = llm.dims affine_map<()[s0, s1] -> (s0, 8, 1)> : tensor<3xi64>
  %e = llm.expand %f, %s : (tensor<1x8x1xf32>, tensor<3xi64>) -> tensor<?x8x1xf32>
  %m = llm.matmul %e, %p : (tensor<?x8x1xf32>, tensor<?x1x?xf32>) -> tensor<?x8x?xf32>
  return %m : tensor<?x8x?xf32>
}

// Flattening around a matrix product, as Gemm needs it.
// CHECK-LABEL: @flattened
// CHECK: %[[W:.*]] = llm.weight @w
// CHECK: %[[L:.*]] = llm.linear %arg0, %[[W]] : (tensor<?x?x8xf32>, tensor<24x8xf32>) -> tensor<?x?x24xf32>
// CHECK: %[[A:.*]] = llm.add %[[L]], %arg1
// CHECK: return %[[A]]
func.func @flattened(%x: tensor<?x?x8xf32> {llm.dims = #bt}, %bias: tensor<24xf32>) -> tensor<?x?x24xf32> attributes {llm.symbols = ["batch", "tokens"]} {
  %w = llm.weight @w : tensor<24x8xf32>
  %s2 = llm.dims affine_map<()[s0, s1] -> (s0 * s1, 8)> : tensor<2xi64>
  %s3 = llm.dims affine_map<()[s0, s1] -> (s0, s1, 24)> : tensor<3xi64>
  %f = llm.reshape %x, %s2 : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %l = llm.linear %f, %w : (tensor<?x8xf32>, tensor<24x8xf32>) -> tensor<?x24xf32>
  %a = llm.add %l, %bias : (tensor<?x24xf32>, tensor<24xf32>) -> tensor<?x24xf32>
  %y = llm.reshape %a, %s3 : (tensor<?x24xf32>, tensor<3xi64>) -> tensor<?x?x24xf32>
  return %y : tensor<?x?x24xf32>
}

// CHECK-LABEL: @casts
// CHECK: %[[C:.*]] = llm.cast %arg1 : (tensor<8xf32>) -> tensor<8xf16>
// CHECK: %[[D:.*]] = llm.cast %[[C]]
// CHECK: return %arg0, %[[D]]
func.func @casts(%h: tensor<8xf16>, %f: tensor<8xf32>) -> (tensor<8xf16>, tensor<8xf32>) {
  %a = llm.cast %h : (tensor<8xf16>) -> tensor<8xf32>
  %b = llm.cast %a : (tensor<8xf32>) -> tensor<8xf16>
  %c = llm.cast %f : (tensor<8xf32>) -> tensor<8xf16>
  %d = llm.cast %c : (tensor<8xf16>) -> tensor<8xf32>
  return %b, %d : tensor<8xf16>, tensor<8xf32>
}

// CHECK-LABEL: @slices
// CHECK-DAG: %[[ONE:.*]] = llm.constant dense<1> : tensor<1xi64>
// CHECK-DAG: %[[THREE:.*]] = llm.constant dense<3> : tensor<1xi64>
// CHECK: %[[S:.*]] = llm.slice %arg0, %[[ONE]], %[[THREE]] {axes = array<i64: 2>
// CHECK: return %[[S]], %arg1
func.func @slices(%x: tensor<?x?x8xf32> {llm.dims = #bt}, %y: tensor<?x?x8xf32> {llm.dims = #bt}) -> (tensor<?x?x2xf32>, tensor<?x?x8xf32>)
    attributes {llm.symbols = ["batch", "tokens"]} {
  %zero = llm.constant dense<0> : tensor<1xi64>
  %one = llm.constant dense<1> : tensor<1xi64>
  %four = llm.constant dense<4> : tensor<1xi64>
  %minus = llm.constant dense<-1> : tensor<1xi64>
  %eight = llm.constant dense<8> : tensor<1xi64>
  %end = llm.constant dense<9223372036854775807> : tensor<1xi64>
  %c = llm.concat %x, %y {axis = 2 : i64} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x16xf32>
  %a = llm.slice %c, %zero, %four {axes = array<i64: 2>, steps = array<i64: 1>} : (tensor<?x?x16xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x4xf32>
  %b = llm.slice %a, %one, %minus {axes = array<i64: 2>, steps = array<i64: 1>} : (tensor<?x?x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2xf32>
  %d = llm.slice %c, %eight, %end {axes = array<i64: 2>, steps = array<i64: 1>} : (tensor<?x?x16xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x8xf32>
  return %b, %d : tensor<?x?x2xf32>, tensor<?x?x8xf32>
}

// The last token; a slice over both inputs of a concat, or past a symbolic size, stays.
// CHECK-LABEL: @gather
// CHECK: %[[S:.*]] = llm.slice %arg0, {{.*}} {axes = array<i64: 1>
// CHECK: %[[Q:.*]] = llm.squeeze %[[S]] {axes = array<i64: 1>}
// CHECK: %[[G:.*]] = llm.gather %arg0
// CHECK: return %[[Q]], %[[G]]
func.func @gather(%x: tensor<?x?x8xf32> {llm.dims = #bt}) -> (tensor<?x8xf32>, tensor<?x8xf32>) attributes {llm.symbols = ["batch", "tokens"]} {
  %last = llm.constant dense<-1> : tensor<i64>
  %third = llm.constant dense<3> : tensor<i64>
  %a = llm.gather %x, %last {axis = 1 : i64} : (tensor<?x?x8xf32>, tensor<i64>) -> tensor<?x8xf32>
  %b = llm.gather %x, %third {axis = 1 : i64} : (tensor<?x?x8xf32>, tensor<i64>) -> tensor<?x8xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}
