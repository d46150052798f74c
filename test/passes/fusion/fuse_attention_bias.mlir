// RUN: lathe-opt %s --fuse-attention --split-input-file | FileCheck %s

// A causal mask plus slope[h] * (s - 7), as a table of distances: slopes. The distance to the query is the same but for a number a row.
// CHECK-LABEL: @slopes
// CHECK: %[[S:.*]] = llm.constant dense<[5.000000e-01, 2.500000e-01]> : tensor<2xf32>
// CHECK: llm.attention %arg0, %arg1, %arg1, %[[S]] {causal, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 0>
func.func @slopes(%q: tensor<?x?x2x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, s1, 2, 8)>},
                  %kv: tensor<?x?x2x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, s1, 2, 8)>}) -> tensor<?x?x2x8xf32>
    attributes {llm.symbols = ["batch", "tokens"]} {
  %0 = llm.constant dense<0> : tensor<i64>
  %1 = llm.constant dense<1> : tensor<i64>
  %7 = llm.constant dense<7> : tensor<i64>
  %zero = llm.constant dense<0.0> : tensor<f32>
  %low = llm.constant dense<-3.40282347E+38> : tensor<f32>
  %each = llm.constant dense<[[[0.5]], [[0.25]]]> : tensor<2x1x1xf32>
  %n = llm.dims affine_map<()[s0, s1] -> (s1)> : tensor<1xi64>
  %tokens = llm.squeeze %n {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %s = llm.range %0, %tokens, %1 : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %t = llm.unsqueeze %s {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %c = llm.compare le, %s, %t : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %causal = llm.select %c, %zero, %low : (tensor<?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>
  %d = llm.sub %s, %7 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %f = llm.cast %d : (tensor<?xi64>) -> tensor<?xf32>
  %bias = llm.mul %each, %f : (tensor<2x1x1xf32>, tensor<?xf32>) -> tensor<2x1x?xf32>
  %mask = llm.add %bias, %causal : (tensor<2x1x?xf32>, tensor<?x?xf32>) -> tensor<2x?x?xf32>
  %y = llm.attention %q, %kv, %kv, %mask {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>} : (tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<2x?x?xf32>) -> tensor<?x?x2x8xf32>
  return %y : tensor<?x?x2x8xf32>
}

// -----

// The slope is of the key, not of the head; twice the distance; an element of a table that the query chooses: biases like any other.
// CHECK-LABEL: @no_slopes
// CHECK: llm.attention %arg0, %arg1, %arg1, %{{.*}} {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>
// CHECK: llm.attention %arg0, %arg1, %arg1, %{{.*}} {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>
// CHECK: llm.attention %arg0, %arg1, %arg1, %{{.*}} {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>
func.func @no_slopes(%q: tensor<1x4x4x8xf32>, %kv: tensor<1x4x4x8xf32>) -> (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>) {
  %each = llm.constant dense<[0.5, 0.25, 0.125, 0.3]> : tensor<4xf32>
  %s = llm.constant dense<[0.0, 1.0, 2.0, 3.0]> : tensor<4xf32>
  %s2 = llm.constant dense<[0.0, 2.0, 4.0, 6.0]> : tensor<4xf32>
  %h = llm.unsqueeze %each {axes = array<i64: 1, 2>} : (tensor<4xf32>) -> tensor<4x1x1xf32>
  %t = llm.unsqueeze %each {axes = array<i64: 1>} : (tensor<4xf32>) -> tensor<4x1xf32>
  %a = llm.mul %each, %s : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %b = llm.mul %h, %s2 : (tensor<4x1x1xf32>, tensor<4xf32>) -> tensor<4x1x4xf32>
  %c = llm.mul %t, %s : (tensor<4x1xf32>, tensor<4xf32>) -> tensor<4x4xf32>
  %x = llm.attention %q, %kv, %kv, %a {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>} : (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>, tensor<4xf32>) -> tensor<1x4x4x8xf32>
  %y = llm.attention %q, %kv, %kv, %b {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>} : (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>, tensor<4x1x4xf32>) -> tensor<1x4x4x8xf32>
  %z = llm.attention %q, %kv, %kv, %c {scale = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>} : (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>, tensor<4x4xf32>) -> tensor<1x4x4x8xf32>
  return %x, %y, %z : tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>
}
