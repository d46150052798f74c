// RUN: lathe-opt %s --verify-quantized --verify-diagnostics

func.func @two(%x: tensor<?x32xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %a = llm.weight @a : tensor<4x32x!llm.block<q8_0>>
  %b = llm.weight @b : tensor<4x32xf32>
  %0 = llm.linear %x, %a {int8_activations} : (tensor<?x32xf32>, tensor<4x32x!llm.block<q8_0>>) -> tensor<?x4xf32>
  // expected-error @+1 {{has int8 activations but a weight of 'tensor<4x32xf32>'}}
  %1 = llm.linear %x, %b {int8_activations} : (tensor<?x32xf32>, tensor<4x32xf32>) -> tensor<?x4xf32>
  return %0, %1 : tensor<?x4xf32>, tensor<?x4xf32>
}
