// RUN: %run-checks %s

// x.shape
func.func @shape() {
  %x = check.input dense<> : tensor<2x0x3xf32> sizes affine_map<()[s0] -> (2, s0, 3)> -> tensor<2x?x3xf32>
  %e = llm.constant dense<[2, 0, 3]> : tensor<3xi64>
  %y = llm.shape_of %x : (tensor<2x?x3xf32>) -> tensor<3xi64>
  check.equal %y, %e : tensor<3xi64>, tensor<3xi64>
  return
}

// no axes
func.func @scalar() {
  %x = check.input dense<1.0> : tensor<f32>
  %e = llm.constant dense<> : tensor<0xi64>
  %y = llm.shape_of %x : (tensor<f32>) -> tensor<0xi64>
  check.equal %y, %e : tensor<0xi64>, tensor<0xi64>
  return
}
