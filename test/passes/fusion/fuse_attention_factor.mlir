// RUN: lathe-opt %s --fuse-attention --split-input-file | FileCheck %s

// Scores times a mask of 0 and 1, less 10000 where it is 0 (GPT-2 of 2019): the factor says nothing that the difference does not.
// CHECK-LABEL: @factor
// CHECK: llm.attention %{{.*}} {causal, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>
// CHECK-NOT: llm.softmax
func.func @factor(%q: tensor<?x4x?x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 4, s1, 8)>}, %k: tensor<?x4x8x?xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 4, 8, s1)>},
    %v: tensor<?x4x?x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 4, s1, 8)>}) -> tensor<?x4x?x8xf32> attributes {llm.symbols = ["batch", "tokens"]} {
  %0 = llm.constant dense<0> : tensor<i64>
  %1 = llm.constant dense<1> : tensor<i64>
  %one = llm.constant dense<1.0> : tensor<f32>
  %far = llm.constant dense<10000.0> : tensor<f32>
  %n = llm.dims affine_map<()[s0, s1] -> (s1)> : tensor<1xi64>
  %tokens = llm.squeeze %n {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %j = llm.range %0, %tokens, %1 : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %i = llm.unsqueeze %j {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %c = llm.compare le, %j, %i : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %d = llm.compare lt, %j, %i : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %b = llm.cast %c : (tensor<?x?xi1>) -> tensor<?x?xf32>
  %other = llm.cast %d : (tensor<?x?xi1>) -> tensor<?x?xf32>
  %s = llm.matmul %q, %k : (tensor<?x4x?x8xf32>, tensor<?x4x8x?xf32>) -> tensor<?x4x?x?xf32>
  %m = llm.mul %s, %b : (tensor<?x4x?x?xf32>, tensor<?x?xf32>) -> tensor<?x4x?x?xf32>
  %h = llm.sub %one, %b : (tensor<f32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %w = llm.mul %h, %far : (tensor<?x?xf32>, tensor<f32>) -> tensor<?x?xf32>
  %z = llm.sub %m, %w : (tensor<?x4x?x?xf32>, tensor<?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = llm.softmax %z {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %y = llm.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %y : tensor<?x4x?x8xf32>
}

// -----

// The factor turns a score to 0 that the mask lets through.
// CHECK-LABEL: @another_factor
// CHECK-NOT: llm.attention
// CHECK: llm.softmax
func.func @another_factor(%q: tensor<?x4x?x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 4, s1, 8)>}, %k: tensor<?x4x8x?xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 4, 8, s1)>},
    %v: tensor<?x4x?x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 4, s1, 8)>}) -> tensor<?x4x?x8xf32> attributes {llm.symbols = ["batch", "tokens"]} {
  %0 = llm.constant dense<0> : tensor<i64>
  %1 = llm.constant dense<1> : tensor<i64>
  %one = llm.constant dense<1.0> : tensor<f32>
  %far = llm.constant dense<10000.0> : tensor<f32>
  %n = llm.dims affine_map<()[s0, s1] -> (s1)> : tensor<1xi64>
  %tokens = llm.squeeze %n {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %j = llm.range %0, %tokens, %1 : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %i = llm.unsqueeze %j {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %c = llm.compare le, %j, %i : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %d = llm.compare lt, %j, %i : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %b = llm.cast %c : (tensor<?x?xi1>) -> tensor<?x?xf32>
  %other = llm.cast %d : (tensor<?x?xi1>) -> tensor<?x?xf32>
  %s = llm.matmul %q, %k : (tensor<?x4x?x8xf32>, tensor<?x4x8x?xf32>) -> tensor<?x4x?x?xf32>
  %m = llm.mul %s, %other : (tensor<?x4x?x?xf32>, tensor<?x?xf32>) -> tensor<?x4x?x?xf32>
  %h = llm.sub %one, %b : (tensor<f32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %w = llm.mul %h, %far : (tensor<?x?xf32>, tensor<f32>) -> tensor<?x?xf32>
  %z = llm.sub %m, %w : (tensor<?x4x?x?xf32>, tensor<?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = llm.softmax %z {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %y = llm.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %y : tensor<?x4x?x8xf32>
}

// -----

// A factor alone hides nothing: e^0 is 1.
// CHECK-LABEL: @factor_alone
// CHECK-NOT: llm.attention
// CHECK: llm.softmax
func.func @factor_alone(%q: tensor<?x4x?x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 4, s1, 8)>}, %k: tensor<?x4x8x?xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 4, 8, s1)>},
    %v: tensor<?x4x?x8xf32> {llm.dims = affine_map<()[s0, s1] -> (s0, 4, s1, 8)>}) -> tensor<?x4x?x8xf32> attributes {llm.symbols = ["batch", "tokens"]} {
  %0 = llm.constant dense<0> : tensor<i64>
  %1 = llm.constant dense<1> : tensor<i64>
  %one = llm.constant dense<1.0> : tensor<f32>
  %far = llm.constant dense<10000.0> : tensor<f32>
  %n = llm.dims affine_map<()[s0, s1] -> (s1)> : tensor<1xi64>
  %tokens = llm.squeeze %n {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %j = llm.range %0, %tokens, %1 : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %i = llm.unsqueeze %j {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %c = llm.compare le, %j, %i : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %d = llm.compare lt, %j, %i : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %b = llm.cast %c : (tensor<?x?xi1>) -> tensor<?x?xf32>
  %other = llm.cast %d : (tensor<?x?xi1>) -> tensor<?x?xf32>
  %s = llm.matmul %q, %k : (tensor<?x4x?x8xf32>, tensor<?x4x8x?xf32>) -> tensor<?x4x?x?xf32>
  %z = llm.mul %s, %b : (tensor<?x4x?x?xf32>, tensor<?x?xf32>) -> tensor<?x4x?x?xf32>
  %p = llm.softmax %z {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %y = llm.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %y : tensor<?x4x?x8xf32>
}
