// See FunctionShape.h.
#include "runtime/FunctionShape.h"

#include "runtime/ElementType.h"
#include "runtime/Expression.h"

#include <algorithm>

namespace lathe {

static constexpr int64_t maxThreadScratch = int64_t(1) << 30;

/// Evaluates expressions and buffers at most once each.
struct FunctionEvaluation::Evaluator {
  const LoadedModel &model;
  const LatheFunction &function;
  const Plan &plan = model.plan();
  std::vector<int64_t> symbols;
  std::vector<int64_t> values = std::vector<int64_t>(plan.expressions.size());
  std::vector<uint8_t> known = std::vector<uint8_t>(plan.expressions.size());
  std::vector<OperandPlace> places = std::vector<OperandPlace>(plan.buffers.size());
  std::vector<uint8_t> placed = std::vector<uint8_t>(plan.buffers.size());
  uint64_t poolBytes[Plan::maxPools] = {};
  uint64_t stateBytes = 0;
  FunctionShape shape;
  std::string problem = {};

  bool fail(const std::string &what) {
    problem = what;
    return false;
  }

  std::string symbolsText() const {
    std::string text;
    for (size_t i = 0; i < symbols.size() && text.size() < 1000; ++i)
      if (symbols[i] >= 0)
        text +=
            (text.empty() ? "" : ", ") + std::string(plan.string(plan.symbols[i])) + " = " + std::to_string(symbols[i]);
    return text;
  }

  bool value(uint32_t index, int64_t &out) {
    if (!known[index]) {
      if (!evaluateExpression(plan, index, symbols, values[index]))
        return fail(printExpression(plan, index) + " has no value for " + symbolsText());
      known[index] = 1;
    }
    out = values[index];
    return true;
  }
  bool size(uint32_t index, const std::string &what, uint64_t &out) {
    int64_t number;
    if (!value(index, number))
      return fail(what + ": " + problem);
    if (number < 0)
      return fail(what + ": " + printExpression(plan, index) + " is " + std::to_string(number) + " for " +
                  symbolsText());
    out = uint64_t(number);
    return true;
  }

  std::string bufferText(uint32_t index) const {
    std::string_view name = plan.string(plan.buffers[index].name);
    return "buffer " + std::to_string(index) + (name.empty() ? "" : " '" + std::string(name) + "'");
  }

  bool tensor(uint32_t index, TensorShape &out) {
    const LatheBuffer &buffer = plan.buffers[index];
    out = {plan.string(buffer.name), LatheType(buffer.type), {}, 0};
    uint64_t rows = 1, columns = 1;
    auto dims = plan.list(buffer.dims);
    for (size_t i = 0; i < dims.size(); ++i) {
      uint64_t dim;
      if (!size(dims[i], bufferText(index), dim))
        return false;
      out.dims.push_back(int64_t(dim));
      if (i + 1 == dims.size())
        columns = dim;
      else if (__builtin_mul_overflow(rows, dim, &rows))
        return fail(bufferText(index) + " is too large");
    }
    auto needed = bytesOfRows(out.type, rows, columns);
    if (!size(buffer.bytes, bufferText(index), out.bytes))
      return false;
    if (!needed || out.bytes < *needed)
      return fail(bufferText(index) + " has " + std::to_string(out.bytes) + " bytes, its shape needs " +
                  (needed ? std::to_string(*needed) : "more than there are"));
    return true;
  }

  /// Operand number of an input or output buffer.
  static bool ordinal(std::span<const uint32_t> list, uint32_t index, uint64_t &out) {
    for (size_t i = 0; i < list.size(); ++i)
      if (list[i] == index) {
        out = i;
        return true;
      }
    return false;
  }

  bool place(uint32_t index) {
    if (placed[index])
      return true;
    const LatheBuffer &buffer = plan.buffers[index];
    OperandPlace &place = places[index];
    place.arena = LatheArena(buffer.arena);
    place.pool = buffer.pool;
    uint64_t bytes, offset, arenaBytes;
    if (!size(buffer.bytes, bufferText(index), bytes))
      return false;
    switch (place.arena) {
    case LATHE_ARENA_INPUT:
    case LATHE_ARENA_OUTPUT:
      if (!ordinal(plan.list(place.arena == LATHE_ARENA_INPUT ? function.inputs : function.outputs), index,
                   place.value))
        return fail(bufferText(index) + " is neither input nor output of the function");
      placed[index] = 1;
      return true;
    case LATHE_ARENA_RESULT:
      place.value = index;
      placed[index] = 1;
      return true;
    case LATHE_ARENA_WEIGHT:
      if (bytes > plan.weights[buffer.weight].bytes)
        return fail(bufferText(index) + " has " + std::to_string(bytes) + " bytes, its weight has " +
                    std::to_string(plan.weights[buffer.weight].bytes));
      place.value = reinterpret_cast<uint64_t>(model.weight(buffer.weight));
      placed[index] = 1;
      return true;
    default:
      break;
    }
    arenaBytes = place.arena == LATHE_ARENA_SCRATCH ? poolBytes[buffer.pool] : stateBytes;
    if (!size(buffer.offset, bufferText(index), offset))
      return false;
    if (offset % 64 != 0 || offset > arenaBytes || bytes > arenaBytes - offset)
      return fail(bufferText(index) + " (" + std::to_string(bytes) + " bytes at offset " + std::to_string(offset) +
                  ") lies outside the " + std::to_string(arenaBytes) + " bytes of its arena");
    place.value = offset;
    // A later stage may make the memory anew, with another size.
    placed[index] = place.arena == LATHE_ARENA_STATE || function.stages.count == 0;
    return true;
  }

  bool launch(uint32_t index) {
    const LatheLaunch &launch = plan.launches[index];
    std::string_view name = plan.string(launch.name);
    std::string what = "launch " + std::to_string(index) + (name.empty() ? "" : " '" + std::string(name) + "'");
    int64_t condition = 1;
    if (launch.condition != LATHE_NONE && !value(launch.condition, condition))
      return fail(what + ": " + problem);
    uint64_t grid = 0, scratch = 0, bytesRead = 0;
    if (condition == 0)
      return true;
    if (!size(launch.grid, what, grid))
      return false;
    auto checks = plan.list(launch.checks);
    for (size_t i = 0; i < checks.size(); i += 2) {
      int64_t left, right;
      if (!value(checks[i], left) || !value(checks[i + 1], right))
        return fail(what + ": " + problem);
      if (left != right)
        return fail(what + ": the sizes do not fit, " + printExpression(plan, checks[i]) + " is " +
                    std::to_string(left) + ", " + printExpression(plan, checks[i + 1]) + " is " +
                    std::to_string(right) + " for " + symbolsText());
    }
    if (grid == 0)
      return true;
    if ((launch.scratch != LATHE_NONE && !size(launch.scratch, what, scratch)) ||
        (launch.bytesRead != LATHE_NONE && !size(launch.bytesRead, what, bytesRead)))
      return false;
    if (scratch > uint64_t(maxThreadScratch))
      return fail(what + " wants " + std::to_string(scratch) + " bytes of scratch for each thread");
    shape.threadScratchBytes = std::max(shape.threadScratchBytes, scratch);
    if (__builtin_add_overflow(shape.bytesRead, bytesRead, &shape.bytesRead))
      shape.bytesRead = UINT64_MAX;
    ShapedLaunch shaped{index,
                        model.code().kernel(launch.kernel),
                        int64_t(grid),
                        uint32_t(shape.operands.size()),
                        uint32_t(shape.params.size()),
                        {}};
    for (uint32_t operand : plan.list(launch.operands)) {
      if (!place(operand))
        return fail(what + ": " + problem);
      shape.operands.push_back(places[operand]);
    }
    for (uint32_t param : plan.list(launch.params)) {
      int64_t number;
      if (!value(param, number))
        return fail(what + ": " + problem);
      shape.params.push_back(number);
    }
    shape.launches.push_back(shaped);
    return true;
  }

  bool launches(LatheSpan span, uint32_t pool, uint32_t scratchBytes) {
    if (!size(scratchBytes, "scratch", shape.scratchBytes) || !size(function.stateBytes, "state", shape.stateBytes))
      return false;
    if (shape.scratchBytes)
      poolBytes[pool] = shape.scratchBytes;
    stateBytes = shape.stateBytes;
    for (uint32_t i = 0; i < span.count; ++i)
      if (!launch(span.first + i))
        return false;
    return true;
  }

  bool all() {
    for (auto [list, out] : {std::pair{function.inputs, &shape.inputs}, std::pair{function.outputs, &shape.outputs}})
      for (uint32_t index : plan.list(list))
        if (!tensor(index, out->emplace_back()))
          return false;
    return launches(function.launches, 0, function.scratchBytes);
  }

  Status failure() {
    return Status::failure(model.artifact().path() + ": function '" + std::string(plan.string(function.name)) +
                           "': " + problem);
  }
};

FunctionEvaluation::FunctionEvaluation(const LoadedModel &model, const LatheFunction &function,
                                       std::span<const int64_t> symbols)
    : evaluator_(new Evaluator{model, function}) {
  evaluator_->symbols.assign(symbols.begin(), symbols.end());
}
FunctionEvaluation::~FunctionEvaluation() = default;
FunctionEvaluation::FunctionEvaluation(FunctionEvaluation &&) noexcept = default;

void FunctionEvaluation::restart(std::span<const int64_t> symbols) {
  evaluator_->symbols.assign(symbols.begin(), symbols.end());
  std::ranges::fill(evaluator_->known, 0);
  std::ranges::fill(evaluator_->placed, 0);
  std::ranges::fill(evaluator_->poolBytes, 0);
}
std::span<const int64_t> FunctionEvaluation::symbols() const { return evaluator_->symbols; }
void FunctionEvaluation::define(uint32_t symbol, int64_t value) { evaluator_->symbols[symbol] = value; }

Status FunctionEvaluation::stage(const LatheStage &stage, FunctionShape &shape) {
  Evaluator &evaluator = *evaluator_;
  std::swap(evaluator.shape, shape);
  FunctionShape &mine = evaluator.shape;
  mine.function = &evaluator.function;
  mine.inputs.clear(), mine.outputs.clear();
  mine.launches.clear(), mine.operands.clear(), mine.params.clear();
  mine.threadScratchBytes = mine.bytesRead = 0;
  bool good = evaluator.launches(stage.launches, stage.pool, stage.scratchBytes);
  std::swap(evaluator.shape, shape);
  return good ? Status::success() : evaluator.failure();
}
Status FunctionEvaluation::tensor(uint32_t buffer, TensorShape &shape) {
  return evaluator_->tensor(buffer, shape) ? Status::success() : evaluator_->failure();
}
Status FunctionEvaluation::place(uint32_t buffer, OperandPlace &place) {
  if (!evaluator_->place(buffer))
    return evaluator_->failure();
  place = evaluator_->places[buffer];
  return Status::success();
}

Result<FunctionShape> FunctionShape::evaluate(const LoadedModel &model, const LatheFunction &function,
                                              std::span<const int64_t> symbols) {
  FunctionEvaluation::Evaluator evaluator{model, function};
  FunctionShape &shape = evaluator.shape;
  shape.function = &function;
  shape.symbols.assign(symbols.begin(), symbols.end());
  evaluator.symbols = shape.symbols;
  std::string name(model.plan().string(function.name));
  if (symbols.size() != model.plan().symbols.size())
    return Status::failure("function '" + name + "' takes " + std::to_string(model.plan().symbols.size()) +
                           " symbol values, " + std::to_string(symbols.size()) + " were given");
  if (function.stages.count)
    return Status::failure("function '" + name + "' has sizes that data decides; they are known only while it runs");
  if (!evaluator.all())
    return evaluator.failure();
  return std::move(shape);
}

/// Where one symbol of a linear expression is not known (below 0): the value that makes the expression `wanted`.
static void solveForOne(const Plan &plan, uint32_t expression, int64_t wanted, std::vector<int64_t> &symbols) {
  LatheSpan span = plan.expressions[expression].operations;
  int64_t unknown = -1;
  for (const LatheOperation &operation : plan.operations.subspan(span.first, span.count))
    if (operation.opcode == LATHE_EXPR_SYMBOL && symbols[operation.value] < 0) {
      if (unknown >= 0 && unknown != operation.value)
        return;
      unknown = operation.value;
    }
  int64_t at0, at1, difference, slope;
  if (unknown < 0)
    return;
  symbols[unknown] = 0;
  bool good = evaluateExpression(plan, expression, symbols, at0);
  symbols[unknown] = 1;
  good = good && evaluateExpression(plan, expression, symbols, at1);
  symbols[unknown] = -1;
  if (good && !__builtin_sub_overflow(at1, at0, &slope) && !__builtin_sub_overflow(wanted, at0, &difference) &&
      slope > 0 && difference >= 0 && difference % slope == 0)
    symbols[unknown] = difference / slope;
}

Status solveSymbols(const Plan &plan, std::span<const uint32_t> buffers, std::span<const std::vector<int64_t>> shapes,
                    const char *kind, std::vector<int64_t> &symbols) {
  auto where = [&](size_t i) {
    return std::string(kind) + " '" + std::string(plan.string(plan.buffers[buffers[i]].name)) + "'";
  };
  // First the dimensions that are a symbol, then those of one symbol that is not known yet ("past + tokens"), then all
  // are compared with what the symbols make of them.
  enum { Plain, Solve, Compare };
  for (int pass : {Plain, Solve, Compare})
    for (size_t i = 0; i < buffers.size(); ++i) {
      auto dims = plan.list(plan.buffers[buffers[i]].dims);
      if (dims.size() != shapes[i].size())
        return Status::failure(where(i) + " has " + std::to_string(shapes[i].size()) + " dimensions, the model wants " +
                               std::to_string(dims.size()));
      for (size_t d = 0; d < dims.size(); ++d) {
        uint32_t symbol = plainSymbol(plan, dims[d]);
        if (pass == Plain && symbol != LATHE_NONE && symbols[symbol] < 0)
          symbols[symbol] = shapes[i][d];
        if (pass == Solve)
          solveForOne(plan, dims[d], shapes[i][d], symbols);
        int64_t expected = -1;
        if (pass == Compare && (!evaluateExpression(plan, dims[d], symbols, expected) || expected != shapes[i][d]))
          return Status::failure(where(i) + " has " + std::to_string(shapes[i][d]) + " in dimension " +
                                 std::to_string(d) + ", the other inputs make " + printExpression(plan, dims[d]) +
                                 " = " + std::to_string(expected));
      }
    }
  return Status::success();
}

Result<std::vector<int64_t>> symbolsFromInputs(const Plan &plan, const LatheFunction &function,
                                               std::span<const std::vector<int64_t>> shapes,
                                               std::span<const int64_t> known) {
  std::vector<int64_t> symbols(known.begin(), known.end());
  symbols.resize(plan.symbols.size(), -1);
  auto inputs = plan.list(function.inputs);
  if (shapes.size() != inputs.size())
    return Status::failure("function '" + std::string(plan.string(function.name)) + "' takes " +
                           std::to_string(inputs.size()) + " inputs, " + std::to_string(shapes.size()) + " were given");
  if (Status status = solveSymbols(plan, inputs, shapes, "input", symbols); !status)
    return status;
  return symbols;
}

} // namespace lathe
