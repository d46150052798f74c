// RUN: lathe-opt %s --merge-linears --split-input-file | FileCheck %s

// gate and up of a glu: gate's rows first, whatever the order of the ops.
// CHECK-LABEL: @glu
// CHECK-DAG: %[[GATE:.*]] = llm.weight @gate
// CHECK-DAG: %[[UP:.*]] = llm.weight @up
// CHECK: %[[BOTH:.*]] = llm.concat %[[GATE]], %[[UP]] {axis = 0 : i64}
// CHECK: %[[LINEAR:.*]] = llm.linear %arg0, %[[BOTH]]
// CHECK-SAME: tensor<?x?x32xf32>
// CHECK: llm.glu silu, %[[LINEAR]]
// CHECK-NOT: llm.linear
func.func @glu(%x: tensor<?x?x8xf32>) -> tensor<?x?x16xf32> {
  %u = llm.weight @up : tensor<16x8xf32>
  %ul = llm.linear %x, %u : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  %g = llm.weight @gate : tensor<16x8xf32>
  %gl = llm.linear %x, %g : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  %y = llm.glu silu, %gl, %ul : (tensor<?x?x16xf32>, tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return %y : tensor<?x?x16xf32>
}

// -----

// q, k and v: slices of one linear.
// CHECK-LABEL: @qkv
// CHECK: %[[W:.*]] = llm.concat
// CHECK-SAME: -> tensor<16x8x!llm.block<q4_1>>
// CHECK: %[[ALL:.*]] = llm.linear %arg0, %[[W]]
// CHECK: %[[Q:.*]] = llm.slice %[[ALL]]
// CHECK-SAME: -> tensor<?x?x8xf32>
// CHECK: %[[K:.*]] = llm.slice %[[ALL]]
// CHECK: %[[V:.*]] = llm.slice %[[ALL]]
// CHECK: return %[[Q]], %[[K]], %[[V]]
func.func @qkv(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  %wq = llm.weight @q : tensor<8x8x!llm.block<q4_1>>
  %wk = llm.weight @k : tensor<4x8x!llm.block<q4_1>>
  %wv = llm.weight @v : tensor<4x8x!llm.block<q4_1>>
  %q = llm.linear %x, %wq : (tensor<?x?x8xf32>, tensor<8x8x!llm.block<q4_1>>) -> tensor<?x?x8xf32>
  %k = llm.linear %x, %wk : (tensor<?x?x8xf32>, tensor<4x8x!llm.block<q4_1>>) -> tensor<?x?x4xf32>
  %v = llm.linear %x, %wv : (tensor<?x?x8xf32>, tensor<4x8x!llm.block<q4_1>>) -> tensor<?x?x4xf32>
  return %q, %k, %v : tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>
}

// -----

// Another element type, or a bias on one alone: left as they are.
// CHECK-LABEL: @different
// CHECK-NOT: llm.concat
// CHECK: return
func.func @different(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %wq = llm.weight @q : tensor<8x8xf32>
  %wk = llm.weight @k : tensor<4x8x!llm.block<q8_0>>
  %wv = llm.weight @v : tensor<4x8xf32>
  %b = llm.weight @b : tensor<4xf32>
  %q = llm.linear %x, %wq : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %k = llm.linear %x, %wk : (tensor<?x8xf32>, tensor<4x8x!llm.block<q8_0>>) -> tensor<?x4xf32>
  %v = llm.linear %x, %wv, %b : (tensor<?x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %q, %k, %v : tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// Biases that are constants are stacked right away; one that is a weight is not mixed with them.
// CHECK-LABEL: @biases
// CHECK: %[[B:.*]] = llm.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]> : tensor<4xf32>
// CHECK: llm.linear %arg0, %{{.*}}, %[[B]]
// CHECK-SAME: tensor<?x4xf32>
// CHECK: %[[W:.*]] = llm.weight @b
// CHECK: llm.linear %arg0, %{{.*}}, %[[W]]
func.func @biases(%x: tensor<?x8xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>) {
  %wq = llm.weight @q : tensor<2x8xf32>
  %wk = llm.weight @k : tensor<2x8xf32>
  %wv = llm.weight @v : tensor<2x8xf32>
  %bq = llm.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %q = llm.linear %x, %wq, %bq : (tensor<?x8xf32>, tensor<2x8xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  %bk = llm.constant dense<[3.0, 4.0]> : tensor<2xf32>
  %k = llm.linear %x, %wk, %bk : (tensor<?x8xf32>, tensor<2x8xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  %bv = llm.weight @b : tensor<2xf32>
  %v = llm.linear %x, %wv, %bv : (tensor<?x8xf32>, tensor<2x8xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  return %q, %k, %v : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>
}
