// The plan section of an artifact as checked, typed views. Relies on artifact.h for the layout.
#pragma once

#include "runtime/Status.h"
#include "runtime/artifact.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lathe {

/// Views into a plan section, which must outlive them. Made only by `read`, which has checked every index, span, string
/// and expression: what the accessors take from the plan's own structures needs no further check.
class Plan {
public:
  /// Limits on what a plan may hold, so that no span can be named often enough to make checking slow.
  static constexpr uint32_t maxName = 4095, maxRank = 16, maxOperands = 1024, maxFunctions = 4096, maxSymbols = 8192,
                            maxStack = 64, maxPools = 64;

  /// `section` must be 8-byte aligned; `weightBytes` is the size of the weights section.
  static Result<Plan> read(std::span<const std::byte> section, uint64_t weightBytes);

  std::span<const uint32_t> symbols, indices, files;
  std::span<const LatheExpression> expressions;
  std::span<const LatheOperation> operations;
  std::span<const LatheBuffer> buffers;
  std::span<const LatheWeight> weights;
  std::span<const LatheWeightPiece> pieces;
  std::span<const LatheKernel> kernels;
  std::span<const LatheLaunch> launches;
  std::span<const LatheFunction> functions;
  std::span<const LatheStage> stages;
  std::span<const LatheStep> steps;

  /// The string at `name`; empty for LATHE_NONE.
  std::string_view string(uint32_t name) const {
    return name == LATHE_NONE ? std::string_view() : std::string_view(strings_.data() + name);
  }
  std::span<const uint32_t> list(LatheSpan span) const { return indices.subspan(span.first, span.count); }
  std::span<const LatheWeightPiece> piecesOf(const LatheWeight &weight) const {
    return pieces.subspan(weight.pieces.first, weight.pieces.count);
  }
  std::span<const LatheLaunch> launchesOf(const LatheFunction &function) const {
    return launches.subspan(function.launches.first, function.launches.count);
  }
  /// Empty for a function of one stage.
  std::span<const LatheStage> stagesOf(const LatheFunction &function) const {
    return stages.subspan(function.stages.first, function.stages.count);
  }
  std::span<const LatheStep> stepsOf(const LatheStage &stage) const {
    return steps.subspan(stage.steps.first, stage.steps.count);
  }
  /// The function of that name, or null.
  const LatheFunction *function(std::string_view name) const;
  /// The number of the symbol of that name, or LATHE_NONE.
  uint32_t symbol(std::string_view name) const;
  /// True for a weight whose bytes lie in the weights section.
  static bool isEmbedded(const LatheWeight &weight) { return weight.offset != UINT64_MAX; }

private:
  std::span<const char> strings_;
  friend struct PlanReader;
};

} // namespace lathe
