// RUN: lathe-opt %s --form-step=cache-type=f32 --split-input-file | FileCheck %s

// One layer in the attention normal form, without and with a past: both give the same step.
// CHECK: func.func @step
// CHECK-SAME: %[[IDS:.*]]: tensor<?xi32> {llm.dims = affine_map<()[s0, s1, s2, s3, s4] -> (s0)>, llm.name = "token_ids"}
// CHECK-SAME: %[[POSITIONS:[a-z0-9]+]]: tensor<?xi32>
// CHECK-SAME: !llm.kv_cache<2 x 4 x f32, page 64>
// CHECK-SAME: llm.symbols = ["tokens", "sequences", "blocks", "outputs", "pages"]
// CHECK: llm.embedding
// CHECK: %[[CACHE:.*]] = llm.cache_append
// CHECK: %[[Y:.*]] = llm.cached_attention %{{.*}}, %[[CACHE]]
// CHECK: llm.gather %{{.*}}, %{{.*}} {axis = 1 : i64}
// CHECK: llm.linear
// CHECK: return %{{.*}}, %[[CACHE]] : tensor<?x16xf32>, !llm.kv_cache<2 x 4 x f32, page 64>
#bt = affine_map<()[s0, s1] -> (s0, s1)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt}) -> (tensor<?x?x16xf32> {llm.name = "logits"})
    attributes {llm.symbols = ["batch", "tokens"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %s = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %h = llm.reshape %x, %s : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %p = llm.positions affine_map<()[s0, s1] -> (s0, s1, 0)> : tensor<?x?xi64>
  %q = llm.rope %h, %p {dims = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>} : (tensor<?x?x2x4xf32>, tensor<?x?xi64>) -> tensor<?x?x2x4xf32>
  %a = llm.attention %q, %q, %h {scale = 0.5 : f32, causal, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
    : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  %t = llm.dims affine_map<()[s0, s1] -> (s0, s1, 8)> : tensor<3xi64>
  %y = llm.reshape %a, %t : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  %n = llm.rms_norm %y {epsilon = 1.0e-5 : f32} : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %l = llm.linear %n, %table : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  return %l : tensor<?x?x16xf32>
}

// -----

// Not causal: no step, and the module says why.
// CHECK: module attributes {llm.no_step = {{.*}}is not causal
// CHECK-NOT: @step
#bt = affine_map<()[s0, s1] -> (s0, s1)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt}) -> (tensor<?x?x8xf32> {llm.name = "logits"})
    attributes {llm.symbols = ["batch", "tokens"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %s = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %h = llm.reshape %x, %s : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %a = llm.attention %h, %h, %h {scale = 0.5 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
    : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  %t = llm.dims affine_map<()[s0, s1] -> (s0, s1, 8)> : tensor<3xi64>
  %y = llm.reshape %a, %t : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// A mask that hides more than padding: no step, and the module says why.
// CHECK: module attributes {llm.no_step = {{.*}}has a mask that is more than causal, a window, padding and ALiBi
// CHECK-NOT: @step
#bt = affine_map<()[s0, s1] -> (s0, s1)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt}, %mask: tensor<?x?xi64> {llm.name = "attention_mask", llm.dims = #bt})
    -> (tensor<?x?x8xf32> {llm.name = "logits"}) attributes {llm.symbols = ["batch", "tokens"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %s = llm.dims affine_map<()[s0, s1] -> (s0, s1, 2, 4)> : tensor<4xi64>
  %h = llm.reshape %x, %s : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %p = llm.positions affine_map<()[s0, s1] -> (s0, s1, 0)> : tensor<?x?xi64>
  %five = llm.constant dense<5> : tensor<i64>
  %early = llm.compare lt, %p, %five : (tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi1>
  %given = llm.cast %mask : (tensor<?x?xi64>) -> tensor<?x?xi1>
  %both = llm.and %early, %given : (tensor<?x?xi1>, tensor<?x?xi1>) -> tensor<?x?xi1>
  %m = llm.unsqueeze %both {axes = array<i64: 1, 2>} : (tensor<?x?xi1>) -> tensor<?x1x1x?xi1>
  %a = llm.attention %h, %h, %h, %m {scale = 0.5 : f32, causal, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>}
    : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x1x1x?xi1>) -> tensor<?x?x2x4xf32>
  %t = llm.dims affine_map<()[s0, s1] -> (s0, s1, 8)> : tensor<3xi64>
  %y = llm.reshape %a, %t : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}
