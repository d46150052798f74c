// Runs a function stage by stage: launches, then the steps that read sizes and call other functions. Relies on Session
// for launches and on FunctionEvaluation for sizes.
#pragma once

#include "runtime/Session.h"

#include <unordered_map>

namespace lathe {

/// One run of a function that has stages, with everything it calls.
class StagedRun {
public:
  /// `cancel` may be null.
  StagedRun(Session &session, const std::atomic<bool> *cancel)
      : session_(session), model_(*session.model_), plan_(model_.plan()), cancel_(cancel) {}

  /// As Session::evaluate, whose symbols are solved.
  Result<std::vector<OwnedTensor>> run(const LatheFunction &function, std::vector<int64_t> symbols,
                                       std::span<const BufferView> inputs);
  /// Memory for a tensor; not initialised.
  static Result<OwnedTensor> allocate(const TensorShape &shape);

private:
  struct Block {
    std::shared_ptr<std::byte> data;
    uint64_t bytes = 0;
  };
  /// One call of a function.
  struct Frame {
    const LatheFunction &function;
    FunctionEvaluation sizes;
    std::span<const BufferView> inputs;
    std::vector<OwnedTensor> outputs;                  // null data: not made yet
    std::vector<Block> pools;                          // scratch memories
    std::unordered_map<uint32_t, OwnedTensor> results; // of steps, by buffer
  };

  static Result<Block> allocate(uint64_t bytes, const char *what);
  Result<std::vector<OwnedTensor>> call(const LatheFunction &function, std::span<const int64_t> symbols,
                                        std::span<const BufferView> inputs);
  Status run(Frame &frame, const LatheStage &stage);
  Status perform(Frame &frame, const LatheStep &step);
  Status chooseAndCall(Frame &frame, const LatheStep &step);
  Status loop(Frame &frame, const LatheStep &step);
  /// Where the bytes of a buffer lie; makes an output when it is first asked for.
  Status locate(Frame &frame, uint32_t buffer, void *&pointer);
  template <class T> Status read(Frame &frame, uint32_t buffer, T &value);
  /// The tensor in a buffer that a step reads: shape and bytes.
  Status operand(Frame &frame, uint32_t buffer, std::vector<int64_t> &dims, BufferView &view);
  /// Symbols of the results' sizes that are not known yet, and a check of the others.
  Status keepResults(Frame &frame, const LatheStep &step, std::vector<OwnedTensor> tensors);
  Status failureAt(const LatheStep &step, const std::string &message) const;

  Session &session_;
  const LoadedModel &model_;
  const Plan &plan_;
  const std::atomic<bool> *cancel_;
  FunctionShape shape_; // of the stage under way; its memory is used again
  std::vector<void *> pointers_;
  std::unordered_map<const LatheFunction *, std::vector<FunctionEvaluation>> idle_; // to be restarted
};

} // namespace lathe
