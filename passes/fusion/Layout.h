// How a tensor that was only moved (transposed, reshaped, expanded, repeated, scaled by a number) lies over the tensor
// it was made of: which axes of that base each of its axes runs through. Relies on SymbolicShapes for sizes.
#pragma once

#include "ir/llm/SymbolicShapes.h"

#include <optional>
#include <string>

namespace lathe {

struct Layout {
  /// A run through an axis of the base; axis -1: the same elements again, `size` times. Axes of size 1 leave no atom.
  struct Atom {
    int64_t axis;
    mlir::AffineExpr size;
  };
  mlir::Value base;
  llvm::SmallVector<llvm::SmallVector<Atom, 2>> axes; ///< of the moved tensor: atoms, the slowest first
  double scale = 1;                                   ///< the moved tensor is this times the base
};

/// `value` over each tensor it was moved from, the furthest first, the value itself last. A base whose axes are cut
/// into parts is left out.
std::vector<Layout> layoutsOf(mlir::Value value, const llm::SymbolicShapes &shapes);

/// How a (batch, tokens, heads, headDim) tensor is made of a base of four axes: base axis permutation[i] runs along
/// axis i, and each head of the base serves `repeats` heads in a row.
struct HeadsLayout {
  mlir::Value base;
  llvm::SmallVector<int64_t, 4> permutation;
  int64_t repeats = 1;
  double scale = 1;
};

/// Nothing, with the reason in `why`, when the layout is another one.
std::optional<HeadsLayout> readHeads(const Layout &layout, const llm::SymbolicShapes &shapes, std::string &why);

} // namespace lathe
