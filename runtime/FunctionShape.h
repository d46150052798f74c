// A function of the plan at one set of symbol values: every size, offset, grid and parameter as a number, checked.
// Relies on LoadedModel and Expression.
#pragma once

#include "runtime/LoadedModel.h"

namespace lathe {

/// The shape of one input or output.
struct TensorShape {
  std::string_view name;
  LatheType type;
  std::vector<int64_t> dims; ///< outermost first
  uint64_t bytes;
};

/// Where an operand of a launch lies: `value` is a byte offset (scratch, state), the number of an input or output of
/// the function, or an address (weights).
struct OperandPlace {
  LatheArena arena;
  uint64_t value;
};

struct ShapedLaunch {
  uint32_t index; ///< in the plan's launches
  LatheKernelFunction kernel;
  int64_t grid; ///< above 0: launches without tiles are left out
  uint32_t firstOperand, firstParam;
  ThreadPool::Cost cost;
};

struct FunctionShape {
  const LatheFunction *function = nullptr;
  std::vector<int64_t> symbols;
  std::vector<TensorShape> inputs, outputs;
  uint64_t scratchBytes = 0, stateBytes = 0;
  uint64_t threadScratchBytes = 0; ///< for each thread
  uint64_t bytesRead = 0;          ///< of weights and cache, by all launches; 0 where the plan does not say
  std::vector<ShapedLaunch> launches;
  std::vector<OperandPlace> operands;
  std::vector<int64_t> params;

  /// `symbols` has one value for each of the plan's symbols, those the function does not use included. Fails, naming
  /// the launch or buffer, when a size is negative or overflows, or when a buffer lies outside its arena.
  static Result<FunctionShape> evaluate(const LoadedModel &model, const LatheFunction &function,
                                        std::span<const int64_t> symbols);
};

/// Values for the plan's symbols from the shapes of a function's inputs (in the function's order; -1 for a symbol that
/// no input names). Fails, naming the input, where rank or sizes contradict the plan.
Result<std::vector<int64_t>> symbolsFromInputs(const Plan &plan, const LatheFunction &function,
                                               std::span<const std::vector<int64_t>> shapes);

} // namespace lathe
