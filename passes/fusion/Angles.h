// Recognises the cosines and sines of a rotary embedding, in any spelling: cos(positions x frequencies) computed in the
// graph (halves joined or not, transposed, cast, scaled), or rows of a cached table chosen by the positions.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <mlir/IR/Value.h>

#include <optional>
#include <string>

namespace lathe {

struct Angles {
  bool isSine = false;
  mlir::Value positions;            ///< integers: (tokens), (1, tokens) or (batch, tokens)
  int64_t tokenAxis = -1;           ///< the axis of the rotated tensor that the positions run along
  llvm::SmallVector<double> speeds; ///< the frequencies as numbers, where they are constants
  mlir::Value frequencies;          ///< else floats with one axis that is not 1
  double speed = 1;                 ///< what the frequencies are multiplied by
  mlir::Value table;                ///< instead of frequencies: (positions, dims / 2) cosines or sines
  double factor = 1;                ///< what cosines and sines are multiplied by
  bool isDoubled = false;           ///< the last axis holds all angles twice, one half after the other

  /// Whether the other is the sine to this cosine.
  bool isCosineTo(const Angles &other) const;
  /// What keeps it from that.
  std::string differenceTo(const Angles &other) const;
};

/// Reads `value`, which is multiplied with a tensor of `rank` axes whose last is the head's elements; nothing, with the
/// reason in `why`, when it is something else.
std::optional<Angles> readAngles(mlir::Value value, int64_t rank, std::string &why);

/// The number b with speeds[i] = b^(-i / n) for all n of them, as f32 (two units in the last place), or nothing.
std::optional<double> baseOf(llvm::ArrayRef<double> speeds);

} // namespace lathe
