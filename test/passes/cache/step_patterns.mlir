// RUN: lathe-opt %s --form-step=cache-type=f32 --split-input-file | FileCheck %s

// What of a pattern counts from the beginning goes into the step.
// CHECK: func.func @step
// CHECK: llm.cached_attention {{.*}}dilations = array<i64: 1, 2>{{.*}}segments = array<i64: 8, 32>
#bt = affine_map<()[s0, s1] -> (s0, s1)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt}) -> (tensor<?x?x8xf32> {llm.name = "logits"})
    attributes {llm.symbols = ["batch", "tokens"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %s = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %h = llm.reshape %x, %s : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %a = llm.attention %h, %h, %h {scale = 0.5 : f32, causal, segments = array<i64: 8, 32>, dilations = array<i64: 1, 2>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
    : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  %t = llm.dims affine_map<()[s0, s1] -> (s0, s1, 8)> : tensor<3xi64>
  %y = llm.reshape %a, %t : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// CHECK: func.func @step
// CHECK: llm.cached_attention {{.*}}block_pairs = array<i64: -1, 3, 1>, block_size = 16 : i64, block_window = 2 : i64, first_blocks = 1 : i64
#bt = affine_map<()[s0, s1] -> (s0, s1)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt}) -> (tensor<?x?x8xf32> {llm.name = "logits"})
    attributes {llm.symbols = ["batch", "tokens"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %s = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %h = llm.reshape %x, %s : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %a = llm.attention %h, %h, %h {scale = 0.5 : f32, causal, block_size = 16 : i64, block_window = 2 : i64, first_blocks = 1 : i64, block_pairs = array<i64: -1, 3, 1>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
    : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  %t = llm.dims affine_map<()[s0, s1] -> (s0, s1, 8)> : tensor<3xi64>
  %y = llm.reshape %a, %t : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// The last blocks are not known while a text grows.
// CHECK: module attributes {llm.no_step = {{.*}}has a pattern that counts from the sequence's end, which a step does not know
// CHECK-NOT: @step
#bt = affine_map<()[s0, s1] -> (s0, s1)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt}) -> (tensor<?x?x8xf32> {llm.name = "logits"})
    attributes {llm.symbols = ["batch", "tokens"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %s = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %h = llm.reshape %x, %s : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %a = llm.attention %h, %h, %h {scale = 0.5 : f32, causal, block_size = 16 : i64, last_blocks = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
    : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  %t = llm.dims affine_map<()[s0, s1] -> (s0, s1, 8)> : tensor<3xi64>
  %y = llm.reshape %a, %t : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}
