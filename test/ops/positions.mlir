// RUN: %run-checks %s

// past + arange(tokens) for each of 2 sequences; past = 4 is what the cache input adds to 3 tokens
func.func @with_past() attributes {llm.symbols = ["batch", "tokens", "past"]} {
  %x = check.input dense<[[0, 0, 0], [0, 0, 0]]> : tensor<2x3xi64> sizes affine_map<()[s0, s1, s2] -> (s0, s1)> -> tensor<?x?xi64>
  %m = check.input dense<[[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1]]> : tensor<2x7xi64> sizes affine_map<()[s0, s1, s2] -> (s0, s1 + s2)> -> tensor<?x?xi64>
  %e = llm.constant dense<[[4, 5, 6], [4, 5, 6]]> : tensor<2x3xi64>
  %y = llm.positions affine_map<()[s0, s1, s2] -> (s0, s1, s2)> : tensor<?x?xi64>
  check.equal %y, %e : tensor<?x?xi64>, tensor<2x3xi64>
  %z = llm.constant dense<[2, 3]> : tensor<2xi64>
  %w = llm.constant dense<[2, 7]> : tensor<2xi64>
  %s = llm.shape_of %x : (tensor<?x?xi64>) -> tensor<2xi64>
  check.equal %s, %z : tensor<2xi64>, tensor<2xi64>
  %t = llm.shape_of %m : (tensor<?x?xi64>) -> tensor<2xi64>
  check.equal %t, %w : tensor<2xi64>, tensor<2xi64>
  return
}

// past = 0
func.func @from_zero() attributes {llm.symbols = ["batch", "tokens"]} {
  %x = check.input dense<[[0, 0]]> : tensor<1x2xi64> sizes affine_map<()[s0, s1] -> (s0, s1)> -> tensor<?x?xi64>
  %e = llm.constant dense<[[0, 1]]> : tensor<1x2xi64>
  %y = llm.positions affine_map<()[s0, s1] -> (s0, s1, 0)> : tensor<?x?xi64>
  check.equal %y, %e : tensor<?x?xi64>, tensor<1x2xi64>
  %z = llm.constant dense<[1, 2]> : tensor<2xi64>
  %s = llm.shape_of %x : (tensor<?x?xi64>) -> tensor<2xi64>
  check.equal %s, %z : tensor<2xi64>, tensor<2xi64>
  return
}
