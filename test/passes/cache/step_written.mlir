// RUN: lathe-opt %s --form-step=cache-type=f32 --split-input-file | FileCheck %s

// GroupQueryAttention: the own part is written behind what each sequence has, lengths and positions are computed from the sum of the
// mask. Without padding that is the end of the cache, all of it, and past + t.
// CHECK: func.func @step(%{{.*}}: tensor<?xi32> {{.*}}, %[[POSITIONS:.*]]: tensor<?xi32> {llm.dims = {{.*}}, llm.name = "positions"}
// CHECK: %[[ROW:.*]] = llm.unsqueeze %[[POSITIONS]] {axes = array<i64: 0>}
// CHECK: %[[WIDE:.*]] = llm.cast %[[ROW]]
// CHECK: %[[OWN:.*]] = llm.rope %{{.*}}, %[[WIDE]]
// CHECK: llm.cache_append %{{.*}}, %[[OWN]]
// CHECK: llm.cached_attention
#bt = affine_map<()[s0, s1, s2] -> (s0, s1)>
#bm = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>
#bp = affine_map<()[s0, s1, s2] -> (s0, s2, 2, 4)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "tokens", llm.role = "input_ids", llm.dims = #bt},
                   %mask: tensor<?x?xi64> {llm.name = "attention_mask", llm.dims = #bm},
                   %past: tensor<?x?x2x4xf32> {llm.name = "past_key", llm.dims = #bp})
    -> (tensor<?x?x16xf32> {llm.name = "logits"}) attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %s = llm.dims affine_map<()[s0, s1, s2] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %h = llm.reshape %x, %s : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %sum = llm.reduce sum, %mask {axes = array<i64: 1>} : (tensor<?x?xi64>) -> tensor<?xi64>
  %n = llm.dims affine_map<()[s0, s1, s2] -> (s1)> : tensor<1xi64>
  %zero = llm.constant dense<0> : tensor<i64>
  %one = llm.constant dense<1> : tensor<i64>
  %less = llm.sub %sum, %n : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %first = llm.max %less, %zero : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %count = llm.squeeze %n {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %steps = llm.range %zero, %count, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %rows = llm.unsqueeze %steps {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  %columns = llm.unsqueeze %first {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %p = llm.add %columns, %rows : (tensor<?x1xi64>, tensor<1x?xi64>) -> tensor<?x?xi64>
  %k = llm.rope %h, %p {dims = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>} : (tensor<?x?x2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x2x4xf32>
  %longer = llm.concat %past, %k {axis = 1 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  %whole = llm.tensor_scatter %longer, %k, %first {axis = 1 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?xi64>) -> tensor<?x?x2x4xf32>
  %lengths = llm.add %first, %n : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %a = llm.attention %k, %whole, %whole, %lengths {scale = 0.5 : f32, causal, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0, 0>}
    : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?xi64>) -> tensor<?x?x2x4xf32>
  %t = llm.dims affine_map<()[s0, s1, s2] -> (s0, s1, 8)> : tensor<3xi64>
  %y = llm.reshape %a, %t : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  %l = llm.linear %y, %table : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  return %l : tensor<?x?x16xf32>
}

// -----

// Written one place too early: a key of the cache is lost, and there is no step.
// CHECK: module attributes {llm.no_step
// CHECK-NOT: @step
#bt = affine_map<()[s0, s1, s2] -> (s0, s1)>
#bm = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>
#bp = affine_map<()[s0, s1, s2] -> (s0, s2, 2, 4)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt},
                   %mask: tensor<?x?xi64> {llm.name = "attention_mask", llm.dims = #bm},
                   %past: tensor<?x?x2x4xf32> {llm.name = "past_key", llm.dims = #bp})
    -> (tensor<?x?x8xf32> {llm.name = "logits"}) attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %s = llm.dims affine_map<()[s0, s1, s2] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %k = llm.reshape %x, %s : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %sum = llm.reduce sum, %mask {axes = array<i64: 1>} : (tensor<?x?xi64>) -> tensor<?xi64>
  %n = llm.dims affine_map<()[s0, s1, s2] -> (s1 + 1)> : tensor<1xi64>
  %first = llm.sub %sum, %n : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %longer = llm.concat %past, %k {axis = 1 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  %whole = llm.tensor_scatter %longer, %k, %first {axis = 1 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?xi64>) -> tensor<?x?x2x4xf32>
  %a = llm.attention %k, %whole, %whole, %sum {scale = 0.5 : f32, causal, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0, 0>}
    : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?xi64>) -> tensor<?x?x2x4xf32>
  %t = llm.dims affine_map<()[s0, s1, s2] -> (s0, s1, 8)> : tensor<3xi64>
  %y = llm.reshape %a, %t : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// A cache of the last keys alone: the own part comes behind them, wherever that is, and a window is all that is seen.
// CHECK: func.func @step
// CHECK: llm.cached_attention {{.*}}window = 8
#bt = affine_map<()[s0, s1] -> (s0, s1)>
#bp = affine_map<()[s0, s1] -> (s0, 8, 2, 4)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt},
                   %past: tensor<?x8x2x4xf32> {llm.name = "past_key", llm.dims = #bp, llm.window_cache = 8},
                   %held: tensor<?xi64> {llm.name = "held", llm.dims = affine_map<()[s0, s1] -> (s0)>},
                   %lengths: tensor<?xi64> {llm.name = "lengths", llm.dims = affine_map<()[s0, s1] -> (s0)>})
    -> (tensor<?x?x8xf32> {llm.name = "logits"}) attributes {llm.symbols = ["batch", "tokens"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %s = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %k = llm.reshape %x, %s : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %longer = llm.concat %past, %k {axis = 1 : i64} : (tensor<?x8x2x4xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  %whole = llm.tensor_scatter %longer, %k, %held {axis = 1 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?xi64>) -> tensor<?x?x2x4xf32>
  %a = llm.attention %k, %whole, %whole, %lengths {scale = 0.5 : f32, causal, window = 8 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0, 0>}
    : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?xi64>) -> tensor<?x?x2x4xf32>
  %t = llm.dims affine_map<()[s0, s1] -> (s0, s1, 8)> : tensor<3xi64>
  %y = llm.reshape %a, %t : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// The same where more is seen than such a cache holds.
// CHECK: module attributes {llm.no_step
// CHECK-NOT: @step
#bt = affine_map<()[s0, s1] -> (s0, s1)>
#bp = affine_map<()[s0, s1] -> (s0, 8, 2, 4)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt},
                   %past: tensor<?x8x2x4xf32> {llm.name = "past_key", llm.dims = #bp, llm.window_cache = 8},
                   %held: tensor<?xi64> {llm.name = "held", llm.dims = affine_map<()[s0, s1] -> (s0)>},
                   %lengths: tensor<?xi64> {llm.name = "lengths", llm.dims = affine_map<()[s0, s1] -> (s0)>})
    -> (tensor<?x?x8xf32> {llm.name = "logits"}) attributes {llm.symbols = ["batch", "tokens"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %s = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %k = llm.reshape %x, %s : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %longer = llm.concat %past, %k {axis = 1 : i64} : (tensor<?x8x2x4xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  %whole = llm.tensor_scatter %longer, %k, %held {axis = 1 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?xi64>) -> tensor<?x?x2x4xf32>
  %a = llm.attention %k, %whole, %whole, %lengths {scale = 0.5 : f32, causal, window = 9 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0, 0>}
    : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?xi64>) -> tensor<?x?x2x4xf32>
  %t = llm.dims affine_map<()[s0, s1] -> (s0, s1, 8)> : tensor<3xi64>
  %y = llm.reshape %a, %t : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}
