// Runs functions of a loaded model: owns the arenas and remembers the sizes of the shapes it has seen. Relies on
// FunctionShape and ThreadPool, and on StagedRun for functions whose sizes data decides.
#pragma once

#include "runtime/FunctionShape.h"

#include <atomic>
#include <list>

namespace lathe {

/// The caller's memory for an input or output; 64-byte aligned.
struct BufferView {
  void *data = nullptr;
  uint64_t bytes = 0;
};

/// A tensor in memory of its own, 64-byte aligned.
struct OwnedTensor {
  std::string_view name; ///< of the plan
  LatheType type;
  std::vector<int64_t> dims; ///< outermost first
  std::shared_ptr<std::byte> data;
  uint64_t bytes = 0;
};

/// One caller at a time. Sessions may share a pool; they take turns by function.
class Session {
public:
  Session(std::shared_ptr<const LoadedModel> model, std::shared_ptr<ThreadPool> pool);

  const LoadedModel &model() const { return *model_; }
  const std::shared_ptr<const LoadedModel> &sharedModel() const { return model_; }
  ThreadPool &pool() { return *pool_; }

  /// The function's sizes at these symbol values. The result lives until eight other shapes were asked for.
  Result<FunctionShape *> shape(const LatheFunction &function, std::span<const int64_t> symbols);

  /// Makes the state arena, zeroed, large enough for `bytes`. Fails when there is one of another size, or no memory;
  /// `hint` then says what would help.
  Status reserveState(uint64_t bytes, const std::string &hint);
  uint64_t stateBytes() const { return state_.size(); }
  /// Start of the state arena; null before reserveState.
  std::byte *state() const { return state_.data(); }

  /// Runs every launch in order. Inputs and outputs in the function's order, each at least as large as the shape says.
  Status run(FunctionShape &shape, std::span<const BufferView> inputs, std::span<const BufferView> outputs);

  /// Runs any function, those included whose sizes data decides or that call others, on inputs of these shapes, and
  /// gives its outputs in order. Ends early, as a failure, when `cancel` becomes true between two launches. Makes the
  /// state arena if the function needs one and there is none.
  Result<std::vector<OwnedTensor>> evaluate(const LatheFunction &function, std::span<const BufferView> inputs,
                                            std::span<const std::vector<int64_t>> shapes,
                                            const std::atomic<bool> *cancel = nullptr);

  /// From now on adds the time of every launch, in nanoseconds, to `times` (one entry for each launch of the plan);
  /// null ends it.
  void profile(std::vector<uint64_t> *times) { profile_ = times; }

private:
  friend class StagedRun;
  Status prepare(const FunctionShape &shape);
  Status reserveThreadScratch(uint64_t bytes);
  /// Runs the launches in order; `pointers` has one for each of the shape's operands. The pool is locked.
  void runLaunches(FunctionShape &shape, void *const *pointers);

  std::shared_ptr<const LoadedModel> model_;
  std::shared_ptr<ThreadPool> pool_;
  std::list<FunctionShape> shapes_; // most recently used first
  Mapping scratch_, state_;
  Mapping threadScratch_;
  uint64_t threadScratchStride_ = 0;
  std::vector<void *> pointers_;
  uint64_t launchSerial_ = 0;
  std::vector<ThreadPool::Cost> costs_; // of the plan's launches, in staged runs
  std::vector<uint64_t> *profile_ = nullptr;
};

} // namespace lathe
