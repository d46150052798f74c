// Types and attributes print as they are written.
// RUN: lathe-opt %s | lathe-opt | FileCheck %s
// RUN: lathe-opt %s --mlir-print-op-generic | lathe-opt | FileCheck %s

// CHECK-DAG: #map{{[0-9]*}} = affine_map<()[s0, s1] -> (s0, s1, 0)>
// CHECK-DAG: #map{{[0-9]*}} = affine_map<()[s0] -> (s0)>
// CHECK: func.func @types
// CHECK-SAME: tensor<4x32x!llm.block<q4_1>>
// CHECK-SAME: !llm.kv_cache<3 x 64 x f16, page 64>
// CHECK-SAME: !llm.kv_cache<3 x 64 x bf16, page 32, window 4096>
// CHECK-SAME: {llm.dims = affine_map<()[s0] -> (s0 + 1)>, llm.name = "x"}
// CHECK-SAME: llm.symbols = ["n"]
func.func @types(%a: tensor<4x32x!llm.block<q4_1>>, %b: !llm.kv_cache<3 x 64 x f16, page 64>,
                 %c: !llm.kv_cache<3 x 64 x bf16, page 32, window 4096>,
                 %x: tensor<?xf32> {llm.name = "x", llm.dims = affine_map<()[s0] -> (s0 + 1)>}) attributes {llm.symbols = ["n"]} {
  return
}

// CHECK: func.func @attributes
func.func @attributes(%x: tensor<2x8xf32>, %q: tensor<1x2x4x8xf32>, %p: tensor<1x2xi64>) {
  // CHECK: llm.weight @blk.0.attn_q.weight : tensor<8x8xf16>
  %w = llm.weight @"blk.0.attn_q.weight" : tensor<8x8xf16>
  // CHECK: llm.compare le, %{{.*}}, %{{.*}} : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xi1>
  %0 = llm.compare le, %x, %x : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xi1>
  // CHECK: llm.reduce mean, %{{.*}} {axes = array<i64: 1>, keep} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = llm.reduce mean, %x {axes = array<i64: 1>, keep} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  // CHECK: llm.glu gelu_tanh, %{{.*}} : (tensor<2x8xf32>) -> tensor<2x4xf32>
  %2 = llm.glu gelu_tanh, %x : (tensor<2x8xf32>) -> tensor<2x4xf32>
  // CHECK: llm.linear %{{.*}}, %{{.*}} {int8_activations} : (tensor<2x8xf32>, tensor<8x8xf16>) -> tensor<2x8xf32>
  %3 = llm.linear %x, %w {int8_activations} : (tensor<2x8xf32>, tensor<8x8xf16>) -> tensor<2x8xf32>
  // CHECK: llm.rope %{{.*}}, %{{.*}} {base = 5.000000e+05 : f32, dims = 8 : i64, interleaved
  %4 = llm.rope %q, %p {base = 5.0e5 : f32, dims = 8 : i64, interleaved, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>}
      : (tensor<1x2x4x8xf32>, tensor<1x2xi64>) -> tensor<1x2x4x8xf32>
  // CHECK: llm.attention %{{.*}} {causal, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>, scale = 2.500000e-01 : f32, softcap = 5.000000e+01 : f32, window = 16 : i64}
  %5 = llm.attention %q, %q, %q {scale = 0.25 : f32, causal, window = 16 : i64, softcap = 50.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  // CHECK: llm.positions #map{{[0-9]*}} : tensor<?x?xi64>
  %6 = llm.positions affine_map<()[s0, s1] -> (s0, s1, 0)> : tensor<?x?xi64>
  return
}

// CHECK: func.func @tests
func.func @tests() {
  // CHECK: check.input dense<1.000000e+00> : tensor<2xf32> sizes #map{{[0-9]*}} -> tensor<?xf32>
  %x = check.input dense<1.0> : tensor<2xf32> sizes affine_map<()[s0] -> (s0)> -> tensor<?xf32>
  // CHECK: check.weight dense<1> : tensor<34xi8> -> tensor<1x32x!llm.block<q8_0>>
  %w = check.weight dense<1> : tensor<34xi8> -> tensor<1x32x!llm.block<q8_0>>
  // CHECK: check.cache 2 : !llm.kv_cache<2 x 4 x f32, page 64>
  %c = check.cache 2 : !llm.kv_cache<2 x 4 x f32, page 64>
  // CHECK: check.almost_equal %{{.*}}, %{{.*}} {rtol = 1.000000e-03 : f64} : tensor<?xf32>, tensor<?xf32>
  check.almost_equal %x, %x {rtol = 1.0e-3} : tensor<?xf32>, tensor<?xf32>
  return
}
