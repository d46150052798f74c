// See StagedRun.h.
#include "runtime/StagedRun.h"

#include "runtime/ElementType.h"
#include "runtime/Expression.h"
#include "runtime/Memory.h"

#include <cstring>
#include <new>

namespace lathe {

namespace {

constexpr int64_t largestSize = int64_t(1) << 48;
constexpr uint64_t largeBlock = uint64_t(64) << 20; // from here on the machine's free memory is looked at first

} // namespace

Result<StagedRun::Block> StagedRun::allocate(uint64_t bytes, const char *what) {
  if (bytes >= largeBlock && bytes > availableMemory())
    return Status::failure(std::string(what) + " needs " + printBytes(bytes) + ", " + printBytes(availableMemory()) +
                           " are free; use a smaller input");
  constexpr std::align_val_t alignment{64};
  auto *data = static_cast<std::byte *>(::operator new(std::max<uint64_t>(bytes, 64), alignment, std::nothrow));
  if (!data)
    return Status::failure(std::string(what) + " needs " + printBytes(bytes) + ", which there are not");
  return Block{{data, [](std::byte *memory) { ::operator delete(memory, alignment); }}, bytes};
}

Result<OwnedTensor> StagedRun::allocate(const TensorShape &shape) {
  auto block = allocate(shape.bytes, "a tensor");
  if (!block)
    return block.status();
  return OwnedTensor{shape.name, shape.type, shape.dims, std::move(block->data), shape.bytes};
}

Status StagedRun::failureAt(const LatheStep &step, const std::string &message) const {
  std::string name(plan_.string(step.name));
  return Status::failure(name.empty() ? message : "'" + name + "': " + message);
}

Result<std::vector<OwnedTensor>> StagedRun::run(const LatheFunction &function, std::vector<int64_t> symbols,
                                                std::span<const BufferView> inputs) {
  auto turn = session_.pool_->lock();
  session_.costs_.resize(plan_.launches.size());
  return call(function, symbols, inputs);
}

Result<std::vector<OwnedTensor>> StagedRun::call(const LatheFunction &function, std::span<const int64_t> symbols,
                                                 std::span<const BufferView> inputs) {
  std::vector<FunctionEvaluation> &idle = idle_[&function];
  if (idle.empty())
    idle.emplace_back(model_, function, symbols);
  else
    idle.back().restart(symbols);
  Frame frame{function, std::move(idle.back()), inputs, {}, {}, {}};
  idle.pop_back();
  frame.outputs.resize(function.outputs.count);
  frame.pools.resize(std::max(function.pools, 1u));

  auto names = plan_.list(function.inputs);
  if (inputs.size() != names.size())
    return Status::failure("function '" + std::string(plan_.string(function.name)) + "' takes " +
                           std::to_string(names.size()) + " inputs, " + std::to_string(inputs.size()) + " were given");
  for (size_t i = 0; i < inputs.size(); ++i) {
    TensorShape shape;
    if (Status status = frame.sizes.tensor(names[i], shape); !status)
      return status;
    if (inputs[i].bytes < shape.bytes || (!inputs[i].data && shape.bytes))
      return Status::failure("input '" + std::string(shape.name) + "' has " + std::to_string(inputs[i].bytes) +
                             " bytes, " + std::to_string(shape.bytes) + " are needed");
  }
  LatheStage whole{function.launches, {0, 0}, 0, function.scratchBytes};
  for (const LatheStage &stage : function.stages.count ? plan_.stagesOf(function) : std::span(&whole, 1))
    if (Status status = run(frame, stage); !status)
      return status;
  auto outputs = plan_.list(function.outputs);
  for (size_t i = 0; i < outputs.size(); ++i)
    if (void *pointer; !frame.outputs[i].data)
      if (Status status = locate(frame, outputs[i], pointer); !status)
        return status;
  idle_[&function].push_back(std::move(frame.sizes));
  return std::move(frame.outputs);
}

Status StagedRun::run(Frame &frame, const LatheStage &stage) {
  if (cancel_ && cancel_->load(std::memory_order_relaxed))
    return Status::failure("interrupted");
  if (Status status = frame.sizes.stage(stage, shape_); !status)
    return status;
  if (shape_.stateBytes > session_.state_.size()) {
    if (session_.state_.size())
      return Status::failure("the function needs " + std::to_string(shape_.stateBytes) +
                             " bytes of state, the session has " + std::to_string(session_.state_.size()));
    if (Status status = session_.reserveState(shape_.stateBytes, "use a smaller input"); !status)
      return status;
  }
  if (Status status = session_.reserveThreadScratch(shape_.threadScratchBytes); !status)
    return status;
  Block &pool = frame.pools[stage.pool];
  if (pool.bytes < shape_.scratchBytes) {
    pool = Block();
    auto block = allocate(shape_.scratchBytes, "the scratch memory of a stage");
    if (!block)
      return block.status();
    pool = std::move(*block);
  }
  pointers_.resize(shape_.operands.size());
  for (ShapedLaunch &launch : shape_.launches) {
    launch.cost = session_.costs_[launch.index];
    auto operands = plan_.list(plan_.launches[launch.index].operands);
    for (size_t i = 0; i < operands.size(); ++i)
      if (Status status = locate(frame, operands[i], pointers_[launch.firstOperand + i]); !status)
        return status;
  }
  session_.runLaunches(shape_, pointers_.data());
  for (const ShapedLaunch &launch : shape_.launches)
    session_.costs_[launch.index] = launch.cost;
  for (const LatheStep &step : plan_.stepsOf(stage))
    if (Status status = perform(frame, step); !status)
      return status;
  return Status::success();
}

Status StagedRun::locate(Frame &frame, uint32_t buffer, void *&pointer) {
  OperandPlace place;
  if (Status status = frame.sizes.place(buffer, place); !status)
    return status;
  switch (place.arena) {
  case LATHE_ARENA_INPUT:
    pointer = frame.inputs[place.value].data;
    return Status::success();
  case LATHE_ARENA_OUTPUT: {
    OwnedTensor &output = frame.outputs[place.value];
    if (!output.data) {
      TensorShape shape;
      if (Status status = frame.sizes.tensor(buffer, shape); !status)
        return status;
      auto made = allocate(shape);
      if (!made)
        return made.status();
      output = std::move(*made);
    }
    pointer = output.data.get();
    return Status::success();
  }
  case LATHE_ARENA_SCRATCH:
    pointer = frame.pools[place.pool].data.get() + place.value;
    return Status::success();
  case LATHE_ARENA_STATE:
    pointer = session_.state_.data() + place.value;
    return Status::success();
  case LATHE_ARENA_WEIGHT:
    pointer = reinterpret_cast<void *>(place.value);
    return Status::success();
  case LATHE_ARENA_RESULT:
    break;
  }
  auto found = frame.results.find(buffer);
  if (found == frame.results.end())
    return Status::failure("the result '" + std::string(plan_.string(plan_.buffers[buffer].name)) +
                           "' is read before the step that gives it");
  pointer = found->second.data.get();
  return Status::success();
}

template <class T> Status StagedRun::read(Frame &frame, uint32_t buffer, T &value) {
  std::vector<int64_t> dims;
  BufferView view;
  if (Status status = operand(frame, buffer, dims, view); !status)
    return status;
  if (view.bytes < sizeof(T))
    return Status::failure("a step reads a number from a buffer of " + std::to_string(view.bytes) + " bytes");
  std::memcpy(&value, view.data, sizeof(T));
  return Status::success();
}

Status StagedRun::operand(Frame &frame, uint32_t buffer, std::vector<int64_t> &dims, BufferView &view) {
  TensorShape shape;
  if (Status status = frame.sizes.tensor(buffer, shape); !status)
    return status;
  dims = std::move(shape.dims);
  view.bytes = shape.bytes;
  return locate(frame, buffer, view.data);
}

Status StagedRun::perform(Frame &frame, const LatheStep &step) {
  switch (step.kind) {
  case LATHE_STEP_SIZE: {
    int64_t value;
    if (Status status = read(frame, step.value, value); !status)
      return status;
    if (value < 0 || value > largestSize)
      return failureAt(step, "the size '" + std::string(plan_.string(plan_.symbols[step.symbol])) + "' came out as " +
                                 std::to_string(value));
    if (int64_t before = frame.sizes.symbols()[step.symbol]; before >= 0 && before != value)
      return failureAt(step, "a size came out as " + std::to_string(before) + " and as " + std::to_string(value));
    frame.sizes.define(step.symbol, value);
    return Status::success();
  }
  case LATHE_STEP_IF:
    return chooseAndCall(frame, step);
  default:
    return loop(frame, step);
  }
}

Status StagedRun::keepResults(Frame &frame, const LatheStep &step, std::vector<OwnedTensor> tensors) {
  auto buffers = plan_.list(step.results);
  std::vector<std::vector<int64_t>> shapes;
  for (const OwnedTensor &tensor : tensors)
    shapes.push_back(tensor.dims);
  std::vector<int64_t> symbols(frame.sizes.symbols().begin(), frame.sizes.symbols().end());
  if (Status status = solveSymbols(plan_, buffers, shapes, "result", symbols); !status)
    return failureAt(step, status.message());
  for (uint32_t i = 0; i < symbols.size(); ++i)
    if (frame.sizes.symbols()[i] < 0 && symbols[i] >= 0)
      frame.sizes.define(i, symbols[i]);
  for (size_t i = 0; i < buffers.size(); ++i) {
    TensorShape shape;
    if (Status status = frame.sizes.tensor(buffers[i], shape); !status)
      return status;
    if (shape.bytes > tensors[i].bytes)
      return failureAt(step, "result '" + std::string(shape.name) + "' has " + std::to_string(tensors[i].bytes) +
                                 " bytes, " + std::to_string(shape.bytes) + " are needed");
    frame.results[buffers[i]] = std::move(tensors[i]);
  }
  return Status::success();
}

Status StagedRun::chooseAndCall(Frame &frame, const LatheStep &step) {
  uint8_t condition;
  if (Status status = read(frame, step.value, condition); !status)
    return status;
  auto buffers = plan_.list(step.operands);
  std::vector<std::vector<int64_t>> shapes(buffers.size());
  std::vector<BufferView> inputs(buffers.size());
  for (size_t i = 0; i < buffers.size(); ++i)
    if (Status status = operand(frame, buffers[i], shapes[i], inputs[i]); !status)
      return status;
  const LatheFunction &function = plan_.functions[step.functions[condition ? 0 : 1]];
  auto symbols = symbolsFromInputs(plan_, function, shapes, frame.sizes.symbols());
  if (!symbols)
    return failureAt(step, symbols.message());
  auto outputs = call(function, *symbols, inputs);
  return outputs ? keepResults(frame, step, std::move(*outputs)) : outputs.status();
}

/// Appends the bytes of `from` to what `stack` holds, whose first axis counts the parts.
static Status append(OwnedTensor &stack, uint64_t &used, const OwnedTensor &from,
                     Result<OwnedTensor> (*allocate)(const TensorShape &)) {
  if (!std::ranges::equal(std::span(stack.dims).subspan(1), from.dims))
    return Status::failure("an iteration gives another shape than those before it");
  if (from.bytes > stack.bytes - used) {
    auto larger = allocate({stack.name, stack.type, stack.dims, std::max(2 * stack.bytes, stack.bytes + from.bytes)});
    if (!larger)
      return larger.status();
    std::memcpy(larger->data.get(), stack.data.get(), used);
    stack = std::move(*larger);
  }
  if (from.bytes)
    std::memcpy(stack.data.get() + used, from.data.get(), from.bytes);
  used += from.bytes;
  ++stack.dims[0];
  return Status::success();
}

Status StagedRun::loop(Frame &frame, const LatheStep &step) {
  int64_t limit = INT64_MAX;
  uint8_t goesOn = 1;
  if (step.limit != LATHE_NONE)
    if (Status status = read(frame, step.limit, limit); !status)
      return status;
  if (step.value != LATHE_NONE)
    if (Status status = read(frame, step.value, goesOn); !status)
      return status;
  const LatheFunction &body = plan_.functions[step.functions[0]];
  auto buffers = plan_.list(step.operands), results = plan_.list(step.results);
  alignas(64) int64_t iteration = 0;
  alignas(64) uint8_t condition = goesOn != 0;
  std::vector<std::vector<int64_t>> shapes(buffers.size() + 2);
  std::vector<BufferView> inputs = {{&iteration, sizeof iteration}, {&condition, sizeof condition}};
  inputs.resize(buffers.size() + 2);
  for (size_t i = 0; i < buffers.size(); ++i)
    if (Status status = operand(frame, buffers[i], shapes[i + 2], inputs[i + 2]); !status)
      return status;
  std::vector<OwnedTensor> carried(step.carried), stacks(results.size() - step.carried);
  std::vector<uint64_t> used(stacks.size());
  for (; iteration < limit && condition; ++iteration) {
    auto symbols = symbolsFromInputs(plan_, body, shapes, frame.sizes.symbols());
    if (!symbols)
      return failureAt(step, "iteration " + std::to_string(iteration) + ": " + symbols.message());
    auto outputs = call(body, *symbols, inputs);
    if (!outputs)
      return outputs.status();
    condition = outputs->front().bytes && std::to_integer<uint8_t>(*outputs->front().data) != 0;
    for (uint32_t i = 0; i < step.carried; ++i) {
      carried[i] = std::move((*outputs)[i + 1]);
      shapes[i + 2] = carried[i].dims;
      inputs[i + 2] = {carried[i].data.get(), carried[i].bytes};
    }
    for (size_t i = 0; i < stacks.size(); ++i) {
      const OwnedTensor &part = (*outputs)[step.carried + 1 + i];
      if (iteration == 0) {
        stacks[i] = {part.name, part.type, part.dims, nullptr, 0};
        stacks[i].dims.insert(stacks[i].dims.begin(), 0);
      }
      if (Status status = append(stacks[i], used[i], part, &StagedRun::allocate); !status)
        return failureAt(step, "iteration " + std::to_string(iteration) + ": " + status.message());
    }
  }
  // Without an iteration the carried values are those it began with, and nothing tells the sizes of what is stacked.
  for (uint32_t i = 0; iteration == 0 && i < step.carried; ++i) {
    auto copy = allocate({"", LatheType(plan_.buffers[buffers[i]].type), shapes[i + 2], inputs[i + 2].bytes});
    if (!copy)
      return copy.status();
    if (inputs[i + 2].bytes)
      std::memcpy(copy->data.get(), inputs[i + 2].data, inputs[i + 2].bytes);
    carried[i] = std::move(*copy);
  }
  for (size_t i = 0; iteration == 0 && i < stacks.size(); ++i) {
    const LatheBuffer &result = plan_.buffers[results[step.carried + i]];
    stacks[i] = {"", LatheType(result.type), {}, nullptr, 0};
    for (uint32_t dim : plan_.list(result.dims)) {
      int64_t size = 0;
      stacks[i].dims.push_back(
          stacks[i].dims.empty() || !evaluateExpression(plan_, dim, frame.sizes.symbols(), size) ? 0 : size);
    }
  }
  for (OwnedTensor &stack : stacks)
    carried.push_back(std::move(stack));
  return keepResults(frame, step, std::move(carried));
}

} // namespace lathe
