// RUN: lathe-opt %s --form-step=cache-type=f32 --split-input-file | FileCheck %s

// What a graph computes from attention_mask, in a step that has no padding.

// ALiBi over counted tokens, and hidden padding: slopes.
// CHECK: func.func @step
// CHECK: %[[E:.*]] = llm.constant dense<{{.*}}> : tensor<2x1x1xf32>
// CHECK: %[[S:.*]] = llm.squeeze %[[E]] {axes = array<i64: 1, 2>}
// CHECK: llm.cached_attention %{{.*}}, %[[S]] {operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0>, scale = 5.000000e-01 : f32}
#bt = affine_map<()[s0, s1] -> (s0, s1)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt},
                   %seen: tensor<?x?xi64> {llm.name = "attention_mask", llm.dims = #bt}) -> (tensor<?x?x16xf32> {llm.name = "logits"})
    attributes {llm.symbols = ["batch", "tokens"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %1 = llm.constant dense<1> : tensor<i64>
  %zero = llm.constant dense<0.0> : tensor<f32>
  %low = llm.constant dense<0xFF800000> : tensor<f32>
  %each = llm.constant dense<[[[0.5]], [[0.25]]]> : tensor<2x1x1xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %sum = llm.cumsum %seen {axis = 1 : i64} : (tensor<?x?xi64>) -> tensor<?x?xi64>
  %count = llm.sub %sum, %1 : (tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi64>
  %place = llm.mul %count, %seen : (tensor<?x?xi64>, tensor<?x?xi64>) -> tensor<?x?xi64>
  %wide = llm.unsqueeze %place {axes = array<i64: 1, 2>} : (tensor<?x?xi64>) -> tensor<?x1x1x?xi64>
  %far = llm.cast %wide : (tensor<?x1x1x?xi64>) -> tensor<?x1x1x?xf32>
  %bias = llm.mul %far, %each : (tensor<?x1x1x?xf32>, tensor<2x1x1xf32>) -> tensor<?x2x1x?xf32>
  %is = llm.cast %seen : (tensor<?x?xi64>) -> tensor<?x?xi1>
  %is4 = llm.unsqueeze %is {axes = array<i64: 1, 2>} : (tensor<?x?xi1>) -> tensor<?x1x1x?xi1>
  %hidden = llm.select %is4, %zero, %low : (tensor<?x1x1x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x1x1x?xf32>
  %mask = llm.add %bias, %hidden : (tensor<?x2x1x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x2x1x?xf32>
  %s = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %h = llm.reshape %x, %s : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %a = llm.attention %h, %h, %h, %mask {scale = 0.5 : f32, causal, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>}
    : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x2x1x?xf32>) -> tensor<?x?x2x4xf32>
  %t = llm.dims affine_map<()[s0, s1] -> (s0, s1, 8)> : tensor<3xi64>
  %y = llm.reshape %a, %t : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  %l = llm.linear %y, %table : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  return %l : tensor<?x?x16xf32>
}

// -----

// The square of the count is no distance: no step.
// CHECK: module attributes {llm.no_step = {{.*}}a mask that is more than causal, a window, padding and ALiBi
// CHECK-NOT: @step
#bt = affine_map<()[s0, s1] -> (s0, s1)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt},
                   %seen: tensor<?x?xi64> {llm.name = "attention_mask", llm.dims = #bt}) -> (tensor<?x?x16xf32> {llm.name = "logits"})
    attributes {llm.symbols = ["batch", "tokens"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %1 = llm.constant dense<1> : tensor<i64>
  %zero = llm.constant dense<0.0> : tensor<f32>
  %low = llm.constant dense<0xFF800000> : tensor<f32>
  %each = llm.constant dense<[[[0.5]], [[0.25]]]> : tensor<2x1x1xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %sum = llm.cumsum %seen {axis = 1 : i64} : (tensor<?x?xi64>) -> tensor<?x?xi64>
  %count = llm.sub %sum, %1 : (tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi64>
  %place = llm.mul %count, %count : (tensor<?x?xi64>, tensor<?x?xi64>) -> tensor<?x?xi64>
  %wide = llm.unsqueeze %place {axes = array<i64: 1, 2>} : (tensor<?x?xi64>) -> tensor<?x1x1x?xi64>
  %far = llm.cast %wide : (tensor<?x1x1x?xi64>) -> tensor<?x1x1x?xf32>
  %bias = llm.mul %far, %each : (tensor<?x1x1x?xf32>, tensor<2x1x1xf32>) -> tensor<?x2x1x?xf32>
  %is = llm.cast %seen : (tensor<?x?xi64>) -> tensor<?x?xi1>
  %is4 = llm.unsqueeze %is {axes = array<i64: 1, 2>} : (tensor<?x?xi1>) -> tensor<?x1x1x?xi1>
  %hidden = llm.select %is4, %zero, %low : (tensor<?x1x1x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x1x1x?xf32>
  %mask = llm.add %bias, %hidden : (tensor<?x2x1x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x2x1x?xf32>
  %s = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %h = llm.reshape %x, %s : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %a = llm.attention %h, %h, %h, %mask {scale = 0.5 : f32, causal, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>}
    : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x2x1x?xf32>) -> tensor<?x?x2x4xf32>
  %t = llm.dims affine_map<()[s0, s1] -> (s0, s1, 8)> : tensor<3xi64>
  %y = llm.reshape %a, %t : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  %l = llm.linear %y, %table : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  return %l : tensor<?x?x16xf32>
}

// -----

// Positions counted by the mask, from 2: those of the step, and the 2.
// CHECK: func.func @step
// CHECK: %[[TWO:.*]] = llm.constant dense<2> : tensor<i64>
// CHECK: %[[SHIFTED:.*]] = llm.add %{{.*}}, %[[TWO]]
// CHECK: llm.embedding %{{.*}}, %[[SHIFTED]] : (tensor<34x8xf32>
#bt = affine_map<()[s0, s1] -> (s0, s1)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt},
                   %seen: tensor<?x?xi64> {llm.name = "attention_mask", llm.dims = #bt}) -> (tensor<?x?x16xf32> {llm.name = "logits"})
    attributes {llm.symbols = ["batch", "tokens"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %1 = llm.constant dense<1> : tensor<i64>
  %zero = llm.constant dense<0.0> : tensor<f32>
  %low = llm.constant dense<0xFF800000> : tensor<f32>
  %each = llm.constant dense<[[[0.5]], [[0.25]]]> : tensor<2x1x1xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %sum = llm.cumsum %seen {axis = 1 : i64} : (tensor<?x?xi64>) -> tensor<?x?xi64>
  %count = llm.sub %sum, %1 : (tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi64>
  %place = llm.mul %count, %seen : (tensor<?x?xi64>, tensor<?x?xi64>) -> tensor<?x?xi64>
  %2 = llm.constant dense<2> : tensor<i64>
  %from = llm.add %place, %2 : (tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi64>
  %places = llm.weight @places : tensor<34x8xf32>
  %e = llm.embedding %places, %from : (tensor<34x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %h = llm.add %x, %e : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %l = llm.linear %h, %table : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  return %l : tensor<?x?x16xf32>
}
