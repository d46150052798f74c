// RUN: lathe-opt %s --form-step=cache-type=f32 --split-input-file | FileCheck %s

// A model that counts its positions from 2, without and with a past: the step's positions get the 2 too.
// CHECK: func.func @step
// CHECK-SAME: %[[POSITIONS:[a-z0-9]+]]: tensor<?xi32> {{{[^}]*}}llm.name = "positions"}
// CHECK: %[[ROW:.*]] = llm.unsqueeze %[[POSITIONS]]
// CHECK: %[[WIDE:.*]] = llm.cast %[[ROW]] : (tensor<1x?xi32>) -> tensor<1x?xi64>
// CHECK: %[[TWO:.*]] = llm.constant dense<2> : tensor<i64>
// CHECK: %[[SHIFTED:.*]] = llm.add %[[WIDE]], %[[TWO]]
// CHECK: llm.embedding %{{.*}}, %[[SHIFTED]] : (tensor<34x8xf32>
#bt = affine_map<()[s0, s1] -> (s0, s1)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt}) -> (tensor<?x?x16xf32> {llm.name = "logits"})
    attributes {llm.symbols = ["batch", "tokens"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %places = llm.weight @places : tensor<34x8xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %p = llm.positions affine_map<()[s0, s1] -> (s0, s1, 2)> : tensor<?x?xi64>
  %e = llm.embedding %places, %p : (tensor<34x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %h = llm.add %x, %e : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %l = llm.linear %h, %table : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  return %l : tensor<?x?x16xf32>
}

// -----

// CHECK: func.func @step
// CHECK: %[[TWO:.*]] = llm.constant dense<2> : tensor<i64>
// CHECK: %[[SHIFTED:.*]] = llm.add %{{.*}}, %[[TWO]]
// CHECK: llm.embedding %{{.*}}, %[[SHIFTED]] : (tensor<34x8xf32>
#bt = affine_map<()[s0, s1, s2] -> (s0, s1)>
func.func @forward(%ids: tensor<?x?xi64> {llm.name = "input_ids", llm.dims = #bt}) -> (tensor<?x?x16xf32> {llm.name = "logits"})
    attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %table = llm.weight @table : tensor<16x8xf32>
  %places = llm.weight @places : tensor<34x8xf32>
  %x = llm.embedding %table, %ids : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %p = llm.positions affine_map<()[s0, s1, s2] -> (s0, s1, s2 + 2)> : tensor<?x?xi64>
  %e = llm.embedding %places, %p : (tensor<34x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  %h = llm.add %x, %e : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %l = llm.linear %h, %table : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  return %l : tensor<?x?x16xf32>
}
