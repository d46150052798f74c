// RUN: lathe-opt %s --fuse-rope --split-input-file | FileCheck %s

// cos and sin of positions x frequencies, halves joined before the cosine, over (batch, heads, tokens, headDim). 10000^(-1/2) = 0.01.
// CHECK-LABEL: @joined_halves
// CHECK: %[[X:.*]] = llm.transpose %arg0 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK: %[[R:.*]] = llm.rope %[[X]], %arg1 {dims = 4 : i64, factor = 2.000000e+00 : f32
// CHECK: %[[Y:.*]] = llm.transpose %[[R]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK: return %[[Y]]
func.func @joined_halves(%x: tensor<?x2x?x4xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 2, s1, 4)>},
                         %p: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1] -> (s0, s1)>}) -> tensor<?x2x?x4xf32>
    attributes {llm.symbols = ["batch", "tokens"]} {
  %f = llm.constant dense<[[[1.0], [0.01]]]> : tensor<1x2x1xf32>
  %two = llm.constant dense<2.0> : tensor<f32>
  %0 = llm.constant dense<0> : tensor<1xi64>
  %2 = llm.constant dense<2> : tensor<1xi64>
  %4 = llm.constant dense<4> : tensor<1xi64>
  %u = llm.unsqueeze %p {axes = array<i64: 1>} : (tensor<?x?xi64>) -> tensor<?x1x?xi64>
  %n = llm.cast %u : (tensor<?x1x?xi64>) -> tensor<?x1x?xf32>
  %a = llm.mul %n, %f : (tensor<?x1x?xf32>, tensor<1x2x1xf32>) -> tensor<?x2x?xf32>
  %t = llm.transpose %a {permutation = array<i64: 0, 2, 1>} : (tensor<?x2x?xf32>) -> tensor<?x?x2xf32>
  %j = llm.concat %t, %t {axis = 2 : i64} : (tensor<?x?x2xf32>, tensor<?x?x2xf32>) -> tensor<?x?x4xf32>
  %c0 = llm.cos %j : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %s0 = llm.sin %j : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %c1 = llm.mul %c0, %two : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %s1 = llm.mul %s0, %two : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %c = llm.unsqueeze %c1 {axes = array<i64: 1>} : (tensor<?x?x4xf32>) -> tensor<?x1x?x4xf32>
  %s = llm.unsqueeze %s1 {axes = array<i64: 1>} : (tensor<?x?x4xf32>) -> tensor<?x1x?x4xf32>
  %xc = llm.mul %x, %c : (tensor<?x2x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x2x?x4xf32>
  %x1 = llm.slice %x, %0, %2 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x2x?x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2x?x2xf32>
  %x2 = llm.slice %x, %2, %4 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x2x?x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2x?x2xf32>
  %m = llm.neg %x2 : (tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %r = llm.concat %m, %x1 {axis = 3 : i64} : (tensor<?x2x?x2xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x4xf32>
  %rs = llm.mul %s, %r : (tensor<?x1x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  %y = llm.add %rs, %xc : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %y : tensor<?x2x?x4xf32>
}

// -----

// The first four of six elements, in halves, over (batch, tokens, heads, headDim), by a cached table; the rest goes through.
// CHECK-LABEL: @table_and_partial
// CHECK-DAG: %[[C:.*]] = llm.weight @cosines
// CHECK-DAG: %[[S:.*]] = llm.weight @sines
// CHECK: %[[R:.*]] = llm.rope %arg0, %arg1, %[[C]], %[[S]] {dims = 4 : i64
// CHECK-NEXT: return %[[R]]
func.func @table_and_partial(%x: tensor<?x?x2x6xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, s1, 2, 6)>},
                             %p: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1] -> (s0, s1)>}) -> tensor<?x?x2x6xf32>
    attributes {llm.symbols = ["batch", "tokens"]} {
  %tc = llm.weight @cosines : tensor<64x2xf32>
  %ts = llm.weight @sines : tensor<64x2xf32>
  %0 = llm.constant dense<0> : tensor<1xi64>
  %2 = llm.constant dense<2> : tensor<1xi64>
  %4 = llm.constant dense<4> : tensor<1xi64>
  %6 = llm.constant dense<6> : tensor<1xi64>
  %gc = llm.gather %tc, %p {axis = 0 : i64} : (tensor<64x2xf32>, tensor<?x?xi64>) -> tensor<?x?x2xf32>
  %gs = llm.gather %ts, %p {axis = 0 : i64} : (tensor<64x2xf32>, tensor<?x?xi64>) -> tensor<?x?x2xf32>
  %c = llm.unsqueeze %gc {axes = array<i64: 2>} : (tensor<?x?x2xf32>) -> tensor<?x?x1x2xf32>
  %s = llm.unsqueeze %gs {axes = array<i64: 2>} : (tensor<?x?x2xf32>) -> tensor<?x?x1x2xf32>
  %x1 = llm.slice %x, %0, %2 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x?x2x6xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %x2 = llm.slice %x, %2, %4 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x?x2x6xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %x3 = llm.slice %x, %4, %6 {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x?x2x6xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %a = llm.mul %x1, %c : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %b = llm.mul %x2, %s : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %d = llm.mul %x2, %c : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %e = llm.mul %x1, %s : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %first = llm.sub %a, %b : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %second = llm.add %d, %e : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %r = llm.concat %first, %second {axis = 3 : i64} : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x4xf32>
  %y = llm.concat %r, %x3 {axis = 3 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x6xf32>
  return %y : tensor<?x?x2x6xf32>
}
