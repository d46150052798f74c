// RUN: %run-checks %s

// x[:n] of a vector, then y[:m] of what comes out, by hand: two sizes one after another
func.func @twice() attributes {llm.symbols = ["n", "m"]} {
  %x = check.input dense<[1.0, 2.0, 3.0, 4.0, 5.0]> : tensor<5xf32>
  %four = check.input dense<4> : tensor<i64>
  %one = llm.constant dense<1> : tensor<i64>
  %n = llm.size %four {symbol = "n"} : (tensor<i64>) -> tensor<i64>
  %a = llm.box %x {starts = affine_map<()[s0, s1] -> (0)>, sizes = affine_map<()[s0, s1] -> (s0)>, steps = array<i64: 1>}
      : (tensor<5xf32>) -> tensor<?xf32>
  %three = llm.sub %n, %one : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %twice = llm.add %a, %a : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %bounded = llm.min %three, %four : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %m = llm.size %bounded {symbol = "m"} : (tensor<i64>) -> tensor<i64>
  %b = llm.box %twice {starts = affine_map<()[s0, s1] -> (1)>, sizes = affine_map<()[s0, s1] -> (s1)>, steps = array<i64: 1>}
      : (tensor<?xf32>) -> tensor<?xf32>
  %e = llm.constant dense<[4.0, 6.0, 8.0]> : tensor<3xf32>
  check.almost_equal %b, %e : tensor<?xf32>, tensor<3xf32>
  return
}

// the size itself as data: it is the value
func.func @value() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<7> : tensor<i64>
  %n = llm.size %x {symbol = "n"} : (tensor<i64>) -> tensor<i64>
  %e = llm.constant dense<7> : tensor<i64>
  check.equal %n, %e : tensor<i64>, tensor<i64>
  return
}

// a known value needs no data: 3 * s0 for a vector of 2
func.func @known() attributes {llm.symbols = ["s", "n"]} {
  %x = check.input dense<[5.0, 6.0]> : tensor<2xf32> sizes affine_map<()[s0] -> (s0)> -> tensor<?xf32>
  %d = llm.dims affine_map<()[s0, s1] -> (s0 * 3)> : tensor<1xi64>
  %v = llm.squeeze %d {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %n = llm.size %v {symbol = "n"} : (tensor<i64>) -> tensor<i64>
  %one = llm.constant dense<1.0> : tensor<f32>
  %y = llm.broadcast_to %one {sizes = affine_map<()[s0, s1] -> (s1)>} : (tensor<f32>) -> tensor<?xf32>
  %e = llm.constant dense<1.0> : tensor<6xf32>
  check.almost_equal %y, %e : tensor<?xf32>, tensor<6xf32>
  return
}
