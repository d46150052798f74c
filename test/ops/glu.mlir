// RUN: %run-checks %s

// g / (1 + exp(-g)) * u
func.func @silu() {
  %g = check.input dense<[[0.947, -2.67, 1.275, -0.061], [0.969, 3.201, -4.562, 0.522]]> : tensor<2x4xf32>
  %u = check.input dense<[[-1.099, 0.592, -1.313, -0.495], [0.203, 0.614, 0.075, -0.793]]> : tensor<2x4xf32>
  %e = llm.constant dense<[[-0.7498745, -0.10237326, -1.3084527, 0.014637169],
                           [0.14259686, 1.8885111, -0.003535527, -0.25979885]]> : tensor<2x4xf32>
  %y = llm.glu silu, %g, %u : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  check.almost_equal %y, %e : tensor<2x4xf32>, tensor<2x4xf32>
  return
}

// g * (1 + math.erf(g / sqrt(2))) / 2 * u
func.func @gelu() {
  %g = check.input dense<[[0.947, -2.67, 1.275, -0.061], [0.969, 3.201, -4.562, 0.522]]> : tensor<2x4xf32>
  %u = check.input dense<[[-1.099, 0.592, -1.313, -0.495], [0.203, 0.614, 0.075, -0.793]]> : tensor<2x4xf32>
  %e = llm.constant dense<[[-0.86193144, -0.0059946747, -1.5047345, 0.014363146],
                           [0.164, 1.9640682, -8.6681473e-07, -0.2894165]]> : tensor<2x4xf32>
  %y = llm.glu gelu, %g, %u : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  check.almost_equal %y, %e : tensor<2x4xf32>, tensor<2x4xf32>
  return
}

// g * (1 + tanh(sqrt(2 / pi) * (g + 0.044715 * g**3))) / 2 * u
func.func @gelu_tanh() {
  %g = check.input dense<[[0.947, -2.67, 1.275, -0.061], [0.969, 3.201, -4.562, 0.522]]> : tensor<2x4xf32>
  %u = check.input dense<[[-1.099, 0.592, -1.313, -0.495], [0.203, 0.614, 0.075, -0.793]]> : tensor<2x4xf32>
  %e = llm.constant dense<[[-0.8617842, -0.0057149185, -1.5044359, 0.014363148],
                           [0.16397123, 1.9642701, -2.693943e-07, -0.28940052]]> : tensor<2x4xf32>
  %y = llm.glu gelu_tanh, %g, %u : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  check.almost_equal %y, %e : tensor<2x4xf32>, tensor<2x4xf32>
  return
}

// maximum(g, 0) * u
func.func @relu() {
  %g = check.input dense<[[0.947, -2.67, 1.275, -0.061], [0.969, 3.201, -4.562, 0.522]]> : tensor<2x4xf32>
  %u = check.input dense<[[-1.099, 0.592, -1.313, -0.495], [0.203, 0.614, 0.075, -0.793]]> : tensor<2x4xf32>
  %e = llm.constant dense<[[-1.040753, 0.0, -1.6740749, -0.0],
                           [0.196707, 1.965414, 0.0, -0.413946]]> : tensor<2x4xf32>
  %y = llm.glu relu, %g, %u : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  check.almost_equal %y, %e : tensor<2x4xf32>, tensor<2x4xf32>
  return
}

// u / (1 + exp(-g))
func.func @sigmoid() {
  %g = check.input dense<[[0.947, -2.67, 1.275, -0.061], [0.969, 3.201, -4.562, 0.522]]> : tensor<2x4xf32>
  %u = check.input dense<[[-1.099, 0.592, -1.313, -0.495], [0.203, 0.614, 0.075, -0.793]]> : tensor<2x4xf32>
  %e = llm.constant dense<[[-0.7918421, 0.038342044, -1.0262375, -0.23995359],
                           [0.14715879, 0.58997536, 0.000774995, -0.49769893]]> : tensor<2x4xf32>
  %y = llm.glu sigmoid, %g, %u : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  check.almost_equal %y, %e : tensor<2x4xf32>, tensor<2x4xf32>
  return
}

// one operand: its first half is the gate
func.func @halves_of_one() {
  %x = check.input dense<[[0.947, -2.67, 1.275, -0.061, -1.099, 0.592, -1.313, -0.495],
                           [0.969, 3.201, -4.562, 0.522, 0.203, 0.614, 0.075, -0.793]]> : tensor<2x8xf32>
  %e = llm.constant dense<[[-0.7498745, -0.10237326, -1.3084527, 0.014637169],
                           [0.14259686, 1.8885111, -0.003535527, -0.25979885]]> : tensor<2x4xf32>
  %y = llm.glu silu, %x : (tensor<2x8xf32>) -> tensor<2x4xf32>
  check.almost_equal %y, %e : tensor<2x4xf32>, tensor<2x4xf32>
  return
}

// rounded once
func.func @float16() {
  %g = check.input dense<[[0.947, -2.67, 1.275, -0.061], [0.969, 3.201, -4.562, 0.522]]> : tensor<2x4xf16>
  %u = check.input dense<[[-1.099, 0.592, -1.313, -0.495], [0.203, 0.614, 0.075, -0.793]]> : tensor<2x4xf16>
  %e = llm.constant dense<[[-0.7495, -0.10236, -1.31, 0.01464],
                           [0.1427, 1.888, -0.003534, -0.2598]]> : tensor<2x4xf16>
  %y = llm.glu silu, %g, %u : (tensor<2x4xf16>, tensor<2x4xf16>) -> tensor<2x4xf16>
  check.almost_equal %y, %e {rtol = 1.0e-03, atol = 1.0e-07} : tensor<2x4xf16>, tensor<2x4xf16>
  return
}
