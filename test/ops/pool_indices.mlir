// RUN: %run-checks %s
// Expected values: torch 2.15 (max_pool with return_indices, plus the offset of the image).

// max_pool2d, kernel 2, stride 2
func.func @plane() {
  %x = check.input dense<[[[[6.75, 4.0, 4.75, -4.75], [-3.25, -3.5, 3.75, 0.5], [-4.5, 3.75, 2.0, 6.0], [1.0, -5.75,
    6.0, -4.75]], [[-6.75, 4.5, -0.75, 2.25], [-5.75, 3.25, -1.5, 7.5], [2.0, 6.75, 4.5, 5.25], [-6.25, 4.25, 1.5,
    -1.5]]]]> : tensor<1x2x4x4xf32>
  %e = llm.constant dense<[[[[0, 2], [9, 11]], [[17, 23], [25, 27]]]]> : tensor<1x2x2x2xi64>
  %y = llm.pool_indices %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
    pads = array<i64: 0, 0, 0, 0>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xi64>
  check.equal %y, %e : tensor<1x2x2x2xi64>, tensor<1x2x2x2xi64>
  return
}

// the same in column-major order: row + 4 column
func.func @column_major() {
  %x = check.input dense<[[[[6.75, 4.0, 4.75, -4.75], [-3.25, -3.5, 3.75, 0.5], [-4.5, 3.75, 2.0, 6.0], [1.0, -5.75,
    6.0, -4.75]], [[-6.75, 4.5, -0.75, 2.25], [-5.75, 3.25, -1.5, 7.5], [2.0, 6.75, 4.5, 5.25], [-6.25, 4.25, 1.5,
    -1.5]]]]> : tensor<1x2x4x4xf32>
  %e = llm.constant dense<[[[[0, 8], [6, 14]], [[20, 29], [22, 30]]]]> : tensor<1x2x2x2xi64>
  %y = llm.pool_indices %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
    pads = array<i64: 0, 0, 0, 0>, column_major} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xi64>
  check.equal %y, %e : tensor<1x2x2x2xi64>, tensor<1x2x2x2xi64>
  return
}

// the first of equal ones; padding is never chosen
func.func @ties() {
  %x = check.input dense<[[[1.0, 3.0, 3.0, 2.0, 5.0]]]> : tensor<1x1x5xf32>
  %e = llm.constant dense<[[[1, 1, 4]]]> : tensor<1x1x3xi64>
  %y = llm.pool_indices %x {kernel = array<i64: 3>, strides = array<i64: 2>, dilations = array<i64: 1>, pads =
    array<i64: 1, 1>} : (tensor<1x1x5xf32>) -> tensor<1x1x3xi64>
  check.equal %y, %e : tensor<1x1x3xi64>, tensor<1x1x3xi64>
  return
}
