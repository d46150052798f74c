// RUN: %run-checks %s

// x[1:3, ::2] of numpy
func.func @strided() {
  %x = check.input dense<[[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14]]> : tensor<3x5xi64>
  %y = llm.box %x {starts = affine_map<() -> (1, 0)>, sizes = affine_map<() -> (2, 3)>, steps = array<i64: 1, 2>}
      : (tensor<3x5xi64>) -> tensor<2x3xi64>
  %e = llm.constant dense<[[5, 7, 9], [10, 12, 14]]> : tensor<2x3xi64>
  check.equal %y, %e : tensor<2x3xi64>, tensor<2x3xi64>
  return
}

// x[3:0:-1] and x[n-1::-2] of numpy, for n = 5
func.func @backwards() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<[0.0, 1.0, 2.0, 3.0, 4.0]> : tensor<5xf32> sizes affine_map<()[s0] -> (s0)> -> tensor<?xf32>
  %y = llm.box %x {starts = affine_map<()[s0] -> (3)>, sizes = affine_map<()[s0] -> (3)>, steps = array<i64: -1>}
      : (tensor<?xf32>) -> tensor<3xf32>
  %e = llm.constant dense<[3.0, 2.0, 1.0]> : tensor<3xf32>
  check.almost_equal %y, %e : tensor<3xf32>, tensor<3xf32>
  %z = llm.box %x {starts = affine_map<()[s0] -> (s0 - 1)>, sizes = affine_map<()[s0] -> ((s0 + 1) floordiv 2)>,
      steps = array<i64: -2>} : (tensor<?xf32>) -> tensor<?xf32>
  %f = llm.constant dense<[4.0, 2.0, 0.0]> : tensor<3xf32>
  check.almost_equal %z, %f : tensor<?xf32>, tensor<3xf32>
  return
}

// nothing of an empty tensor
func.func @empty() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<> : tensor<0x2xf32> sizes affine_map<()[s0] -> (s0, 2)> -> tensor<?x2xf32>
  %y = llm.box %x {starts = affine_map<()[s0] -> (0, 1)>, sizes = affine_map<()[s0] -> (s0, 1)>, steps = array<i64: 1, 1>}
      : (tensor<?x2xf32>) -> tensor<?x1xf32>
  %e = llm.constant dense<> : tensor<0x1xf32>
  check.almost_equal %y, %e : tensor<?x1xf32>, tensor<0x1xf32>
  return
}
