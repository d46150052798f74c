// RUN: %run-checks %s

// numpy: a & b, a | b, a ^ b of int32
func.func @logic() {
  %a = check.input dense<[12, -1, 6, -8]> : tensor<4xi32>
  %b = check.input dense<[10, 7, -4, 3]> : tensor<4xi32>
  %and = llm.constant dense<[8, 7, 4, 0]> : tensor<4xi32>
  %or = llm.constant dense<[14, -1, -2, -5]> : tensor<4xi32>
  %xor = llm.constant dense<[6, -8, -6, -5]> : tensor<4xi32>
  %0 = llm.bitwise and, %a, %b : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  %1 = llm.bitwise or, %a, %b : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  %2 = llm.bitwise xor, %a, %b : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  check.equal %0, %and : tensor<4xi32>, tensor<4xi32>
  check.equal %1, %or : tensor<4xi32>, tensor<4xi32>
  check.equal %2, %xor : tensor<4xi32>, tensor<4xi32>
  return
}

// numpy, uint8 (2, 1) with (3)
func.func @broadcast() {
  %a = check.input dense<[[240], [129]]> : tensor<2x1xui8>
  %b = check.input dense<[255, 15, 128]> : tensor<3xui8>
  %e = llm.constant dense<[[240, 0, 128], [129, 1, 128]]> : tensor<2x3xui8>
  %y = llm.bitwise and, %a, %b : (tensor<2x1xui8>, tensor<3xui8>) -> tensor<2x3xui8>
  check.equal %y, %e : tensor<2x3xui8>, tensor<2x3xui8>
  return
}

// ONNX BitShift (28), signed: the sign fills from the left; bits shifted out are lost; by -1 and by 8 only the fill is left
func.func @shift_signed() {
  %a = check.input dense<[-16, 100, 64, -128, -3, 3, -3, 3]> : tensor<8xi8>
  %b = check.input dense<[2, 3, 1, 7, 8, 8, -1, -1]> : tensor<8xi8>
  %right = llm.constant dense<[-4, 12, 32, -1, -1, 0, -1, 0]> : tensor<8xi8>
  %left = llm.constant dense<[-64, 32, -128, 0, 0, 0, 0, 0]> : tensor<8xi8>
  %0 = llm.bitwise shift_right, %a, %b : (tensor<8xi8>, tensor<8xi8>) -> tensor<8xi8>
  %1 = llm.bitwise shift_left, %a, %b : (tensor<8xi8>, tensor<8xi8>) -> tensor<8xi8>
  check.equal %0, %right : tensor<8xi8>, tensor<8xi8>
  check.equal %1, %left : tensor<8xi8>, tensor<8xi8>
  return
}

// numpy, uint64: zeros fill; by 64 nothing is left
func.func @shift_unsigned() {
  %a = check.input dense<[9223372036854775808, 16, 1, 1]> : tensor<4xui64>
  %b = check.input dense<[63, 4, 63, 64]> : tensor<4xui64>
  %right = llm.constant dense<[1, 1, 0, 0]> : tensor<4xui64>
  %left = llm.constant dense<[0, 256, 9223372036854775808, 0]> : tensor<4xui64>
  %0 = llm.bitwise shift_right, %a, %b : (tensor<4xui64>, tensor<4xui64>) -> tensor<4xui64>
  %1 = llm.bitwise shift_left, %a, %b : (tensor<4xui64>, tensor<4xui64>) -> tensor<4xui64>
  check.equal %0, %right : tensor<4xui64>, tensor<4xui64>
  check.equal %1, %left : tensor<4xui64>, tensor<4xui64>
  return
}
