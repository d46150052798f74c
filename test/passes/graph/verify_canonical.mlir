// RUN: lathe-opt --verify-canonical --split-input-file --verify-diagnostics %s

func.func @arithmetic(%x: tensor<?x8xf32> {llm.dims = affine_map<()[s0] -> (s0, 8)>}) -> tensor<2xi64> attributes {llm.symbols = ["batch"]} {
  // expected-error @below {{computes a tensor whose elements are known: s0, 8}}
  %s = llm.shape_of %x : (tensor<?x8xf32>) -> tensor<2xi64>
  return %s : tensor<2xi64>
}

// -----

func.func @sizes(%x: tensor<?x8xf32> {llm.dims = affine_map<()[s0] -> (4, 8)>}) -> tensor<?x8xf32> attributes {llm.symbols = ["batch"]} {
  // expected-error @below {{has the type 'tensor<?x8xf32>', but its sizes are known: 'tensor<4x8xf32>'}}
  %y = llm.neg %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @canonical(%x: tensor<?x8xf32> {llm.dims = affine_map<()[s0] -> (s0, 8)>}) -> tensor<?x2x4xf32> attributes {llm.symbols = ["batch"]} {
  %s = llm.dims affine_map<()[s0] -> (s0, 2, 4)> : tensor<3xi64>
  %y = llm.reshape %x, %s : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x2x4xf32>
  return %y : tensor<?x2x4xf32>
}
