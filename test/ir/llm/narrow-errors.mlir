// Messages of narrow types, of llm.bit_cast and of llm.bitwise.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{unknown narrow type 'f8e3m4'; known: f8e4m3fn, f8e4m3fnuz, f8e5m2, f8e5m2fnuz, f8e8m0, f4e2m1, i4, u4, i2, u2}}
func.func private @unknown(tensor<4x!llm.narrow<f8e3m4>>)

// -----

func.func @computes(%x: tensor<4x!llm.narrow<f8e4m3fn>>) {
  // expected-error@+1 {{'llm.neg' op operand #0 must be tensor of numbers or booleans that are computed with, but got 'tensor<4x!llm.narrow<f8e4m3fn>>'}}
  %0 = llm.neg %x : (tensor<4x!llm.narrow<f8e4m3fn>>) -> tensor<4x!llm.narrow<f8e4m3fn>>
  return
}

// -----

func.func @sizes(%x: tensor<4xf32>) {
  // expected-error@+1 {{'llm.bit_cast' op has elements of two sizes: 'tensor<4xf32>' and 'tensor<4xi64>'}}
  %0 = llm.bit_cast %x : (tensor<4xf32>) -> tensor<4xi64>
  return
}

// -----

func.func @two_types(%x: tensor<4xi32>, %y: tensor<4xi64>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{combines integers of one type, got 'tensor<4xi32>' and 'tensor<4xi64>'}}
  %0 = "llm.bitwise"(%x, %y) <{kind = #llm<bit_logic and>}> : (tensor<4xi32>, tensor<4xi64>) -> tensor<4xi32>
  return
}
