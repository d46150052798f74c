// RUN: %run-checks %s

// table[ids]
func.func @floats() {
  %w = check.weight dense<[[0.855, -0.45, -0.282],
                                    [0.486, -0.909, 0.438],
                                    [0.199, -0.675, -1.392],
                                    [-0.226, -0.875, 1.001]]> : tensor<4x3xf32>
  %i = check.input dense<[[3, 0], [1, 3]]> : tensor<2x2xi64>
  %e = llm.constant dense<[[[-0.226, -0.875, 1.001], [0.855, -0.45, -0.282]],
                           [[0.486, -0.909, 0.438], [-0.226, -0.875, 1.001]]]> : tensor<2x2x3xf32>
  %y = llm.embedding %w, %i : (tensor<4x3xf32>, tensor<2x2xi64>) -> tensor<2x2x3xf32>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<2x2x3xf32>, tensor<2x2x3xf32>
  return
}

// a float16 table gives float16
func.func @halves() {
  %w = check.weight dense<[[0.855, -0.45, -0.282],
                                    [0.486, -0.909, 0.438],
                                    [0.199, -0.675, -1.392],
                                    [-0.226, -0.875, 1.001]]> : tensor<4x3xf16>
  %i = check.input dense<[2]> : tensor<1xi32>
  %e = llm.constant dense<[[0.199, -0.675, -1.392]]> : tensor<1x3xf16>
  %y = llm.embedding %w, %i : (tensor<4x3xf16>, tensor<1xi32>) -> tensor<1x3xf16>
  check.almost_equal %y, %e {rtol = 0.0e+00, atol = 0.0e+00} : tensor<1x3xf16>, tensor<1x3xf16>
  return
}

// a quantised table gives float32: decoded by gguf-py
func.func @q8_0() {
  %w = check.weight dense<"0x00289f5b658c8e4436e7085c4a7ed35c531188ae90922d1638ac556929149ab0f878002ca902ac5a23e86bad1e5281b2c107270ab32a482f90281c0d122078c34614312d002e6c2ebde340188afad5db149b33415a4de43c664dde751c97693acad18950dcfb"> : tensor<102xi8> -> tensor<3x32x!llm.block<q8_0>>
  %i = check.input dense<[2, 0]> : tensor<2xi64>
  %e = llm.constant dense<[[10.125, 4.3125, -6.28125, -2.71875, 6.0, 2.25, -11.0625, -0.5625, -4.03125, -3.46875,
                            1.875, -9.46875, 4.78125, 6.09375, 8.4375, 7.21875, -2.625, 5.625, 9.5625, 7.21875,
                            -3.1875, 10.96875, 2.625, -9.84375, 9.84375, 5.4375, -5.0625, -4.40625, -11.15625, 7.5,
                            -3.375, -0.46875],
                           [-3.03125, 2.84375, 3.15625, -3.625, -3.5625, 2.125, 1.6875, -0.78125, 0.25, 2.875,
                            2.3125, 3.9375, -1.40625, 2.875, 2.59375, 0.53125, -3.75, -2.5625, -3.5, -3.4375,
                            1.40625, 0.6875, 1.75, -2.625, 2.65625, 3.28125, 1.28125, 0.625, -3.1875, -2.5, -0.25,
                            3.75]]> : tensor<2x32xf32>
  %y = llm.embedding %w, %i : (tensor<3x32x!llm.block<q8_0>>, tensor<2xi64>) -> tensor<2x32xf32>
  check.almost_equal %y, %e : tensor<2x32xf32>, tensor<2x32xf32>
  return
}

// no ids
func.func @none() attributes {llm.symbols = ["n"]} {
  %w = check.weight dense<[[0.855, -0.45, -0.282],
                                    [0.486, -0.909, 0.438],
                                    [0.199, -0.675, -1.392],
                                    [-0.226, -0.875, 1.001]]> : tensor<4x3xf32>
  %i = check.input dense<> : tensor<1x0xi64> sizes affine_map<()[s0] -> (1, s0)> -> tensor<1x?xi64>
  %e = llm.constant dense<> : tensor<1x0x3xf32>
  %y = llm.embedding %w, %i : (tensor<4x3xf32>, tensor<1x?xi64>) -> tensor<1x?x3xf32>
  check.almost_equal %y, %e : tensor<1x?x3xf32>, tensor<1x0x3xf32>
  return
}
