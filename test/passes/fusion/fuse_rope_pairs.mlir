// RUN: lathe-opt %s --fuse-rope --split-input-file | FileCheck %s

// Rotations that are read off what each column is computed to. 10000^(-1/2) = 0.01.

// Neighbours are a pair; even and odd columns are turned apart and stacked again: (e cos - o sin, o cos + e sin), a product of complex numbers.
// CHECK-LABEL: @stacked_pairs
// CHECK: %[[R:.*]] = llm.rope %arg0, %arg1 {dims = 4 : i64, interleaved
// CHECK-NEXT: return %[[R]]
func.func @stacked_pairs(%x: tensor<?x?x2x4xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>},
    %p: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1] -> (s0, s1)>}) -> tensor<?x?x2x4xf32> attributes {llm.symbols = ["batch", "tokens"]} {
  %f = llm.constant dense<[1.0, 0.01]> : tensor<2xf32>
  %u = llm.unsqueeze %p {axes = array<i64: 2, 3>} : (tensor<?x?xi64>) -> tensor<?x?x1x1xi64>
  %n = llm.cast %u : (tensor<?x?x1x1xi64>) -> tensor<?x?x1x1xf32>
  %a = llm.mul %n, %f : (tensor<?x?x1x1xf32>, tensor<2xf32>) -> tensor<?x?x1x2xf32>
  %c = llm.cos %a : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2xf32>
  %s = llm.sin %a : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2xf32>
  %0 = llm.constant dense<0> : tensor<1xi64>
  %1 = llm.constant dense<1> : tensor<1xi64>
  %4 = llm.constant dense<4> : tensor<1xi64>
  %e = llm.slice %x, %0, %4 {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %o = llm.slice %x, %1, %4 {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %ec = llm.mul %e, %c : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %os = llm.mul %o, %s : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %oc = llm.mul %o, %c : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %es = llm.mul %e, %s : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %re = llm.sub %ec, %os : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %im = llm.add %oc, %es : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %re5 = llm.unsqueeze %re {axes = array<i64: 4>} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2x1xf32>
  %im5 = llm.unsqueeze %im {axes = array<i64: 4>} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2x1xf32>
  %j = llm.concat %re5, %im5 {axis = 4 : i64} : (tensor<?x?x2x2x1xf32>, tensor<?x?x2x2x1xf32>) -> tensor<?x?x2x2x2xf32>
  %d = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %y = llm.reshape %j, %d : (tensor<?x?x2x2x2xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  return %y : tensor<?x?x2x4xf32>
}

// -----

// x cos + (-o, e) sin with every cosine repeated for its pair, by an expand.
// CHECK-LABEL: @repeated_angles
// CHECK: %[[R:.*]] = llm.rope %arg0, %arg1 {dims = 4 : i64, interleaved
// CHECK-NEXT: return %[[R]]
func.func @repeated_angles(%x: tensor<?x?x2x4xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>},
    %p: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1] -> (s0, s1)>}) -> tensor<?x?x2x4xf32> attributes {llm.symbols = ["batch", "tokens"]} {
  %f = llm.constant dense<[1.0, 0.01]> : tensor<2xf32>
  %u = llm.unsqueeze %p {axes = array<i64: 2, 3>} : (tensor<?x?xi64>) -> tensor<?x?x1x1xi64>
  %n = llm.cast %u : (tensor<?x?x1x1xi64>) -> tensor<?x?x1x1xf32>
  %a = llm.mul %n, %f : (tensor<?x?x1x1xf32>, tensor<2xf32>) -> tensor<?x?x1x2xf32>
  %c = llm.cos %a : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2xf32>
  %s = llm.sin %a : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2xf32>
  %0 = llm.constant dense<0> : tensor<1xi64>
  %1 = llm.constant dense<1> : tensor<1xi64>
  %4 = llm.constant dense<4> : tensor<1xi64>
  %e = llm.slice %x, %0, %4 {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %o = llm.slice %x, %1, %4 {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %d2 = llm.dims affine_map<()[s0, s1] -> (s0, s1, 1, 2, 2)> : tensor<5xi64>
  %d4 = llm.dims affine_map<()[s0, s1] -> (s0, s1, 1, 4)> : tensor<4xi64>
  %c1 = llm.unsqueeze %c {axes = array<i64: 4>} : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2x1xf32>
  %c2 = llm.expand %c1, %d2 : (tensor<?x?x1x2x1xf32>, tensor<5xi64>) -> tensor<?x?x1x2x2xf32>
  %c4 = llm.reshape %c2, %d4 : (tensor<?x?x1x2x2xf32>, tensor<4xi64>) -> tensor<?x?x1x4xf32>
  %s1 = llm.unsqueeze %s {axes = array<i64: 4>} : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2x1xf32>
  %s2 = llm.expand %s1, %d2 : (tensor<?x?x1x2x1xf32>, tensor<5xi64>) -> tensor<?x?x1x2x2xf32>
  %s4 = llm.reshape %s2, %d4 : (tensor<?x?x1x2x2xf32>, tensor<4xi64>) -> tensor<?x?x1x4xf32>
  %m = llm.neg %o : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %m5 = llm.unsqueeze %m {axes = array<i64: 4>} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2x1xf32>
  %e5 = llm.unsqueeze %e {axes = array<i64: 4>} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2x1xf32>
  %j = llm.concat %m5, %e5 {axis = 4 : i64} : (tensor<?x?x2x2x1xf32>, tensor<?x?x2x2x1xf32>) -> tensor<?x?x2x2x2xf32>
  %d = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %t = llm.reshape %j, %d : (tensor<?x?x2x2x2xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %xc = llm.mul %x, %c4 : (tensor<?x?x2x4xf32>, tensor<?x?x1x4xf32>) -> tensor<?x?x2x4xf32>
  %ts = llm.mul %t, %s4 : (tensor<?x?x2x4xf32>, tensor<?x?x1x4xf32>) -> tensor<?x?x2x4xf32>
  %y = llm.add %xc, %ts : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  return %y : tensor<?x?x2x4xf32>
}

// -----

// (e cos + o sin, o cos - e sin) turns the other way; (e cos - o sin, o cos + e cos) does not turn; one pair's halves by different angles: none is a rope.
// CHECK-LABEL: @other_way
// CHECK-NOT: llm.rope
// CHECK: return
func.func @other_way(%x: tensor<?x?x2x4xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>},
    %p: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1] -> (s0, s1)>}) -> tensor<?x?x2x4xf32> attributes {llm.symbols = ["batch", "tokens"]} {
  %f = llm.constant dense<[1.0, 0.01]> : tensor<2xf32>
  %u = llm.unsqueeze %p {axes = array<i64: 2, 3>} : (tensor<?x?xi64>) -> tensor<?x?x1x1xi64>
  %n = llm.cast %u : (tensor<?x?x1x1xi64>) -> tensor<?x?x1x1xf32>
  %a = llm.mul %n, %f : (tensor<?x?x1x1xf32>, tensor<2xf32>) -> tensor<?x?x1x2xf32>
  %c = llm.cos %a : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2xf32>
  %s = llm.sin %a : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2xf32>
  %0 = llm.constant dense<0> : tensor<1xi64>
  %1 = llm.constant dense<1> : tensor<1xi64>
  %4 = llm.constant dense<4> : tensor<1xi64>
  %e = llm.slice %x, %0, %4 {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %o = llm.slice %x, %1, %4 {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %ec = llm.mul %e, %c : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %os = llm.mul %o, %s : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %oc = llm.mul %o, %c : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %es = llm.mul %e, %s : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %re = llm.add %ec, %os : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %im = llm.sub %oc, %es : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %re5 = llm.unsqueeze %re {axes = array<i64: 4>} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2x1xf32>
  %im5 = llm.unsqueeze %im {axes = array<i64: 4>} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2x1xf32>
  %j = llm.concat %re5, %im5 {axis = 4 : i64} : (tensor<?x?x2x2x1xf32>, tensor<?x?x2x2x1xf32>) -> tensor<?x?x2x2x2xf32>
  %d = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %y = llm.reshape %j, %d : (tensor<?x?x2x2x2xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  return %y : tensor<?x?x2x4xf32>
}

// -----

// CHECK-LABEL: @no_sine
// CHECK-NOT: llm.rope
// CHECK: return
func.func @no_sine(%x: tensor<?x?x2x4xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>},
    %p: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1] -> (s0, s1)>}) -> tensor<?x?x2x4xf32> attributes {llm.symbols = ["batch", "tokens"]} {
  %f = llm.constant dense<[1.0, 0.01]> : tensor<2xf32>
  %u = llm.unsqueeze %p {axes = array<i64: 2, 3>} : (tensor<?x?xi64>) -> tensor<?x?x1x1xi64>
  %n = llm.cast %u : (tensor<?x?x1x1xi64>) -> tensor<?x?x1x1xf32>
  %a = llm.mul %n, %f : (tensor<?x?x1x1xf32>, tensor<2xf32>) -> tensor<?x?x1x2xf32>
  %c = llm.cos %a : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2xf32>
  %s = llm.sin %a : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2xf32>
  %0 = llm.constant dense<0> : tensor<1xi64>
  %1 = llm.constant dense<1> : tensor<1xi64>
  %4 = llm.constant dense<4> : tensor<1xi64>
  %e = llm.slice %x, %0, %4 {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %o = llm.slice %x, %1, %4 {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %ec = llm.mul %e, %c : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %os = llm.mul %o, %s : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %oc = llm.mul %o, %c : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %es = llm.mul %e, %c : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %re = llm.sub %ec, %os : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %im = llm.add %oc, %es : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %re5 = llm.unsqueeze %re {axes = array<i64: 4>} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2x1xf32>
  %im5 = llm.unsqueeze %im {axes = array<i64: 4>} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2x1xf32>
  %j = llm.concat %re5, %im5 {axis = 4 : i64} : (tensor<?x?x2x2x1xf32>, tensor<?x?x2x2x1xf32>) -> tensor<?x?x2x2x2xf32>
  %d = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %y = llm.reshape %j, %d : (tensor<?x?x2x2x2xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  return %y : tensor<?x?x2x4xf32>
}

// -----

// CHECK-LABEL: @two_angles
// CHECK-NOT: llm.rope
// CHECK: return
func.func @two_angles(%x: tensor<?x?x2x4xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, s1, 2, 4)>},
    %p: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1] -> (s0, s1)>}) -> tensor<?x?x2x4xf32> attributes {llm.symbols = ["batch", "tokens"]} {
  %f = llm.constant dense<[1.0, 0.01]> : tensor<2xf32>
  %u = llm.unsqueeze %p {axes = array<i64: 2, 3>} : (tensor<?x?xi64>) -> tensor<?x?x1x1xi64>
  %n = llm.cast %u : (tensor<?x?x1x1xi64>) -> tensor<?x?x1x1xf32>
  %a = llm.mul %n, %f : (tensor<?x?x1x1xf32>, tensor<2xf32>) -> tensor<?x?x1x2xf32>
  %c = llm.cos %a : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2xf32>
  %s = llm.sin %a : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2xf32>
  %g = llm.constant dense<[1.0, 0.02]> : tensor<2xf32>
  %b = llm.mul %n, %g : (tensor<?x?x1x1xf32>, tensor<2xf32>) -> tensor<?x?x1x2xf32>
  %k = llm.cos %b : (tensor<?x?x1x2xf32>) -> tensor<?x?x1x2xf32>
  %0 = llm.constant dense<0> : tensor<1xi64>
  %1 = llm.constant dense<1> : tensor<1xi64>
  %4 = llm.constant dense<4> : tensor<1xi64>
  %e = llm.slice %x, %0, %4 {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %o = llm.slice %x, %1, %4 {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<?x?x2x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x2x2xf32>
  %ec = llm.mul %e, %c : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %os = llm.mul %o, %s : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %oc = llm.mul %o, %k : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %es = llm.mul %e, %s : (tensor<?x?x2x2xf32>, tensor<?x?x1x2xf32>) -> tensor<?x?x2x2xf32>
  %re = llm.sub %ec, %os : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %im = llm.add %oc, %es : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %re5 = llm.unsqueeze %re {axes = array<i64: 4>} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2x1xf32>
  %im5 = llm.unsqueeze %im {axes = array<i64: 4>} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2x1xf32>
  %j = llm.concat %re5, %im5 {axis = 4 : i64} : (tensor<?x?x2x2x1xf32>, tensor<?x?x2x2x1xf32>) -> tensor<?x?x2x2x2xf32>
  %d = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %y = llm.reshape %j, %d : (tensor<?x?x2x2x2xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  return %y : tensor<?x?x2x4xf32>
}
