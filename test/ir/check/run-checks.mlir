// What run-checks reports: the place, the first element that differs, how many do, and failures of the evaluation.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics --run-checks=backend=reference

func.func @one_element() {
  %x = check.input dense<[[1.0, -2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %e = llm.constant dense<[[1.0, 2.0], [3.0, 4.5]]> : tensor<2x2xf32>
  %y = llm.abs %x : (tensor<2x2xf32>) -> tensor<2x2xf32>
  // expected-error@+1 {{reference: element [1, 1] is 4, expected 4.5}}
  check.almost_equal %y, %e : tensor<2x2xf32>, tensor<2x2xf32>
  return
}

// -----

func.func @several() {
  %x = check.input dense<[1, 2, 3]> : tensor<3xi64>
  %e = llm.constant dense<[1, -2, -3]> : tensor<3xi64>
  // expected-error@+1 {{reference: element [1] is 2, expected -2; 2 of 3 elements differ}}
  check.equal %x, %e : tensor<3xi64>, tensor<3xi64>
  return
}

// -----

func.func @infinity_is_not_near() {
  %x = check.input dense<3.0e38> : tensor<1xf32>
  %e = llm.constant dense<0x7F800000> : tensor<1xf32>
  // expected-error@+1 {{reference: element [0] is 3.00000001e+38, expected inf}}
  check.almost_equal %x, %e {rtol = 1.0, atol = 1.0e38} : tensor<1xf32>, tensor<1xf32>
  return
}

// -----

func.func @nan_is_not_a_number() {
  %x = check.input dense<0x7FC00000> : tensor<1xf32>
  %e = llm.constant dense<0.0> : tensor<1xf32>
  // expected-error@+1 {{reference: element [0] is nan, expected 0}}
  check.almost_equal %x, %e {atol = 1.0e38} : tensor<1xf32>, tensor<1xf32>
  return
}

// -----

func.func @shapes() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<1.0> : tensor<2xf32> sizes affine_map<()[s0] -> (s0)> -> tensor<?xf32>
  %e = llm.constant dense<1.0> : tensor<3xf32>
  // expected-error@+1 {{reference: got F32[2], expected F32[3]}}
  check.almost_equal %x, %e : tensor<?xf32>, tensor<3xf32>
  return
}

// -----

// expected-error@+1 {{llm.div at}}
func.func @evaluation_fails() {
  %x = check.input dense<1> : tensor<1xi64>
  %z = check.input dense<0> : tensor<1xi64>
  %y = llm.div %x, %z : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  check.equal %y, %x : tensor<1xi64>, tensor<1xi64>
  return
}

// -----

// expected-error@+1 {{has no function without arguments that holds checks}}
module {
  func.func @no_checks(%x: tensor<1xf32>) {
    return
  }
}
