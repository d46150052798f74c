// RUN: lathe-opt --fold-constants --canonicalize %s | FileCheck %s
// RUN: lathe-opt --fold-constants=max-elements=2 %s | FileCheck %s --check-prefix=SMALL

// 1 / 10000^(x / 4) for x = 0, 2: 1 and 0.01.
// CHECK-LABEL: @inverse_frequencies
// CHECK-NEXT: %[[F:.*]] = llm.constant dense<[1.000000e+00, 0.00999999977]> : tensor<2xf32>
// CHECK: return %[[F]]
func.func @inverse_frequencies() -> tensor<2xf32> {
  %x = llm.constant dense<[0, 2]> : tensor<2xi64>
  %four = llm.constant dense<4.0> : tensor<f32>
  %base = llm.constant dense<10000.0> : tensor<f32>
  %one = llm.constant dense<1.0> : tensor<f32>
  %f = llm.cast %x : (tensor<2xi64>) -> tensor<2xf32>
  %e = llm.div %f, %four : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %p = llm.pow %base, %e : (tensor<f32>, tensor<2xf32>) -> tensor<2xf32>
  %i = llm.div %one, %p : (tensor<f32>, tensor<2xf32>) -> tensor<2xf32>
  return %i : tensor<2xf32>
}

// CHECK-LABEL: @range
// CHECK: llm.constant dense<[3, 4, 5]> : tensor<3xi32>
// SMALL-LABEL: @range
// SMALL: llm.range
func.func @range() -> tensor<3xi32> {
  %a = llm.constant dense<3> : tensor<i32>
  %b = llm.constant dense<6> : tensor<i32>
  %d = llm.constant dense<1> : tensor<i32>
  %r = llm.range %a, %b, %d : (tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<3xi32>
  return %r : tensor<3xi32>
}

// Weights are evaluated when they are packed; an input is not known.
// CHECK-LABEL: @left_alone
// CHECK: llm.transpose
// CHECK: llm.mul %arg0
func.func @left_alone(%x: tensor<2xf32>) -> (tensor<8x4xf32>, tensor<2xf32>) {
  %w = llm.weight @w : tensor<4x8xf32>
  %t = llm.transpose %w {permutation = array<i64: 1, 0>} : (tensor<4x8xf32>) -> tensor<8x4xf32>
  %c = llm.constant dense<3.0> : tensor<f32>
  %y = llm.mul %x, %c : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return %t, %y : tensor<8x4xf32>, tensor<2xf32>
}
