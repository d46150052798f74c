// What the ops of sizes that data decides and of control flow refuse.
// RUN: lathe-opt %s -split-input-file -verify-diagnostics

func.func @size_symbol(%n: tensor<i64>) attributes {llm.symbols = ["a"]} {
  // expected-error@+1 {{defines the symbol 'b', which is not among the function's llm.symbols}}
  %s = llm.size %n {symbol = "b"} : (tensor<i64>) -> tensor<i64>
  return
}

// -----

func.func @non_zero_axes(%x: tensor<2x3xf32>, %n: tensor<i64>) {
  // expected-error@+1 {{gives a tensor<2x?xi64>, not 'tensor<3x?xi64>'}}
  %y = llm.non_zero %x, %n : (tensor<2x3xf32>, tensor<i64>) -> tensor<3x?xi64>
  return
}

// -----

func.func @broadcast_to_sizes(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{has 1 sizes for a result of rank 2}}
  %y = llm.broadcast_to %x {sizes = affine_map<() -> (2)>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @broadcast_to_shape(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{does not broadcast 'tensor<2x3xf32>' to 'tensor<4x3xf32>'}}
  %y = llm.broadcast_to %x {sizes = affine_map<() -> (4, 3)>} : (tensor<2x3xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @box_rank(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{has 1 starts, 2 sizes and 2 steps for 2 axes}}
  %y = llm.box %x {starts = affine_map<() -> (0)>, sizes = affine_map<() -> (1, 1)>, steps = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<1x1xf32>
  return
}

// -----

func.func @box_step(%x: tensor<2xf32>) {
  // expected-error@+1 {{no step of 0}}
  %y = llm.box %x {starts = affine_map<() -> (0)>, sizes = affine_map<() -> (1)>, steps = array<i64: 0>} : (tensor<2xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @unique_axis(%x: tensor<2xf32>) {
  // expected-error@+1 {{axis 1 is not in [0, 1)}}
  %f, %i, %c, %n = llm.unique %x {axis = 1 : i64} : (tensor<2xf32>) -> (tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<i64>)
  return
}

// -----

func.func @boxes(%b: tensor<1x6x3xf32>, %s: tensor<1x1x6xf32>, %n: tensor<i64>, %t: tensor<f32>) {
  // expected-error@+1 {{takes boxes (batch, boxes, 4) and scores (batch, classes, boxes)}}
  %y, %m = llm.non_max_suppression %b, %s, %n, %t : (tensor<1x6x3xf32>, tensor<1x1x6xf32>, tensor<i64>, tensor<f32>) -> (tensor<6x3xi64>, tensor<i64>)
  return
}

// -----

func.func @if_sizes(%c: tensor<i1>, %x: tensor<2xf32>) {
  // expected-error@+1 {{has 1 results but the sizes of 0}}
  %y = llm.if %c, %x {then = @if_sizes, otherwise = @if_sizes, symbols = [], sizes = []} : (tensor<i1>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @if_callee(%c: tensor<i1>, %x: tensor<2xf32>) {
  // expected-error@+1 {{calls @nobody, which is no function of the module}}
  %y = llm.if %c, %x {then = @nobody, otherwise = @nobody, symbols = [], sizes = [affine_map<() -> (2)>]} : (tensor<i1>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func private @other(%x: tensor<3xf32>) -> tensor<3xf32> {
  return %x : tensor<3xf32>
}
func.func @if_types(%c: tensor<i1>, %x: tensor<2xf32>) {
  // expected-error@+1 {{calls @other of 'tensor<3xf32>' with 'tensor<2xf32>'}}
  %y = llm.if %c, %x {then = @other, otherwise = @other, symbols = [], sizes = [affine_map<() -> (2)>]} : (tensor<i1>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func private @body(%i: tensor<i64>, %c: tensor<i1>, %x: tensor<?xf32>) -> (tensor<i1>, tensor<?xf32>) {
  return %c, %x : tensor<i1>, tensor<?xf32>
}
func.func @loop_carried(%n: tensor<i64>, %c: tensor<i1>, %x: tensor<2xf32>) {
  // expected-error@+1 {{carries 2 of 1 operands into 1 results}}
  %y = llm.loop %n, %c, %x {body = @body, carried = 2 : i64, symbols = [], sizes = [affine_map<() -> (2)>]} : (tensor<i64>, tensor<i1>, tensor<2xf32>) -> tensor<2xf32>
  return
}
