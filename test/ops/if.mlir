// RUN: %run-checks %s

// x + x or x[1:], the second of another size
func.func private @twice(%x: tensor<?xf32> {llm.dims = affine_map<()[s0] -> (s0)>, llm.name = "x"})
    -> (tensor<?xf32> {llm.name = "y"}) attributes {llm.symbols = ["n"]} {
  %y = llm.add %x, %x : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
func.func private @rest(%x: tensor<?xf32> {llm.dims = affine_map<()[s0] -> (s0)>, llm.name = "x"})
    -> (tensor<?xf32> {llm.name = "y"}) attributes {llm.symbols = ["n"]} {
  %one = llm.constant dense<1> : tensor<1xi64>
  %end = llm.constant dense<9223372036854775807> : tensor<1xi64>
  %y = llm.slice %x, %one, %end {axes = array<i64: 0>, steps = array<i64: 1>}
      : (tensor<?xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

func.func @true() attributes {llm.symbols = ["n", "u"]} {
  %x = check.input dense<[1.0, 2.0, 3.0]> : tensor<3xf32> sizes affine_map<()[s0, s1] -> (s0)> -> tensor<?xf32>
  %c = check.input dense<true> : tensor<i1>
  %y = llm.if %c, %x {then = @twice, otherwise = @rest, symbols = ["u"], sizes = [affine_map<()[s0, s1] -> (s1)>]}
      : (tensor<i1>, tensor<?xf32>) -> tensor<?xf32>
  %e = llm.constant dense<[2.0, 4.0, 6.0]> : tensor<3xf32>
  check.almost_equal %y, %e : tensor<?xf32>, tensor<3xf32>
  return
}

// what comes out is computed with: (x[1:]) * (x[1:])
func.func @false() attributes {llm.symbols = ["n", "u"]} {
  %x = check.input dense<[1.0, 2.0, 3.0]> : tensor<3xf32> sizes affine_map<()[s0, s1] -> (s0)> -> tensor<?xf32>
  %c = check.input dense<false> : tensor<i1>
  %y = llm.if %c, %x {then = @twice, otherwise = @rest, symbols = ["u"], sizes = [affine_map<()[s0, s1] -> (s1)>]}
      : (tensor<i1>, tensor<?xf32>) -> tensor<?xf32>
  %z = llm.mul %y, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %e = llm.constant dense<[4.0, 9.0]> : tensor<2xf32>
  check.almost_equal %z, %e : tensor<?xf32>, tensor<2xf32>
  return
}
