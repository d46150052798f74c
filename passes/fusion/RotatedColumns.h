// Reads a rotary embedding off what each column of a head is computed to, whatever ops it is spelled with: halves or
// pairs exchanged by slices, concats, stacks or products of complex numbers, cosines and sines repeated in any way.
// Relies on following single elements through the ops (as passes/graph/ElementValues.h does), not on patterns.
#pragma once

#include "ir/llm/SymbolicShapes.h"

#include <optional>
#include <string>

namespace lathe {

/// x (four axes) is rotated in its columns [first, first + dims): pair i by positions * frequency i, or by row
/// `positions` of the tables' columns.
struct Rotation {
  mlir::Value x;
  int64_t first = 0, dims = 0, columns = 0;              ///< columns: of the result; those after dims are x as it is
  bool interleaved = false;                              ///< pair i is columns 2i and 2i + 1, else i and i + dims / 2
  mlir::Value positions;                                 ///< integers: (tokens) or (batch or 1, tokens)
  int64_t tokenAxis = -1;                                ///< of x
  double factor = 1;                                     ///< cosines and sines are multiplied by it
  llvm::SmallVector<double> speeds;                      ///< the frequencies where they are constants
  double speed = 1;                                      ///< else what `frequencies` are multiplied by
  mlir::Value frequencies;                               ///< floats with one axis that is not 1
  mlir::Value cosine, sine;                              ///< instead: tables (positions, ..)
  llvm::SmallVector<int64_t> cosineColumns, sineColumns; ///< frequencies: cosineColumns alone
};

/// Reads `result` (four axes, the last of a constant size). Nothing where it is something else; `why` is set where it
/// begins like a rotation.
std::optional<Rotation> readRotation(mlir::Value result, const llm::SymbolicShapes &shapes, std::string &why);

} // namespace lathe
