// Messages of ir/llm/ConvolutionOps.cpp.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

func.func @rank(%x: tensor<1x4x8xf32>, %w: tensor<4x4xf32>) {
  // expected-error@+1 {{needs a weight (outputs, channels, kernel..) of known sizes, got 'tensor<1x4x8xf32>' and 'tensor<4x4xf32>'}}
  %0 = llm.convolution %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x4x8xf32>, tensor<4x4xf32>) -> tensor<1x4x8xf32>
  return
}

// -----

func.func @channels(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) {
  // expected-error@+1 {{has 4 channels, but 2 groups of 4 in its weight}}
  %0 = llm.convolution %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 2 : i64} : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @groups(%x: tensor<1x3x8xf32>, %w: tensor<4x1x3xf32>) {
  // expected-error@+1 {{has 3 groups, which do not divide the 4 outputs of its weight}}
  %0 = llm.convolution %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 3 : i64} : (tensor<1x3x8xf32>, tensor<4x1x3xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @strides(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) {
  // expected-error@+1 {{has strides of 0, which is not in [1, 2147483648]}}
  %0 = llm.convolution %x, %w {strides = array<i64: 0>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @pads(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) {
  // expected-error@+1 {{needs 2 pads, got 1}}
  %0 = llm.convolution %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0>} : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @size(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) {
  // expected-error@+1 {{gives 6 elements along axis 2, but its type is 'tensor<1x4x7xf32>'}}
  %0 = llm.convolution %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x7xf32>
  return
}

// -----

func.func @larger(%x: tensor<1x4x8xf32>, %w: tensor<4x4x19xf32>) {
  // expected-error@+1 {{would have the size -10 along axis 2: its windows are larger than x}}
  %0 = llm.convolution %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x4x8xf32>, tensor<4x4x19xf32>) -> tensor<1x4x1xf32>
  return
}

// -----

func.func @kind(%x: tensor<1x4x8xf32>) {
  // expected-error@+1 {{knows the kinds max, sum, average and average_padded, got 'least'}}
  %0 = llm.pool %x {kind = "least", kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x4x8xf32>) -> tensor<1x4x7xf32>
  return
}

// -----

func.func @roi(%x: tensor<1x4xf32>, %n: tensor<1xi64>) {
  // expected-error@+1 {{needs a roi with the coordinates crop, and only then}}
  %0 = llm.resample %x, %n {axis = 1 : i64, mode = "linear", coordinates = "crop", operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<1x4xf32>, tensor<1xi64>) -> tensor<1x?xf32>
  return
}

// -----

func.func @places(%x: tensor<1x4x8x8xf32>, %p: tensor<1x7x3xf32>) {
  // expected-error@+1 {{needs x (batch, channels, 1 to 4 spatial axes) and places (batch, out.., spatial axes), got 'tensor<1x4x8x8xf32>' and 'tensor<1x7x3xf32>'}}
  %0 = llm.grid_sample %x, %p {mode = "linear", padding = "zeros"} : (tensor<1x4x8x8xf32>, tensor<1x7x3xf32>) -> tensor<1x4x7xf32>
  return
}

// -----

func.func @onesided(%x: tensor<1x8x2xf32>, %n: tensor<1xi64>) {
  // expected-error@+1 {{gives one side of the transform of real signals only, got 'tensor<1x8x2xf32>'}}
  %0 = llm.dft %x, %n {axis = 1 : i64, onesided} : (tensor<1x8x2xf32>, tensor<1xi64>) -> tensor<1x?x2xf32>
  return
}
