// See Session.h.
#include "runtime/Session.h"

#include "runtime/Memory.h"
#include "runtime/StagedRun.h"

#include <algorithm>
#include <chrono>

namespace lathe {

namespace {

constexpr size_t rememberedShapes = 8;

/// What the threads of one launch need.
struct LaunchBody {
  LatheKernelFunction kernel;
  LatheKernelContext context; // without threadScratch
  std::byte *threadScratch;
  uint64_t stride;

  static void call(void *self, unsigned thread, int64_t begin, int64_t end) {
    const auto &body = *static_cast<const LaunchBody *>(self);
    LatheKernelContext context = body.context;
    context.threadScratch = body.threadScratch ? body.threadScratch + thread * body.stride : nullptr;
    body.kernel(&context, begin, end);
  }
};

} // namespace

Session::Session(std::shared_ptr<const LoadedModel> model, std::shared_ptr<ThreadPool> pool)
    : model_(std::move(model)), pool_(std::move(pool)) {}

Result<FunctionShape *> Session::shape(const LatheFunction &function, std::span<const int64_t> symbols) {
  for (auto at = shapes_.begin(); at != shapes_.end(); ++at)
    if (at->function == &function && std::ranges::equal(at->symbols, symbols)) {
      shapes_.splice(shapes_.begin(), shapes_, at);
      return &shapes_.front();
    }
  auto evaluated = FunctionShape::evaluate(*model_, function, symbols);
  if (!evaluated)
    return evaluated.status();
  shapes_.push_front(std::move(*evaluated));
  if (shapes_.size() > rememberedShapes + 1)
    shapes_.pop_back();
  return &shapes_.front();
}

Status Session::reserveState(uint64_t bytes, const std::string &hint) {
  if (state_.size() == bytes)
    return Status::success();
  if (state_.size() != 0)
    return Status::failure("the state arena has " + std::to_string(state_.size()) + " bytes, " + std::to_string(bytes) +
                           " are needed");
  auto arena = allocateArena(bytes, "the KV cache", hint);
  if (!arena)
    return arena.status();
  state_ = std::move(*arena);
  return Status::success();
}

Status Session::prepare(const FunctionShape &shape) {
  if (shape.stateBytes > state_.size())
    return Status::failure("the function needs " + std::to_string(shape.stateBytes) +
                           " bytes of state, the session has " + std::to_string(state_.size()));
  if (shape.scratchBytes > scratch_.size()) {
    scratch_ = Mapping(); // the old one goes before the new one comes
    auto arena = allocateArena(shape.scratchBytes, "the scratch memory of a step", "take fewer tokens in a step");
    if (!arena)
      return arena.status();
    scratch_ = std::move(*arena);
  }
  return reserveThreadScratch(shape.threadScratchBytes);
}

Status Session::reserveThreadScratch(uint64_t bytes) {
  uint64_t stride = (bytes + 255) / 256 * 256;
  if (stride > threadScratchStride_) {
    threadScratch_ = Mapping();
    threadScratchStride_ = 0;
    auto arena = allocateArena(stride * pool_->threads(), "the scratch memory of threads", "use fewer threads");
    if (!arena)
      return arena.status();
    threadScratch_ = std::move(*arena);
    threadScratchStride_ = stride;
  }
  return Status::success();
}

Status Session::run(FunctionShape &shape, std::span<const BufferView> inputs, std::span<const BufferView> outputs) {
  for (auto [views, tensors, kind] : {std::tuple{inputs, std::span(shape.inputs), "input"},
                                      std::tuple{outputs, std::span(shape.outputs), "output"}}) {
    if (views.size() != tensors.size())
      return Status::failure("the function has " + std::to_string(tensors.size()) + " " + kind + "s, " +
                             std::to_string(views.size()) + " were given");
    for (size_t i = 0; i < views.size(); ++i)
      if (views[i].bytes < tensors[i].bytes || (!views[i].data && tensors[i].bytes))
        return Status::failure(std::string(kind) + " '" + std::string(tensors[i].name) + "' has " +
                               std::to_string(views[i].bytes) + " bytes, " + std::to_string(tensors[i].bytes) +
                               " are needed");
  }
  if (Status status = prepare(shape); !status)
    return status;

  pointers_.resize(shape.operands.size());
  for (size_t i = 0; i < shape.operands.size(); ++i) {
    const OperandPlace &place = shape.operands[i];
    switch (place.arena) {
    case LATHE_ARENA_INPUT:
      pointers_[i] = inputs[place.value].data;
      break;
    case LATHE_ARENA_OUTPUT:
      pointers_[i] = outputs[place.value].data;
      break;
    case LATHE_ARENA_SCRATCH:
      pointers_[i] = scratch_.data() + place.value;
      break;
    case LATHE_ARENA_STATE:
      pointers_[i] = state_.data() + place.value;
      break;
    case LATHE_ARENA_WEIGHT:
      pointers_[i] = reinterpret_cast<void *>(place.value);
      break;
    case LATHE_ARENA_RESULT:
      return Status::failure("a function of one stage reads the result of a step");
    }
  }

  auto turn = pool_->lock();
  runLaunches(shape, pointers_.data());
  return Status::success();
}

void Session::runLaunches(FunctionShape &shape, void *const *pointers) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point before = profile_ ? Clock::now() : Clock::time_point();
  if (profile_ && profile_->size() < model_->plan().launches.size())
    profile_->resize(model_->plan().launches.size());
  for (ShapedLaunch &launch : shape.launches) {
    LaunchBody body{launch.kernel,
                    {pointers + launch.firstOperand, shape.params.data() + launch.firstParam, nullptr, ++launchSerial_},
                    threadScratch_.data(),
                    threadScratchStride_};
    pool_->run(launch.grid, launch.cost, LaunchBody::call, &body);
    if (profile_) {
      Clock::time_point after = Clock::now();
      (*profile_)[launch.index] += uint64_t(std::chrono::nanoseconds(after - before).count());
      before = after;
    }
  }
}

Result<std::vector<OwnedTensor>> Session::evaluate(const LatheFunction &function, std::span<const BufferView> inputs,
                                                   std::span<const std::vector<int64_t>> shapes,
                                                   const std::atomic<bool> *cancel) {
  auto symbols = symbolsFromInputs(model_->plan(), function, shapes);
  if (!symbols)
    return symbols.status();
  if (function.stages.count)
    return StagedRun(*this, cancel).run(function, *symbols, inputs);
  auto shape = this->shape(function, *symbols);
  if (!shape)
    return shape.status();
  if (!state_.size())
    if (Status status = reserveState((*shape)->stateBytes, "use a smaller input"); !status)
      return status;
  std::vector<OwnedTensor> results;
  std::vector<BufferView> outputs;
  for (const TensorShape &output : (*shape)->outputs) {
    auto tensor = StagedRun::allocate(output);
    if (!tensor)
      return tensor.status();
    outputs.push_back({tensor->data.get(), tensor->bytes});
    results.push_back(std::move(*tensor));
  }
  if (Status status = run(**shape, inputs, outputs); !status)
    return status;
  return results;
}

} // namespace lathe
