// RUN: lathe-opt --normalize-positions --canonicalize %s | FileCheck %s

#ids = affine_map<()[s0, s1, s2] -> (s0, s1)>
// CHECK-DAG: #[[PAST:.*]] = affine_map<()[s0, s1, s2] -> (1, s1, s2)>
// CHECK-DAG: #[[ZERO:.*]] = affine_map<()[s0, s1, s2] -> (s0, s1, 0)>

// CHECK-LABEL: @range
// CHECK-NEXT: %[[P:.*]] = llm.positions #[[PAST]] : tensor<1x?xi64>
// CHECK-NEXT: return %[[P]]
func.func @range() -> tensor<1x?xi64> attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %p1 = llm.dims affine_map<()[s0, s1, s2] -> (s2)> : tensor<1xi64>
  %n1 = llm.dims affine_map<()[s0, s1, s2] -> (s1 + s2)> : tensor<1xi64>
  %p = llm.squeeze %p1 {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %n = llm.squeeze %n1 {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %one = llm.constant dense<1> : tensor<i64>
  %r = llm.range %p, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %u = llm.unsqueeze %r {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  return %u : tensor<1x?xi64>
}

// CHECK-LABEL: @cumsum_of_ones
// CHECK-NEXT: %[[P:.*]] = llm.positions #[[ZERO]] : tensor<?x?xi64>
// CHECK-NEXT: return %[[P]]
func.func @cumsum_of_ones() -> tensor<?x?xi64> attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %one = llm.constant dense<1> : tensor<i64>
  %s = llm.dims #ids : tensor<2xi64>
  %e = llm.expand %one, %s : (tensor<i64>, tensor<2xi64>) -> tensor<?x?xi64>
  %c = llm.cumsum %e {axis = 1 : i64} : (tensor<?x?xi64>) -> tensor<?x?xi64>
  %p = llm.sub %c, %one : (tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi64>
  return %p : tensor<?x?xi64>
}

// Positions that are an input, count what an input says, or step by 2.
// CHECK-LABEL: @left_alone
// CHECK-NOT: llm.positions
// CHECK: return %arg0
func.func @left_alone(%position_ids: tensor<?x?xi64> {llm.dims = #ids, llm.name = "position_ids"}, %mask: tensor<?x?xi64> {llm.dims = #ids})
    -> (tensor<?x?xi64>, tensor<?x?xi64>, tensor<1x?xi64>) attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %c = llm.cumsum %mask {axis = 1 : i64} : (tensor<?x?xi64>) -> tensor<?x?xi64>
  %n1 = llm.dims affine_map<()[s0, s1, s2] -> (s1 * 2)> : tensor<1xi64>
  %n = llm.squeeze %n1 {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %zero = llm.constant dense<0> : tensor<i64>
  %two = llm.constant dense<2> : tensor<i64>
  %r = llm.range %zero, %n, %two : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %u = llm.unsqueeze %r {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  return %position_ids, %c, %u : tensor<?x?xi64>, tensor<?x?xi64>, tensor<1x?xi64>
}
