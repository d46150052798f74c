// RUN: lathe-opt %s --fuse-rope --split-input-file | FileCheck %s

// Frequencies that are no powers of a base stay an operand; positions of one row serve the whole batch.
// CHECK-LABEL: @scaled_frequencies
// CHECK-DAG: %[[F:.*]] = llm.constant dense<[1.000000e+00, 1.000000e-01, 1.250000e-03]> : tensor<3xf32>
// CHECK-DAG: %[[P:.*]] = llm.positions #{{.*}} : tensor<?x?xi64>
// CHECK: llm.rope %arg0, %[[P]], %[[F]] {dims = 6 : i64
func.func @scaled_frequencies(%x: tensor<?x?x2x6xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, s1, 2, 6)>}) -> tensor<?x?x2x6xf32>
    attributes {llm.symbols = ["batch", "tokens"]} {
  %f = llm.constant dense<[1.0, 0.1, 0.00125]> : tensor<3xf32>
  %p = llm.positions affine_map<()[s0, s1] -> (1, s1, 0)> : tensor<1x?xi64>
  %0 = llm.constant dense<0> : tensor<1xi64>
  %3 = llm.constant dense<3> : tensor<1xi64>
  %6 = llm.constant dense<6> : tensor<1xi64>
  %n = llm.cast %p : (tensor<1x?xi64>) -> tensor<1x?xf32>
  %u = llm.unsqueeze %n {axes = array<i64: 2, 3>} : (tensor<1x?xf32>) -> tensor<1x?x1x1xf32>
  %a = llm.mul %u, %f : (tensor<1x?x1x1xf32>, tensor<3xf32>) -> tensor<1x?x1x3xf32>
  %c0 = llm.cos %a : (tensor<1x?x1x3xf32>) -> tensor<1x?x1x3xf32>
  %s0 = llm.sin %a : (tensor<1x?x1x3xf32>) -> tensor<1x?x1x3xf32>
  %c = llm.concat %c0, %c0 {axis = 3 : i64} : (tensor<1x?x1x3xf32>, tensor<1x?x1x3xf32>) -> tensor<1x?x1x6xf32>
  %s = llm.concat %s0, %s0 {axis = 3 : i64} : (tensor<1x?x1x3xf32>, tensor<1x?x1x3xf32>) -> tensor<1x?x1x6xf32>
  %xc = llm.mul %x, %c : (tensor<?x?x2x6xf32>, tensor<1x?x1x6xf32>) -> tensor<?x?x2x6xf32>
  %x1 = llm.slice %x, %0, %3 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x?x2x6xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x3xf32>
  %x2 = llm.slice %x, %3, %6 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x?x2x6xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x3xf32>
  %m = llm.neg %x2 : (tensor<?x?x2x3xf32>) -> tensor<?x?x2x3xf32>
  %r = llm.concat %m, %x1 {axis = 3 : i64} : (tensor<?x?x2x3xf32>, tensor<?x?x2x3xf32>) -> tensor<?x?x2x6xf32>
  %rs = llm.mul %r, %s : (tensor<?x?x2x6xf32>, tensor<1x?x1x6xf32>) -> tensor<?x?x2x6xf32>
  %y = llm.add %xc, %rs : (tensor<?x?x2x6xf32>, tensor<?x?x2x6xf32>) -> tensor<?x?x2x6xf32>
  return %y : tensor<?x?x2x6xf32>
}

// -----

// A table with a column for each element: its halves may differ, so this is left alone.
// CHECK-LABEL: @whole_table
// CHECK-NOT: llm.rope
// CHECK: return
func.func @whole_table(%x: tensor<?x?x2x4xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>},
                       %p: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1] -> (s0, s1)>}) -> tensor<?x?x2x4xf32>
    attributes {llm.symbols = ["batch", "tokens"]} {
  %tc = llm.weight @cosines : tensor<64x4xf32>
  %ts = llm.weight @sines : tensor<64x4xf32>
  %0 = llm.constant dense<0> : tensor<1xi64>
  %2 = llm.constant dense<2> : tensor<1xi64>
  %4 = llm.constant dense<4> : tensor<1xi64>
  %gc = llm.gather %tc, %p {axis = 0 : i64} : (tensor<64x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %gs = llm.gather %ts, %p {axis = 0 : i64} : (tensor<64x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %c = llm.unsqueeze %gc {axes = array<i64: 2>} : (tensor<?x?x4xf32>) -> tensor<?x?x1x4xf32>
  %s = llm.unsqueeze %gs {axes = array<i64: 2>} : (tensor<?x?x4xf32>) -> tensor<?x?x1x4xf32>
  %xc = llm.mul %x, %c : (tensor<?x?x2x4xf32>, tensor<?x?x1x4xf32>) -> tensor<?x?x2x4xf32>
  %x1 = llm.slice %x, %0, %2 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %x2 = llm.slice %x, %2, %4 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %m = llm.neg %x2 : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %r = llm.concat %m, %x1 {axis = 3 : i64} : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x4xf32>
  %rs = llm.mul %r, %s : (tensor<?x?x2x4xf32>, tensor<?x?x1x4xf32>) -> tensor<?x?x2x4xf32>
  %y = llm.add %xc, %rs : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  return %y : tensor<?x?x2x4xf32>
}

// -----

// A number where the rotated tensor belongs.
// CHECK-LABEL: @scalar_factor
// CHECK-NOT: llm.rope
// CHECK: return
func.func @scalar_factor(%x: tensor<?x?x2x4xf32>, %s: tensor<?x?x1x4xf32>) -> tensor<?x?x2x4xf32> {
  %f = llm.constant dense<3.0> : tensor<f32>
  %0 = llm.constant dense<0> : tensor<1xi64>
  %2 = llm.constant dense<2> : tensor<1xi64>
  %4 = llm.constant dense<4> : tensor<1xi64>
  %x1 = llm.slice %x, %0, %2 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %x2 = llm.slice %x, %2, %4 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %m = llm.neg %x2 : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %r = llm.concat %m, %x1 {axis = 3 : i64} : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x4xf32>
  %rs = llm.mul %r, %s : (tensor<?x?x2x4xf32>, tensor<?x?x1x4xf32>) -> tensor<?x?x2x4xf32>
  %xc = llm.mul %s, %f : (tensor<?x?x1x4xf32>, tensor<f32>) -> tensor<?x?x1x4xf32>
  %y = llm.add %rs, %xc : (tensor<?x?x2x4xf32>, tensor<?x?x1x4xf32>) -> tensor<?x?x2x4xf32>
  return %y : tensor<?x?x2x4xf32>
}
