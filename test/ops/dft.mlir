// RUN: %run-checks %s
// Expected values: numpy.fft.

// five elements, real
func.func @real() {
  %x = check.input dense<[[[0.75], [0.75], [2.0], [1.0], [-0.75]], [[-0.75], [-0.75], [-1.5], [-1.75], [1.0]]]> :
    tensor<2x5x1xf32>
  %n = llm.constant dense<[5]> : tensor<1xi64>
  %e = llm.constant dense<[[[3.75, 0.0], [-1.6770509481430054, -2.0143699645996094], [1.6770509481430054,
    0.06937863677740097], [1.6770509481430054, -0.06937863677740097], [-1.6770509481430054, 2.0143699645996094]],
    [[-3.75, 0.0], [1.9565595388412476, 1.5174026489257812], [-1.9565595388412476, 1.2663882970809937],
    [-1.9565595388412476, -1.2663882970809937], [1.9565595388412476, -1.5174026489257812]]]> : tensor<2x5x2xf32>
  %y = llm.dft %x, %n {axis = 1 : i64} : (tensor<2x5x1xf32>, tensor<1xi64>) -> tensor<2x5x2xf32>
  check.almost_equal %y, %e {rtol = 1.0e-5, atol = 1.0e-5} : tensor<2x5x2xf32>, tensor<2x5x2xf32>
  return
}

// eight elements, complex
func.func @complex() {
  %x = check.input dense<[[[1.25, -1.5], [-0.5, 1.75], [1.5, 0.5], [2.0, -0.75], [1.5, 1.75], [0.5, -1.5], [-1.0,
    0.0], [-1.0, -1.75]]]> : tensor<1x8x2xf32>
  %n = llm.constant dense<[8]> : tensor<1xi64>
  %e = llm.constant dense<[[[4.25, -1.5], [0.4267767071723938, -5.573223114013672], [5.0, 0.75],
    [5.0836310386657715, -3.7552037239074707], [2.25, 3.0], [0.0732233077287674, -5.926776885986328], [-0.5, -1.25],
    [-6.5836310386657715, 2.2552037239074707]]]> : tensor<1x8x2xf32>
  %y = llm.dft %x, %n {axis = 1 : i64} : (tensor<1x8x2xf32>, tensor<1xi64>) -> tensor<1x8x2xf32>
  check.almost_equal %y, %e {rtol = 1.0e-5, atol = 1.0e-5} : tensor<1x8x2xf32>, tensor<1x8x2xf32>
  return
}

// inverse
func.func @inverse() {
  %x = check.input dense<[[[1.25, -1.5], [-0.5, 1.75], [1.5, 0.5], [2.0, -0.75], [1.5, 1.75], [0.5, -1.5], [-1.0,
    0.0], [-1.0, -1.75]]]> : tensor<1x8x2xf32>
  %n = llm.constant dense<[8]> : tensor<1xi64>
  %e = llm.constant dense<[[[0.53125, -0.1875], [-0.8229538798332214, 0.28190046548843384], [-0.0625, -0.15625],
    [0.009152913466095924, -0.740847110748291], [0.28125, 0.375], [0.6354538798332214, -0.46940046548843384], [0.625,
    0.09375], [0.053347088396549225, -0.696652889251709]]]> : tensor<1x8x2xf32>
  %y = llm.dft %x, %n {axis = 1 : i64, inverse} : (tensor<1x8x2xf32>, tensor<1xi64>) -> tensor<1x8x2xf32>
  check.almost_equal %y, %e {rtol = 1.0e-5, atol = 1.0e-5} : tensor<1x8x2xf32>, tensor<1x8x2xf32>
  return
}

// cut to 6
func.func @cut() {
  %x = check.input dense<[[[1.25, -1.5], [-0.5, 1.75], [1.5, 0.5], [2.0, -0.75], [1.5, 1.75], [0.5, -1.5], [-1.0,
    0.0], [-1.0, -1.75]]]> : tensor<1x8x2xf32>
  %n = llm.constant dense<[6]> : tensor<1xi64>
  %e = llm.constant dense<[[[6.25, 0.25], [-0.5179491639137268, -0.8839746117591858], [5.647114276885986,
    -2.633974552154541], [2.25, 1.25], [-2.1471142768859863, -4.366025447845459], [-3.982050895690918,
    -2.616025447845459]]]> : tensor<1x6x2xf32>
  %y = llm.dft %x, %n {axis = 1 : i64} : (tensor<1x8x2xf32>, tensor<1xi64>) -> tensor<1x6x2xf32>
  check.almost_equal %y, %e {rtol = 1.0e-5, atol = 1.0e-5} : tensor<1x6x2xf32>, tensor<1x6x2xf32>
  return
}

// filled to 7, axis 1 of 4, one side, f64
func.func @filled() {
  %x = check.input dense<[[[[-1.5], [2.0]], [[-0.5], [0.25]], [[-0.25], [1.25]]]]> : tensor<1x3x2x1xf64>
  %n = llm.constant dense<[7]> : tensor<1xi64>
  %e = llm.constant dense<[[[[-2.25, 0.0], [3.5, 0.0]], [[-1.7561147212982178, 0.6346477270126343],
    [1.8777213096618652, -1.4141178131103516]], [[-1.1634973287582397, 0.37899303436279297], [0.8181586861610413,
    0.2986226975917816]], [[-1.205388069152832, 0.021483998745679855], [2.5541200637817383, 0.8688184022903442]]]]> :
    tensor<1x4x2x2xf64>
  %y = llm.dft %x, %n {axis = 1 : i64, onesided} : (tensor<1x3x2x1xf64>, tensor<1xi64>) -> tensor<1x4x2x2xf64>
  check.almost_equal %y, %e {rtol = 1.0e-5, atol = 1.0e-5} : tensor<1x4x2x2xf64>, tensor<1x4x2x2xf64>
  return
}

// irfft to 6
func.func @half() {
  %x = check.input dense<[[[-1.75, -1.0], [0.25, 1.25], [-0.25, 0.75], [1.25, 0.5]]]> : tensor<1x4x2xf32>
  %n = llm.constant dense<[6]> : tensor<1xi64>
  %e = llm.constant dense<[[[-0.0833333358168602], [-0.9940170049667358], [-0.22767090797424316],
    [-0.6666666865348816], [0.06100423261523247], [0.16068361699581146]]]> : tensor<1x6x1xf32>
  %y = llm.dft %x, %n {axis = 1 : i64, inverse, onesided} : (tensor<1x4x2xf32>, tensor<1xi64>) -> tensor<1x6x1xf32>
  check.almost_equal %y, %e {rtol = 1.0e-5, atol = 1.0e-5} : tensor<1x6x1xf32>, tensor<1x6x1xf32>
  return
}

// irfft to 7
func.func @odd_half() {
  %x = check.input dense<[[[-1.75, -1.0], [0.25, 1.25], [-0.25, 0.75], [1.25, 0.5]]]> : tensor<1x4x2xf32>
  %n = llm.constant dense<[7]> : tensor<1xi64>
  %e = llm.constant dense<[[[0.1071428656578064], [-1.0614674091339111], [-0.12238773703575134],
    [-0.5650602579116821], [-0.31166312098503113], [0.16465874016284943], [0.038776807487010956]]]> : tensor<1x7x1xf32>
  %y = llm.dft %x, %n {axis = 1 : i64, inverse, onesided} : (tensor<1x4x2xf32>, tensor<1xi64>) -> tensor<1x7x1xf32>
  check.almost_equal %y, %e {rtol = 1.0e-5, atol = 1.0e-5} : tensor<1x7x1xf32>, tensor<1x7x1xf32>
  return
}
