// RUN: lathe-opt --explain-masks --split-input-file --verify-diagnostics -o %t %s
// Causal, windows and padding are read from what a mask computes, in spellings of several exporters; the formulas are those of
// Hugging Face's masking code. Symbols: s0 batch, s1 tokens, s2 past.

#scores = affine_map<()[s0, s1, s2] -> (s0, 4, s1, s1 + s2)>
#pad = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>

// select(s <= t + past, scores, min)
func.func @compare(%scores: tensor<?x4x?x?xf32> {llm.dims = #scores}, %pad: tensor<?x?xi64> {llm.dims = #pad, llm.name = "attention_mask"}) -> tensor<?x4x?x?xf32>
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
  %min = llm.constant dense<-3.40282347E+38> : tensor<f32>
  %m = llm.compare le, %key, %column : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %x = llm.select %m, %scores, %min : (tensor<?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  // expected-remark @below {{mask: s <= t + s2}}
  %y = llm.softmax %x {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  return %y : tensor<?x4x?x?xf32>
}

// -----

#scores = affine_map<()[s0, s1, s2] -> (s0, 4, s1, s1 + s2)>
#pad = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>

// triu(full(min), 1) * (arange > cache_position): the second condition implies the first
func.func @trilu_times_compare(%scores: tensor<?x4x?x?xf32> {llm.dims = #scores}, %pad: tensor<?x?xi64> {llm.dims = #pad, llm.name = "attention_mask"}) -> tensor<?x4x?x?xf32>
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
  %min = llm.constant dense<-3.40282347E+38> : tensor<f32>
  %ts = llm.dims affine_map<()[s0, s1, s2] -> (s1, s1 + s2)> : tensor<2xi64>
  %full = llm.expand %min, %ts : (tensor<f32>, tensor<2xi64>) -> tensor<?x?xf32>
  %tri = llm.trilu %full {upper, diagonal = 1 : i64} : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %gt = llm.compare gt, %key, %column : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %gtf = llm.cast %gt : (tensor<?x?xi1>) -> tensor<?x?xf32>
  %m = llm.mul %tri, %gtf : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %x = llm.add %scores, %m : (tensor<?x4x?x?xf32>, tensor<?x?xf32>) -> tensor<?x4x?x?xf32>
  // expected-remark @below {{mask: s <= t + s2}}
  %y = llm.softmax %x {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  return %y : tensor<?x4x?x?xf32>
}

// -----

#scores = affine_map<()[s0, s1, s2] -> (s0, 4, s1, s1 + s2)>
#pad = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>

// s > t + past - 8 and s <= t + past
func.func @window(%scores: tensor<?x4x?x?xf32> {llm.dims = #scores}, %pad: tensor<?x?xi64> {llm.dims = #pad, llm.name = "attention_mask"}) -> tensor<?x4x?x?xf32>
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
  %zerof = llm.constant dense<0.0> : tensor<f32>
  %eight = llm.constant dense<8> : tensor<i64>
  %low = llm.sub %column, %eight : (tensor<?x1xi64>, tensor<i64>) -> tensor<?x1xi64>
  %a = llm.compare gt, %key, %low : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %b = llm.compare le, %key, %column : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %c = llm.and %a, %b : (tensor<?x?xi1>, tensor<?x?xi1>) -> tensor<?x?xi1>
  %m = llm.select %c, %zerof, %min : (tensor<?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>
  %x = llm.add %scores, %m : (tensor<?x4x?x?xf32>, tensor<?x?xf32>) -> tensor<?x4x?x?xf32>
  // expected-remark @below {{mask: s <= t + s2, window 8}}
  %y = llm.softmax %x {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  return %y : tensor<?x4x?x?xf32>
}

// -----

#scores = affine_map<()[s0, s1, s2] -> (s0, 4, s1, s1 + s2)>
#pad = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>

// (1 - attention_mask) * min
func.func @padding(%scores: tensor<?x4x?x?xf32> {llm.dims = #scores}, %pad: tensor<?x?xi64> {llm.dims = #pad, llm.name = "attention_mask"}) -> tensor<?x4x?x?xf32>
    attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %min = llm.constant dense<-1.0E+4> : tensor<f32>
  %onef = llm.constant dense<1.0> : tensor<f32>
  %u = llm.unsqueeze %pad {axes = array<i64: 1, 2>} : (tensor<?x?xi64>) -> tensor<?x1x1x?xi64>
  %c = llm.cast %u : (tensor<?x1x1x?xi64>) -> tensor<?x1x1x?xf32>
  %i = llm.sub %onef, %c : (tensor<f32>, tensor<?x1x1x?xf32>) -> tensor<?x1x1x?xf32>
  %m = llm.mul %i, %min : (tensor<?x1x1x?xf32>, tensor<f32>) -> tensor<?x1x1x?xf32>
  %x = llm.add %scores, %m : (tensor<?x4x?x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x4x?x?xf32>
  // expected-remark @below {{mask: padding 'attention_mask'}}
  %y = llm.softmax %x {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  return %y : tensor<?x4x?x?xf32>
}

// -----

#scores = affine_map<()[s0, s1, s2] -> (s0, 4, s1, s1 + s2)>
#pad = affine_map<()[s0, s1, s2] -> (s0, s1 + s2)>

// masked_fill(causal, causal + attention_mask == 0, min)
func.func @filled(%scores: tensor<?x4x?x?xf32> {llm.dims = #scores}, %pad: tensor<?x?xi64> {llm.dims = #pad, llm.name = "attention_mask"}) -> tensor<?x4x?x?xf32>
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
  %min = llm.constant dense<-3.40282347E+38> : tensor<f32>
  %zerof = llm.constant dense<0.0> : tensor<f32>
  %gt = llm.compare gt, %key, %column : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %causal = llm.select %gt, %min, %zerof : (tensor<?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>
  %u = llm.unsqueeze %pad {axes = array<i64: 1, 2>} : (tensor<?x?xi64>) -> tensor<?x1x1x?xi64>
  %c = llm.cast %u : (tensor<?x1x1x?xi64>) -> tensor<?x1x1x?xf32>
  %sum = llm.add %causal, %c : (tensor<?x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x1x?x?xf32>
  %hidden = llm.compare eq, %sum, %zerof : (tensor<?x1x?x?xf32>, tensor<f32>) -> tensor<?x1x?x?xi1>
  %m = llm.select %hidden, %min, %causal : (tensor<?x1x?x?xi1>, tensor<f32>, tensor<?x?xf32>) -> tensor<?x1x?x?xf32>
  %x = llm.add %scores, %m : (tensor<?x4x?x?xf32>, tensor<?x1x?x?xf32>) -> tensor<?x4x?x?xf32>
  // expected-remark @below {{mask: s <= t + s2, padding 'attention_mask'}}
  %y = llm.softmax %x {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  return %y : tensor<?x4x?x?xf32>
}
