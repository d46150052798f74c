// RUN: lathe-opt %s --quantize-activations | FileCheck %s --check-prefix=AUTO
// RUN: lathe-opt %s --quantize-activations=compute=f32 | FileCheck %s --check-prefix=F32
// RUN: not lathe-opt %s --quantize-activations=compute=int3 2>&1 | FileCheck %s --check-prefix=WRONG

// WRONG: error: unknown compute type 'int3'; known: f32, int8, auto
// AUTO-LABEL: @two
// AUTO: llm.linear {{.*}} {int8_activations}
// AUTO-SAME: !llm.block<q4_1>
// AUTO: llm.linear
// AUTO-NOT: int8_activations
// F32-NOT: int8_activations
func.func @two(%x: tensor<?x32xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %a = llm.weight @a : tensor<4x32x!llm.block<q4_1>>
  %b = llm.weight @b : tensor<4x32xf16>
  %0 = llm.linear %x, %a : (tensor<?x32xf32>, tensor<4x32x!llm.block<q4_1>>) -> tensor<?x4xf32>
  %1 = llm.linear %x, %b : (tensor<?x32xf32>, tensor<4x32xf16>) -> tensor<?x4xf32>
  return %0, %1 : tensor<?x4xf32>, tensor<?x4xf32>
}
