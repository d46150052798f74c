// RUN: %run-checks %s

// numpy.unique(x, return_index=True, return_inverse=True, return_counts=True)
func.func @sorted() {
  %x = check.input dense<[2.0, 1.0, 1.0, 3.0, 4.0, 3.0]> : tensor<6xf32>
  %f, %i, %c, %n = llm.unique %x {axis = 0 : i64, sorted} : (tensor<6xf32>)
      -> (tensor<6xi64>, tensor<6xi64>, tensor<6xi64>, tensor<i64>)
  %ef = llm.constant dense<[1, 0, 3, 4, 0, 0]> : tensor<6xi64>
  %ei = llm.constant dense<[1, 0, 0, 2, 3, 2]> : tensor<6xi64>
  %ec = llm.constant dense<[2, 1, 2, 1, 0, 0]> : tensor<6xi64>
  %en = llm.constant dense<4> : tensor<i64>
  check.equal %f, %ef : tensor<6xi64>, tensor<6xi64>
  check.equal %i, %ei : tensor<6xi64>, tensor<6xi64>
  check.equal %c, %ec : tensor<6xi64>, tensor<6xi64>
  check.equal %n, %en : tensor<i64>, tensor<i64>
  return
}

// in the order in which they come, by hand
func.func @as_they_come() {
  %x = check.input dense<[5, 3, 5, 9, 3]> : tensor<5xi32>
  %f, %i, %c, %n = llm.unique %x {axis = 0 : i64} : (tensor<5xi32>)
      -> (tensor<5xi64>, tensor<5xi64>, tensor<5xi64>, tensor<i64>)
  %ef = llm.constant dense<[0, 1, 3, 0, 0]> : tensor<5xi64>
  %ei = llm.constant dense<[0, 1, 0, 2, 1]> : tensor<5xi64>
  %ec = llm.constant dense<[2, 2, 1, 0, 0]> : tensor<5xi64>
  check.equal %f, %ef : tensor<5xi64>, tensor<5xi64>
  check.equal %i, %ei : tensor<5xi64>, tensor<5xi64>
  check.equal %c, %ec : tensor<5xi64>, tensor<5xi64>
  return
}

// columns: numpy.unique([[1, 0, 1], [2, 3, 2]], axis=1) is [[0, 1], [3, 2]], inverse [1, 0, 1]
func.func @columns() {
  %x = check.input dense<[[1, 0, 1], [2, 3, 2]]> : tensor<2x3xi64>
  %f, %i, %c, %n = llm.unique %x {axis = 1 : i64, sorted} : (tensor<2x3xi64>)
      -> (tensor<3xi64>, tensor<3xi64>, tensor<3xi64>, tensor<i64>)
  %ef = llm.constant dense<[1, 0, 0]> : tensor<3xi64>
  %ei = llm.constant dense<[1, 0, 1]> : tensor<3xi64>
  check.equal %f, %ef : tensor<3xi64>, tensor<3xi64>
  check.equal %i, %ei : tensor<3xi64>, tensor<3xi64>
  return
}

// nothing
func.func @empty() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<> : tensor<0xf32> sizes affine_map<()[s0] -> (s0)> -> tensor<?xf32>
  %f, %i, %c, %n = llm.unique %x {axis = 0 : i64, sorted} : (tensor<?xf32>)
      -> (tensor<?xi64>, tensor<?xi64>, tensor<?xi64>, tensor<i64>)
  %ei = llm.constant dense<> : tensor<0xi64>
  %en = llm.constant dense<0> : tensor<i64>
  check.equal %i, %ei : tensor<?xi64>, tensor<0xi64>
  check.equal %n, %en : tensor<i64>, tensor<i64>
  return
}
