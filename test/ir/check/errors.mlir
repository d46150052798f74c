// Every message of ir/check/Check.cpp.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

func.func @input_type() {
  // expected-error@+1 {{'check.input' op gives 'tensor<2xf32>' as 'tensor<3xf32>'}}
  %0 = check.input dense<1.0> : tensor<2xf32> -> tensor<3xf32>
  return
}

// -----

func.func @input_open() {
  // expected-error@+1 {{'check.input' op needs 'sizes' for the open sizes of 'tensor<?xf32>'}}
  %0 = check.input dense<1.0> : tensor<2xf32> -> tensor<?xf32>
  return
}

// -----

func.func @input_sizes() {
  // expected-error@+1 {{'check.input' op needs an expression of symbols for each of 1 axes}}
  %0 = check.input dense<1.0> : tensor<2xf32> sizes affine_map<()[s0] -> (s0, 2)> -> tensor<?xf32>
  return
}

// -----

func.func @weight_type() {
  // expected-error@+1 {{'check.weight' op holds the elements, or the bytes as i8, of 'tensor<2xf16>', got 'tensor<2xf32>'}}
  %0 = check.weight dense<1.0> : tensor<2xf32> -> tensor<2xf16>
  return
}

// -----

func.func @weight_rows() {
  // expected-error@+1 {{'check.weight' op has rows that are no multiple of the block of 'tensor<1x16x!llm.block<q8_0>>'}}
  %0 = check.weight dense<1> : tensor<34xi8> -> tensor<1x16x!llm.block<q8_0>>
  return
}

// -----

func.func @weight_bytes() {
  // expected-error@+1 {{'check.weight' op needs 34 bytes for 'tensor<1x32x!llm.block<q8_0>>', got 33}}
  %0 = check.weight dense<1> : tensor<33xi8> -> tensor<1x32x!llm.block<q8_0>>
  return
}

// -----

func.func @cache_pages() {
  // expected-error@+1 {{'check.cache' op needs at least one page, got 0}}
  %0 = check.cache 0 : !llm.kv_cache<2 x 4 x f32, page 64>
  return
}

// -----

func.func @compared_types(%x: tensor<2xf32>, %y: tensor<3xf32>) {
  // expected-error@+1 {{'check.equal' op compares tensors of one element type and shape, got 'tensor<2xf32>' and 'tensor<3xf32>'}}
  check.equal %x, %y : tensor<2xf32>, tensor<3xf32>
  return
}

// -----

func.func @tolerance(%x: tensor<2xf32>) {
  // expected-error@+1 {{'check.almost_equal' op tolerances are not negative, got rtol = -1.000000e+00 and atol =}}
  check.almost_equal %x, %x {rtol = -1.0} : tensor<2xf32>, tensor<2xf32>
  return
}
