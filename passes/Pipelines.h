// The order of the compiler: its phases, and the passes of each. Relies on nothing but the passes; docs/architecture.md
// says what holds after each phase.
#pragma once

#include <llvm/ADT/StringRef.h>
#include <mlir/Pass/PassManager.h>

#include <optional>
#include <string>

namespace lathe {

/// In the order in which they run. `Import` is the module as the frontend gives it.
enum class Phase { Import, Canonicalize, Fuse, Quantize, Stateful, Select, Schedule, Place };

/// The phase of that name in lower case (`--stop-after`), or nothing.
std::optional<Phase> parsePhase(llvm::StringRef name);
llvm::StringRef phaseName(Phase phase);

class FusionLog;

struct PipelineOptions {
  std::string target = "cpu";   ///< as Target::parse reads it
  std::string compute = "auto"; ///< activations of quantised matmuls: f32, int8, auto
  std::string kvType = "f16";   ///< elements of the cache: f32, f16, bf16
  bool wantStep = true;         ///< the ragged step function, where the graph is a decoder
  bool requireStep = false;     ///< fail, with the reason, where it is not
  bool wantForward = true;      ///< keep @forward
  FusionLog *log = nullptr;     ///< gets why patterns of the phase fuse stopped (passes/fusion/FusionLog.h)
};

/// Each takes a module after the phase before it, and ends with a verify pass.
void buildCanonicalize(mlir::OpPassManager &manager);
void buildFuse(mlir::OpPassManager &manager, const PipelineOptions &options);
void buildQuantize(mlir::OpPassManager &manager, const PipelineOptions &options);
void buildStateful(mlir::OpPassManager &manager, const PipelineOptions &options);
void buildSelect(mlir::OpPassManager &manager, const PipelineOptions &options);
void buildSchedule(mlir::OpPassManager &manager);
void buildPlace(mlir::OpPassManager &manager);

/// One phase; nothing for Import.
void buildPhase(mlir::OpPassManager &manager, Phase phase, const PipelineOptions &options);
/// All phases up to and including `last`.
void buildPipeline(mlir::OpPassManager &manager, const PipelineOptions &options, Phase last);

} // namespace lathe
