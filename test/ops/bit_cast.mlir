// RUN: %run-checks %s

// numpy: x.view(int32)
func.func @float_bits() {
  %x = check.input dense<[[1.0, -2.0], [0.0, -0.0]]> : tensor<2x2xf32>
  %e = llm.constant dense<[[1065353216, -1073741824], [0, -2147483648]]> : tensor<2x2xi32>
  %y = llm.bit_cast %x : (tensor<2x2xf32>) -> tensor<2x2xi32>
  check.equal %y, %e : tensor<2x2xi32>, tensor<2x2xi32>
  return
}

// and back, with arithmetic on the bits in between: half the number
func.func @halved() attributes {llm.symbols = ["n"]} {
  %x = check.input dense<[1.0, 3.0, -5.5]> : tensor<3xf32> sizes affine_map<()[s0] -> (s0)> -> tensor<?xf32>
  %one = llm.constant dense<8388608> : tensor<i32>
  %e = llm.constant dense<[0.5, 1.5, -2.75]> : tensor<3xf32>
  %bits = llm.bit_cast %x : (tensor<?xf32>) -> tensor<?xi32>
  %less = llm.sub %bits, %one : (tensor<?xi32>, tensor<i32>) -> tensor<?xi32>
  %y = llm.bit_cast %less : (tensor<?xi32>) -> tensor<?xf32>
  check.almost_equal %y, %e : tensor<?xf32>, tensor<3xf32>
  return
}

// uint8 as int8
func.func @sign() {
  %x = check.input dense<[0, 127, 128, 255]> : tensor<4xui8>
  %e = llm.constant dense<[0, 127, -128, -1]> : tensor<4xi8>
  %y = llm.bit_cast %x : (tensor<4xui8>) -> tensor<4xi8>
  check.equal %y, %e : tensor<4xi8>, tensor<4xi8>
  return
}
