// plan programs -> the plan section of an artifact (runtime/artifact.h), with what its weights need from the weight
// table.
#pragma once

#include "frontend/files/WeightTable.h"
#include "ir/plan/Plan.h"
#include "runtime/artifact.h"

#include <mlir/IR/BuiltinOps.h>

#include <deque>
#include <string>
#include <vector>

namespace lathe {

/// How weights get into an artifact.
enum class WeightStorage {
  Embed,     ///< packed, in the weights section
  Reference, ///< packed at load from the model files, which are named with a hash of each piece
  Shared     ///< as Reference, without hashes: the artifact is used by this process at once
};

/// A weight or constant that lies in the weights section, at `LatheWeight::offset`, packed from its pieces.
struct EmbeddedWeight {
  LatheWeight weight;
  std::vector<LatheWeightPiece> pieces;
  std::vector<std::span<const std::byte>> bytes; ///< of each piece; views into the weight table or `constants`
};

struct PlanSection {
  std::vector<std::byte> bytes;
  std::vector<EmbeddedWeight> embedded;         ///< ascending offsets, each a multiple of 64
  uint64_t weightBytes = 0;                     ///< size of the weights section
  std::deque<std::vector<std::byte>> constants; ///< bytes that `embedded` refers to
};

/// The module's programs, which must be placed. `weights` must outlive the result. Fails when a weight is missing or
/// its stored type and shape are not what the graph says.
Result<PlanSection> makePlanSection(mlir::ModuleOp module, const WeightTable &weights, WeightStorage storage);

} // namespace lathe
