// What the phase fuse made of a graph: which nodes of the model became which op, layer by layer, and what nearly did.
// Made from the module's locations and a FusionLog; `lathe explain` prints it, and `--expect` when it fails.
#pragma once

#include "passes/fusion/FusionLog.h"

#include <mlir/IR/BuiltinOps.h>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace lathe {

struct Explanation {
  /// A node (or tensor) of the model's file.
  struct Source {
    std::string name, kind; ///< kind: its operator; may be empty
  };
  /// One composite op.
  struct Fused {
    std::vector<std::pair<std::string, std::string>> attributes; ///< "window", "8"
    std::vector<Source> sources;
    int layer = -1;
  };
  struct Fusion {
    std::string name; ///< "attention"
    std::vector<Fused> ops;
  };
  /// The same near miss at one or several places.
  struct Miss {
    struct Place {
      Source anchor, culprit;
      int layer = -1;
      std::vector<Source> spelling; ///< the nodes around the anchor
    };
    std::string fusion, condition, text, help;
    std::vector<Place> places;
  };
  /// A layer that is not as most are.
  struct Odd {
    int layer;
    std::string text;
  };

  std::vector<Fusion> fusions;
  std::vector<Miss> misses;
  size_t layers = 0,
         fusedLayers = 0; ///< a layer is fused when nothing in it is a near miss and its attention is formed
  std::vector<Odd> odd;
  enum class Step { Unknown, Formed, None } step = Step::Unknown; ///< Unknown: the phase stateful did not run
  std::string noStep;                                             ///< why there is none
  std::string caches;                                             ///< of a step: their types, each with its number

  size_t count(llvm::StringRef fusion) const;
};

/// Of @forward after the phase fuse, or a later one that kept it. The log is of the same compilation.
Explanation explainFusion(mlir::ModuleOp module, const FusionLog &log);

/// A screen for a model whose layers are fused; a paragraph more for each near miss. `all`: every op with its nodes.
std::string textOf(const Explanation &explanation, bool all = false);
nlohmann::json jsonOf(const Explanation &explanation);

} // namespace lathe
