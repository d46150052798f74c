// RUN: lathe-opt %s --fuse-moe --split-input-file | FileCheck %s

// Every expert computes the rows that chose it; their sum is the mixture.
// CHECK-LABEL: @whole
// CHECK-DAG: %[[G:.*]] = llm.concat %{{.*}}, %{{.*}} {axis = 0 : i64} : (tensor<8x4xf32>, tensor<8x4xf32>)
// CHECK-DAG: llm.concat %{{.*}}, %{{.*}} {axis = 0 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>)
// CHECK: %[[Y:.*]] = llm.moe %arg0, %arg1,
// CHECK-SAME: activation = #llm<activation silu>, normalize,
// CHECK-SAME: top = 2 : i64
// CHECK-NOT: llm.scatter_nd
// CHECK: return %[[Y]]
func.func @whole(%x: tensor<?x4xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, 4)>}, %l: tensor<?x2xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, 2)>}, %total0: tensor<i64> {llm.dims = affine_map<()[s0, s1, s2] -> ()>}, %total1: tensor<i64> {llm.dims = affine_map<()[s0, s1, s2] -> ()>}) -> tensor<?x4xf32>
    attributes {llm.symbols = ["rows", "hits0", "hits1"]} {
  %count0 = llm.size %total0 {symbol = "hits0"} : (tensor<i64>) -> tensor<i64>
  %count1 = llm.size %total1 {symbol = "hits1"} : (tensor<i64>) -> tensor<i64>
  %zero = llm.constant dense<0.0> : tensor<f32>
  %n0 = llm.constant dense<0> : tensor<1xi64>
  %n1 = llm.constant dense<1> : tensor<1xi64>
  %n2 = llm.constant dense<2> : tensor<1xi64>
  %numbers = llm.constant dense<[0, 1]> : tensor<2xi64>
  %shape = llm.dims affine_map<()[s0, s1, s2] -> (s0, 4)> : tensor<2xi64>
  %zeros = llm.expand %zero, %shape : (tensor<f32>, tensor<2xi64>) -> tensor<?x4xf32>
  %p = llm.softmax %l {axis = 1 : i64} : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %v, %i = llm.top_k %p, %n2 {axis = 1 : i64} : (tensor<?x2xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
  %sum = llm.reduce sum, %v {axes = array<i64: 1>, keep} : (tensor<?x2xf32>) -> tensor<?x1xf32>
  %w = llm.div %v, %sum : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %flatshape = llm.dims affine_map<()[s0, s1, s2] -> (s0 * 2, 1)> : tensor<2xi64>
  %flat = llm.reshape %w, %flatshape : (tensor<?x2xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %iu = llm.unsqueeze %i {axes = array<i64: 2>} : (tensor<?x2xi64>) -> tensor<?x2x1xi64>
  %hit = llm.compare eq, %iu, %numbers : (tensor<?x2x1xi64>, tensor<2xi64>) -> tensor<?x2x2xi1>
  %hits = llm.transpose %hit {permutation = array<i64: 2, 1, 0>} : (tensor<?x2x2xi1>) -> tensor<2x2x?xi1>
  %m0 = llm.slice %hits, %n0, %n1 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x2x?xi1>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x?xi1>
  %h0 = llm.squeeze %m0 {axes = array<i64: 0>} : (tensor<1x2x?xi1>) -> tensor<2x?xi1>
  %z0 = llm.non_zero %h0, %count0 : (tensor<2x?xi1>, tensor<i64>) -> tensor<2x?xi64>
  %s0 = llm.slice %z0, %n0, %n1 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x?xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x?xi64>
  %slot0 = llm.squeeze %s0 {axes = array<i64: 0>} : (tensor<1x?xi64>) -> tensor<?xi64>
  %t0 = llm.slice %z0, %n1, %n2 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x?xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x?xi64>
  %token0 = llm.squeeze %t0 {axes = array<i64: 0>} : (tensor<1x?xi64>) -> tensor<?xi64>
  %x0 = llm.gather %x, %token0 {axis = 0 : i64} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %gate0 = llm.weight @gate0 : tensor<8x4xf32>
  %up0 = llm.weight @up0 : tensor<8x4xf32>
  %down0 = llm.weight @down0 : tensor<4x8xf32>
  %g0 = llm.linear %x0, %gate0 : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %u0 = llm.linear %x0, %up0 : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %a0 = llm.glu silu, %g0, %u0 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %d0 = llm.linear %a0, %down0 : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %c0 = llm.mul %token0, %n2 : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %f0 = llm.add %c0, %slot0 : (tensor<?xi64>, tensor<?xi64>) -> tensor<?xi64>
  %w0 = llm.gather %flat, %f0 {axis = 0 : i64} : (tensor<?x1xf32>, tensor<?xi64>) -> tensor<?x1xf32>
  %r0 = llm.mul %d0, %w0 : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  %k0 = llm.unsqueeze %token0 {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %y0 = llm.scatter_nd %zeros, %k0, %r0 {reduction = "add"} : (tensor<?x4xf32>, tensor<?x1xi64>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %m1 = llm.slice %hits, %n1, %n2 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x2x?xi1>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x?xi1>
  %h1 = llm.squeeze %m1 {axes = array<i64: 0>} : (tensor<1x2x?xi1>) -> tensor<2x?xi1>
  %z1 = llm.non_zero %h1, %count1 : (tensor<2x?xi1>, tensor<i64>) -> tensor<2x?xi64>
  %s1 = llm.slice %z1, %n0, %n1 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x?xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x?xi64>
  %slot1 = llm.squeeze %s1 {axes = array<i64: 0>} : (tensor<1x?xi64>) -> tensor<?xi64>
  %t1 = llm.slice %z1, %n1, %n2 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x?xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x?xi64>
  %token1 = llm.squeeze %t1 {axes = array<i64: 0>} : (tensor<1x?xi64>) -> tensor<?xi64>
  %x1 = llm.gather %x, %token1 {axis = 0 : i64} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %gate1 = llm.weight @gate1 : tensor<8x4xf32>
  %up1 = llm.weight @up1 : tensor<8x4xf32>
  %down1 = llm.weight @down1 : tensor<4x8xf32>
  %g1 = llm.linear %x1, %gate1 : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %u1 = llm.linear %x1, %up1 : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %a1 = llm.glu silu, %g1, %u1 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %d1 = llm.linear %a1, %down1 : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %c1 = llm.mul %token1, %n2 : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %f1 = llm.add %c1, %slot1 : (tensor<?xi64>, tensor<?xi64>) -> tensor<?xi64>
  %w1 = llm.gather %flat, %f1 {axis = 0 : i64} : (tensor<?x1xf32>, tensor<?xi64>) -> tensor<?x1xf32>
  %r1 = llm.mul %d1, %w1 : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  %k1 = llm.unsqueeze %token1 {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %y1 = llm.scatter_nd %y0, %k1, %r1 {reduction = "add"} : (tensor<?x4xf32>, tensor<?x1xi64>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y1 : tensor<?x4xf32>
}

// -----

// The weights as they are.
// CHECK-LABEL: @probabilities
// CHECK: llm.moe
// CHECK-NOT: normalize
// CHECK: return
func.func @probabilities(%x: tensor<?x4xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, 4)>}, %l: tensor<?x2xf32> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, 2)>}, %total0: tensor<i64> {llm.dims = affine_map<()[s0, s1, s2] -> ()>}, %total1: tensor<i64> {llm.dims = affine_map<()[s0, s1, s2] -> ()>}) -> tensor<?x4xf32>
    attributes {llm.symbols = ["rows", "hits0", "hits1"]} {
  %count0 = llm.size %total0 {symbol = "hits0"} : (tensor<i64>) -> tensor<i64>
  %count1 = llm.size %total1 {symbol = "hits1"} : (tensor<i64>) -> tensor<i64>
  %zero = llm.constant dense<0.0> : tensor<f32>
  %n0 = llm.constant dense<0> : tensor<1xi64>
  %n1 = llm.constant dense<1> : tensor<1xi64>
  %n2 = llm.constant dense<2> : tensor<1xi64>
  %numbers = llm.constant dense<[0, 1]> : tensor<2xi64>
  %shape = llm.dims affine_map<()[s0, s1, s2] -> (s0, 4)> : tensor<2xi64>
  %zeros = llm.expand %zero, %shape : (tensor<f32>, tensor<2xi64>) -> tensor<?x4xf32>
  %p = llm.softmax %l {axis = 1 : i64} : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %v, %i = llm.top_k %p, %n2 {axis = 1 : i64} : (tensor<?x2xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
  %flatshape = llm.dims affine_map<()[s0, s1, s2] -> (s0 * 2, 1)> : tensor<2xi64>
  %flat = llm.reshape %v, %flatshape : (tensor<?x2xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %iu = llm.unsqueeze %i {axes = array<i64: 2>} : (tensor<?x2xi64>) -> tensor<?x2x1xi64>
  %hit = llm.compare eq, %iu, %numbers : (tensor<?x2x1xi64>, tensor<2xi64>) -> tensor<?x2x2xi1>
  %hits = llm.transpose %hit {permutation = array<i64: 2, 1, 0>} : (tensor<?x2x2xi1>) -> tensor<2x2x?xi1>
  %m0 = llm.slice %hits, %n0, %n1 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x2x?xi1>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x?xi1>
  %h0 = llm.squeeze %m0 {axes = array<i64: 0>} : (tensor<1x2x?xi1>) -> tensor<2x?xi1>
  %z0 = llm.non_zero %h0, %count0 : (tensor<2x?xi1>, tensor<i64>) -> tensor<2x?xi64>
  %s0 = llm.slice %z0, %n0, %n1 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x?xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x?xi64>
  %slot0 = llm.squeeze %s0 {axes = array<i64: 0>} : (tensor<1x?xi64>) -> tensor<?xi64>
  %t0 = llm.slice %z0, %n1, %n2 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x?xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x?xi64>
  %token0 = llm.squeeze %t0 {axes = array<i64: 0>} : (tensor<1x?xi64>) -> tensor<?xi64>
  %x0 = llm.gather %x, %token0 {axis = 0 : i64} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %gate0 = llm.weight @gate0 : tensor<8x4xf32>
  %up0 = llm.weight @up0 : tensor<8x4xf32>
  %down0 = llm.weight @down0 : tensor<4x8xf32>
  %g0 = llm.linear %x0, %gate0 : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %u0 = llm.linear %x0, %up0 : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %a0 = llm.glu silu, %g0, %u0 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %d0 = llm.linear %a0, %down0 : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %c0 = llm.mul %token0, %n2 : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %f0 = llm.add %c0, %slot0 : (tensor<?xi64>, tensor<?xi64>) -> tensor<?xi64>
  %w0 = llm.gather %flat, %f0 {axis = 0 : i64} : (tensor<?x1xf32>, tensor<?xi64>) -> tensor<?x1xf32>
  %r0 = llm.mul %d0, %w0 : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  %k0 = llm.unsqueeze %token0 {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %y0 = llm.scatter_nd %zeros, %k0, %r0 {reduction = "add"} : (tensor<?x4xf32>, tensor<?x1xi64>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %m1 = llm.slice %hits, %n1, %n2 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x2x?xi1>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x?xi1>
  %h1 = llm.squeeze %m1 {axes = array<i64: 0>} : (tensor<1x2x?xi1>) -> tensor<2x?xi1>
  %z1 = llm.non_zero %h1, %count1 : (tensor<2x?xi1>, tensor<i64>) -> tensor<2x?xi64>
  %s1 = llm.slice %z1, %n0, %n1 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x?xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x?xi64>
  %slot1 = llm.squeeze %s1 {axes = array<i64: 0>} : (tensor<1x?xi64>) -> tensor<?xi64>
  %t1 = llm.slice %z1, %n1, %n2 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x?xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x?xi64>
  %token1 = llm.squeeze %t1 {axes = array<i64: 0>} : (tensor<1x?xi64>) -> tensor<?xi64>
  %x1 = llm.gather %x, %token1 {axis = 0 : i64} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %gate1 = llm.weight @gate1 : tensor<8x4xf32>
  %up1 = llm.weight @up1 : tensor<8x4xf32>
  %down1 = llm.weight @down1 : tensor<4x8xf32>
  %g1 = llm.linear %x1, %gate1 : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %u1 = llm.linear %x1, %up1 : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %a1 = llm.glu silu, %g1, %u1 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %d1 = llm.linear %a1, %down1 : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %c1 = llm.mul %token1, %n2 : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %f1 = llm.add %c1, %slot1 : (tensor<?xi64>, tensor<?xi64>) -> tensor<?xi64>
  %w1 = llm.gather %flat, %f1 {axis = 0 : i64} : (tensor<?x1xf32>, tensor<?xi64>) -> tensor<?x1xf32>
  %r1 = llm.mul %d1, %w1 : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  %k1 = llm.unsqueeze %token1 {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %y1 = llm.scatter_nd %y0, %k1, %r1 {reduction = "add"} : (tensor<?x4xf32>, tensor<?x1xi64>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y1 : tensor<?x4xf32>
}
