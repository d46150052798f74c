// RUN: lathe-opt %s --verify-step --split-input-file --verify-diagnostics

// Angles made by counting the step's tokens would be those of another position at the next step.
#t = affine_map<()[s0, s1, s2, s3, s4] -> (s0)>
// expected-error@+1 {{the step is not computed token by token: 'llm.range' at}}
func.func @step(%x: tensor<?xf32> {llm.name = "x", llm.dims = #t}, %n: tensor<i64> {llm.name = "n", llm.dims = affine_map<()[s0, s1, s2, s3, s4] -> ()>})
    -> tensor<?xf32> attributes {llm.symbols = ["tokens", "sequences", "blocks", "outputs", "pages"]} {
  %a = llm.constant dense<0> : tensor<i64>
  %d = llm.constant dense<1> : tensor<i64>
  %s = llm.dims #t : tensor<1xi64>
  %r = llm.expand %a, %s : (tensor<i64>, tensor<1xi64>) -> tensor<?xi64>
  %q = llm.range %a, %n, %d : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %c = llm.cast %q : (tensor<?xi64>) -> tensor<?xf32>
  %y = llm.add %x, %c : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

#t = affine_map<()[s0, s1, s2, s3, s4] -> (s0, 4)>
// expected-error@+1 {{'llm.cumsum' at}}
func.func @step(%x: tensor<?x4xf32> {llm.name = "x", llm.dims = #t}) -> tensor<?x4xf32>
    attributes {llm.symbols = ["tokens", "sequences", "blocks", "outputs", "pages"]} {
  %y = llm.cumsum %x {axis = 0 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Along the other axis a row stays a row; so do its heads and its softmax.
#t = affine_map<()[s0, s1, s2, s3, s4] -> (s0, 4)>
func.func @step(%x: tensor<?x4xf32> {llm.name = "x", llm.dims = #t}) -> tensor<?x4xf32>
    attributes {llm.symbols = ["tokens", "sequences", "blocks", "outputs", "pages"]} {
  %y = llm.cumsum %x {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %s = llm.dims affine_map<()[s0, s1, s2, s3, s4] -> (s0, 2, 2)> : tensor<3xi64>
  %h = llm.reshape %y, %s : (tensor<?x4xf32>, tensor<3xi64>) -> tensor<?x2x2xf32>
  %p = llm.softmax %h {axis = 2 : i64} : (tensor<?x2x2xf32>) -> tensor<?x2x2xf32>
  %t = llm.dims #t : tensor<2xi64>
  %z = llm.reshape %p, %t : (tensor<?x2x2xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}

// -----

// A reshape that is no transpose mixes rows: (tokens, 4) => (4, tokens).
#t = affine_map<()[s0, s1, s2, s3, s4] -> (s0, 4)>
// expected-error@+1 {{'llm.reshape' at}}
func.func @step(%x: tensor<?x4xf32> {llm.name = "x", llm.dims = #t}) -> tensor<4x?xf32>
    attributes {llm.symbols = ["tokens", "sequences", "blocks", "outputs", "pages"]} {
  %t = llm.dims affine_map<()[s0, s1, s2, s3, s4] -> (4, s0)> : tensor<2xi64>
  %z = llm.reshape %x, %t : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<4x?xf32>
  return %z : tensor<4x?xf32>
}
