// RUN: %run-checks %s

// s = s * 2 + i while s < 20: 1, 2, 5, 12, 27; the parts are the values after each iteration
func.func private @grow(%i: tensor<i64> {llm.dims = affine_map<() -> ()>, llm.name = "i"},
                        %c: tensor<i1> {llm.dims = affine_map<() -> ()>, llm.name = "c"},
                        %s: tensor<i64> {llm.dims = affine_map<() -> ()>, llm.name = "s"})
    -> (tensor<i1> {llm.name = "again"}, tensor<i64> {llm.name = "next"}, tensor<i64> {llm.name = "part"})
    attributes {llm.symbols = []} {
  %twice = llm.add %s, %s : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %next = llm.add %twice, %i : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %most = llm.constant dense<20> : tensor<i64>
  %again = llm.compare lt, %next, %most : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %part = llm.cast %next : (tensor<i64>) -> tensor<i64>
  return %again, %next, %part : tensor<i1>, tensor<i64>, tensor<i64>
}

func.func @until() attributes {llm.symbols = ["u"]} {
  %limit = check.input dense<100> : tensor<i64>
  %true = check.input dense<true> : tensor<i1>
  %s = check.input dense<1> : tensor<i64>
  %last, %all = llm.loop %limit, %true, %s {body = @grow, carried = 1 : i64, symbols = ["u"],
      sizes = [affine_map<()[s0] -> ()>, affine_map<()[s0] -> (s0)>]}
      : (tensor<i64>, tensor<i1>, tensor<i64>) -> (tensor<i64>, tensor<?xi64>)
  %e = llm.constant dense<27> : tensor<i64>
  %f = llm.constant dense<[2, 5, 12, 27]> : tensor<4xi64>
  check.equal %last, %e : tensor<i64>, tensor<i64>
  check.equal %all, %f : tensor<?xi64>, tensor<4xi64>
  return
}

// no iteration: the carried value stays, and nothing is stacked
func.func @never() attributes {llm.symbols = ["u"]} {
  %limit = check.input dense<0> : tensor<i64>
  %true = check.input dense<true> : tensor<i1>
  %s = check.input dense<3> : tensor<i64>
  %last, %all = llm.loop %limit, %true, %s {body = @grow, carried = 1 : i64, symbols = ["u"],
      sizes = [affine_map<()[s0] -> ()>, affine_map<()[s0] -> (s0)>]}
      : (tensor<i64>, tensor<i1>, tensor<i64>) -> (tensor<i64>, tensor<?xi64>)
  %e = llm.constant dense<3> : tensor<i64>
  %f = llm.constant dense<> : tensor<0xi64>
  check.equal %last, %e : tensor<i64>, tensor<i64>
  check.equal %all, %f : tensor<?xi64>, tensor<0xi64>
  return
}

// x = concat(x, y) three times: a carried value that grows, and one that is only read
func.func private @append(%i: tensor<i64> {llm.dims = affine_map<() -> ()>, llm.name = "i"},
                          %c: tensor<i1> {llm.dims = affine_map<() -> ()>, llm.name = "c"},
                          %x: tensor<?xf32> {llm.dims = affine_map<()[s0, s1] -> (s0)>, llm.name = "x"},
                          %y: tensor<?xf32> {llm.dims = affine_map<()[s0, s1] -> (s1)>, llm.name = "y"})
    -> (tensor<i1> {llm.name = "again"}, tensor<?xf32> {llm.name = "next"}) attributes {llm.symbols = ["carried", "n"]} {
  %next = llm.concat %x, %y {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %again = llm.cast %c : (tensor<i1>) -> tensor<i1>
  return %again, %next : tensor<i1>, tensor<?xf32>
}

func.func @grows() attributes {llm.symbols = ["n", "u"]} {
  %limit = check.input dense<3> : tensor<i64>
  %true = check.input dense<true> : tensor<i1>
  %y = check.input dense<[1.0, 2.0]> : tensor<2xf32> sizes affine_map<()[s0, s1] -> (s0)> -> tensor<?xf32>
  %x = llm.add %y, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %r = llm.loop %limit, %true, %x, %y {body = @append, carried = 1 : i64, symbols = ["u"],
      sizes = [affine_map<()[s0, s1] -> (s1)>]}
      : (tensor<i64>, tensor<i1>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %e = llm.constant dense<[2.0, 4.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]> : tensor<8xf32>
  check.almost_equal %r, %e : tensor<?xf32>, tensor<8xf32>
  return
}
