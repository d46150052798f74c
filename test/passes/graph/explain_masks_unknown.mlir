// RUN: lathe-opt --explain-masks --split-input-file --verify-diagnostics -o %t %s
// What is not causal, a window or padding is said to be unknown, with the reason.

#scores = affine_map<()[s0, s1, s2] -> (s0, 4, s1, s1 + s2)>
#pad = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>

// A bias is no mask.
func.func @bias(%scores: tensor<?x4x?x?xf32> {llm.dims = #scores}, %pad: tensor<?x?xi64> {llm.dims = #pad, llm.name = "attention_mask"}) -> tensor<?x4x?x?xf32>
    attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %half = llm.constant dense<-0.5> : tensor<f32>
  %u = llm.unsqueeze %pad {axes = array<i64: 1, 2>} : (tensor<?x?xi64>) -> tensor<?x1x1x?xi64>
  %c = llm.cast %u : (tensor<?x1x1x?xi64>) -> tensor<?x1x1x?xf32>
  %m = llm.mul %c, %half : (tensor<?x1x1x?xf32>, tensor<f32>) -> tensor<?x1x1x?xf32>
  %x = llm.add %scores, %m : (tensor<?x4x?x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x4x?x?xf32>
  // expected-remark @below {{mask: unknown: }}
  %y = llm.softmax %x {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  return %y : tensor<?x4x?x?xf32>
}

// -----

#scores = affine_map<()[s0, s1, s2] -> (s0, 4, s1, s1 + s2)>
#pad = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>

// Positions that are an input may be anything.
func.func @positions(%scores: tensor<?x4x?x?xf32> {llm.dims = #scores}, %pad: tensor<?x?xi64> {llm.dims = #pad, llm.name = "attention_mask"}, %ids: tensor<?x?xi64> {llm.dims = affine_map<()[s0, s1, s2] -> (s0, s1)>}) -> tensor<?x4x?x?xf32>
    attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %zero = llm.constant dense<0> : tensor<i64>
  %one = llm.constant dense<1> : tensor<i64>
  %p1 = llm.dims affine_map<()[s0, s1, s2] -> (s2)> : tensor<1xi64>
  %n1 = llm.dims affine_map<()[s0, s1, s2] -> (s1 + s2)> : tensor<1xi64>
  %p = llm.squeeze %p1 {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %n = llm.squeeze %n1 {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %query = llm.range %p, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %key = llm.range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %column = llm.unsqueeze %query {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %min = llm.constant dense<-1.0E+9> : tensor<f32>
  %q = llm.unsqueeze %ids {axes = array<i64: 1, 3>} : (tensor<?x?xi64>) -> tensor<?x1x?x1xi64>
  // expected-note @below {{here}}
  %m = llm.compare le, %key, %q : (tensor<?xi64>, tensor<?x1x?x1xi64>) -> tensor<?x1x?x?xi1>
  %x = llm.select %m, %scores, %min : (tensor<?x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  // expected-remark @below {{mask: unknown: llm.compare compares an input with something else than 0}}
  %y = llm.softmax %x {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  return %y : tensor<?x4x?x?xf32>
}

// -----

#scores = affine_map<()[s0, s1, s2] -> (s0, 4, s1, s1 + s2)>
#pad = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>

// Causal or a prefix that everyone sees.
func.func @prefix(%scores: tensor<?x4x?x?xf32> {llm.dims = #scores}, %pad: tensor<?x?xi64> {llm.dims = #pad, llm.name = "attention_mask"}) -> tensor<?x4x?x?xf32>
    attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %zero = llm.constant dense<0> : tensor<i64>
  %one = llm.constant dense<1> : tensor<i64>
  %p1 = llm.dims affine_map<()[s0, s1, s2] -> (s2)> : tensor<1xi64>
  %n1 = llm.dims affine_map<()[s0, s1, s2] -> (s1 + s2)> : tensor<1xi64>
  %p = llm.squeeze %p1 {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %n = llm.squeeze %n1 {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %query = llm.range %p, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %key = llm.range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %column = llm.unsqueeze %query {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %min = llm.constant dense<-1.0E+9> : tensor<f32>
  %eight = llm.constant dense<8> : tensor<i64>
  %a = llm.compare lt, %key, %eight : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  %b = llm.compare le, %key, %column : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  // expected-note @below {{here}}
  %m = llm.or %a, %b : (tensor<?xi1>, tensor<?x?xi1>) -> tensor<?x?xi1>
  %x = llm.select %m, %scores, %min : (tensor<?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  // expected-remark @below {{mask: unknown: lets keys through for one of several reasons}}
  %y = llm.softmax %x {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  return %y : tensor<?x4x?x?xf32>
}

// -----

#scores = affine_map<()[s0, s1, s2] -> (s0, 4, s1, s1 + s2)>
#pad = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>

// Infinity times 0 is no number.
func.func @infinity(%scores: tensor<?x4x?x?xf32> {llm.dims = #scores}, %pad: tensor<?x?xi64> {llm.dims = #pad, llm.name = "attention_mask"}) -> tensor<?x4x?x?xf32>
    attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %zero = llm.constant dense<0> : tensor<i64>
  %one = llm.constant dense<1> : tensor<i64>
  %p1 = llm.dims affine_map<()[s0, s1, s2] -> (s2)> : tensor<1xi64>
  %n1 = llm.dims affine_map<()[s0, s1, s2] -> (s1 + s2)> : tensor<1xi64>
  %p = llm.squeeze %p1 {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %n = llm.squeeze %n1 {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %query = llm.range %p, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %key = llm.range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %column = llm.unsqueeze %query {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %min = llm.constant dense<0xFF800000> : tensor<f32>
  %gt = llm.compare gt, %key, %column : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %gtf = llm.cast %gt : (tensor<?x?xi1>) -> tensor<?x?xf32>
  // expected-note @below {{here}}
  %m = llm.mul %gtf, %min : (tensor<?x?xf32>, tensor<f32>) -> tensor<?x?xf32>
  %x = llm.add %scores, %m : (tensor<?x4x?x?xf32>, tensor<?x?xf32>) -> tensor<?x4x?x?xf32>
  // expected-remark @below {{mask: unknown: llm.mul multiplies infinity by 0}}
  %y = llm.softmax %x {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  return %y : tensor<?x4x?x?xf32>
}
