// A function of the plan, or one of its stages, at one set of symbol values: every size, offset, grid and parameter as
// a number, checked. Relies on LoadedModel and Expression.
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
/// the function, the number of a buffer (results of steps), or an address (weights).
struct OperandPlace {
  LatheArena arena;
  uint32_t pool; ///< of scratch
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

/// Works out the stages of a function one after another, while its symbols become known. What was worked out for one
/// stage holds for the next.
class FunctionEvaluation {
public:
  /// `symbols` has one value for each of the plan's symbols, below 0 for one that is not known.
  FunctionEvaluation(const LoadedModel &model, const LatheFunction &function, std::span<const int64_t> symbols);
  ~FunctionEvaluation();
  FunctionEvaluation(FunctionEvaluation &&) noexcept;

  /// Forgets everything: as if made anew.
  void restart(std::span<const int64_t> symbols);
  std::span<const int64_t> symbols() const;
  /// Gives a value to a symbol that has none.
  void define(uint32_t symbol, int64_t value);

  /// The launches of a stage, its scratch memory (`scratchBytes`, of `stage.pool`), thread scratch and state into
  /// `shape`, which loses what it held. Inputs and outputs are left empty.
  Status stage(const LatheStage &stage, FunctionShape &shape);
  /// Shape and bytes of a buffer; fails where a symbol is not known.
  Status tensor(uint32_t buffer, TensorShape &shape);
  /// Where a buffer lies. Scratch: inside the memory that a stage before asked for.
  Status place(uint32_t buffer, OperandPlace &place);

private:
  friend struct FunctionShape;
  struct Evaluator;
  std::unique_ptr<Evaluator> evaluator_;
};

/// Values for the plan's symbols from the shapes of a function's inputs (in the function's order; -1 for a symbol that
/// no input names). `known` are values known before, below 0 for those that are not; empty: none. Fails, naming the
/// input, where rank or sizes contradict the plan.
Result<std::vector<int64_t>> symbolsFromInputs(const Plan &plan, const LatheFunction &function,
                                               std::span<const std::vector<int64_t>> shapes,
                                               std::span<const int64_t> known = {});
/// The same for any buffers; `kind` ("input") names them in messages. Symbols at or above 0 are known.
Status solveSymbols(const Plan &plan, std::span<const uint32_t> buffers, std::span<const std::vector<int64_t>> shapes,
                    const char *kind, std::vector<int64_t> &symbols);

} // namespace lathe
