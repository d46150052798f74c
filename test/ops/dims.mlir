// RUN: %run-checks %s

// batch = 2 and tokens = 3 from the input; sums, products, quotients and constants of them
func.func @expressions() attributes {llm.symbols = ["batch", "tokens"]} {
  %x = check.input dense<[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<2x3xf32> sizes affine_map<()[s0, s1] -> (s0, s1)> -> tensor<?x?xf32>
  %e = llm.constant dense<[6, 4, 9, 1, 2, 1, 64]> : tensor<7xi64>
  %y = llm.dims affine_map<()[s0, s1] -> (s0 * s1, s1 + 1, s1 * 4 - 3, s1 floordiv s0, s1 ceildiv s0, s1 mod s0, 64)> : tensor<7xi64>
  check.equal %y, %e : tensor<7xi64>, tensor<7xi64>
  %f = llm.constant dense<[2, 3]> : tensor<2xi64>
  %s = llm.shape_of %x : (tensor<?x?xf32>) -> tensor<2xi64>
  check.equal %s, %f : tensor<2xi64>, tensor<2xi64>
  return
}

// an input of (past + tokens) tells past when tokens is known: past = 5
func.func @solved() attributes {llm.symbols = ["past", "tokens"]} {
  %x = check.input dense<[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]> : tensor<7xf32> sizes affine_map<()[s0, s1] -> (s0 + s1)> -> tensor<?xf32>
  %t = check.input dense<[0, 0]> : tensor<2xi64> sizes affine_map<()[s0, s1] -> (s1)> -> tensor<?xi64>
  %e = llm.constant dense<[5, 2]> : tensor<2xi64>
  %y = llm.dims affine_map<()[s0, s1] -> (s0, s1)> : tensor<2xi64>
  check.equal %y, %e : tensor<2xi64>, tensor<2xi64>
  %f = llm.constant dense<[7]> : tensor<1xi64>
  %s = llm.shape_of %x : (tensor<?xf32>) -> tensor<1xi64>
  check.equal %s, %f : tensor<1xi64>, tensor<1xi64>
  return
}
