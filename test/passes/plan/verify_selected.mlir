// RUN: lathe-opt %s --verify-selected --verify-diagnostics

// What no kernel took is named, with its types.
func.func @forward(%x: tensor<?x8xf32> {llm.name = "x", llm.dims = affine_map<()[s0] -> (s0, 8)>}) -> (tensor<?x8xf32> {llm.name = "y"}) attributes {llm.symbols = ["tokens"]} {
  // expected-error @+1 {{no kernel computes 'llm.cumsum' of 'tensor<?x8xf32>' to 'tensor<?x8xf32>'}}
  %y = llm.cumsum %x {axis = 0 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
