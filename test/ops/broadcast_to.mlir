// RUN: %run-checks %s

// numpy.broadcast_to(x, (3, 2, 2)); which axis is broadcast along is seen at run time only
func.func @rows() attributes {llm.symbols = ["n", "m"]} {
  %x = check.input dense<[[1.0, 2.0]]> : tensor<1x2xf32> sizes affine_map<()[s0, s1] -> (s0, s1)> -> tensor<?x?xf32>
  %y = llm.broadcast_to %x {sizes = affine_map<()[s0, s1] -> (3, s1, s1)>} : (tensor<?x?xf32>) -> tensor<3x?x?xf32>
  %e = llm.constant dense<[[[1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0], [1.0, 2.0]]]> : tensor<3x2x2xf32>
  check.almost_equal %y, %e : tensor<3x?x?xf32>, tensor<3x2x2xf32>
  return
}

// the same op where nothing is broadcast, of int32
func.func @same() attributes {llm.symbols = ["n", "m"]} {
  %x = check.input dense<[[1, 2], [3, 4]]> : tensor<2x2xi32> sizes affine_map<()[s0, s1] -> (s0, s1)> -> tensor<?x?xi32>
  %y = llm.broadcast_to %x {sizes = affine_map<()[s0, s1] -> (1, s1, s1)>} : (tensor<?x?xi32>) -> tensor<1x?x?xi32>
  %e = llm.constant dense<[[[1, 2], [3, 4]]]> : tensor<1x2x2xi32>
  check.equal %y, %e : tensor<1x?x?xi32>, tensor<1x2x2xi32>
  return
}

// a column of booleans
func.func @column() {
  %x = check.input dense<[[true], [false]]> : tensor<2x1xi1>
  %y = llm.broadcast_to %x {sizes = affine_map<() -> (2, 3)>} : (tensor<2x1xi1>) -> tensor<2x3xi1>
  %e = llm.constant dense<[[true, true, true], [false, false, false]]> : tensor<2x3xi1>
  check.equal %y, %e : tensor<2x3xi1>, tensor<2x3xi1>
  return
}
