// Checks of a plan section. Everything the runtime later takes from a plan without a second look is checked here.
#include "runtime/Plan.h"

#include "runtime/ElementType.h"

#include <cstring>

namespace lathe {

const LatheFunction *Plan::function(std::string_view name) const {
  for (const LatheFunction &function : functions)
    if (string(function.name) == name)
      return &function;
  return nullptr;
}

uint32_t Plan::symbol(std::string_view name) const {
  for (uint32_t i = 0; i < symbols.size(); ++i)
    if (string(symbols[i]) == name)
      return i;
  return LATHE_NONE;
}

/// Reads and checks; each check returns false after setting `problem`.
struct PlanReader {
  std::span<const std::byte> section;
  uint64_t weightBytes;
  Plan plan;
  std::string problem;

  bool fail(const std::string &what) {
    problem = what;
    return false;
  }
  static std::string at(const char *what, size_t index) { return std::string(what) + " " + std::to_string(index); }

  template <class T> bool array(const char *what, LatheArray array, std::span<const T> &out) {
    static_assert(alignof(T) <= 8);
    if (array.offset % 8 != 0 || array.offset > section.size() ||
        array.count > (section.size() - array.offset) / sizeof(T) || array.count >= LATHE_NONE)
      return fail(std::string("the array of ") + what + " (" + std::to_string(array.count) + " at offset " +
                  std::to_string(array.offset) + ") lies outside its " + std::to_string(section.size()) + " bytes");
    if (array.count)
      out = {reinterpret_cast<const T *>(section.data() + array.offset), size_t(array.count)};
    return true;
  }

  bool name(uint32_t name, bool optional) const { return name == LATHE_NONE ? optional : name < plan.strings_.size(); }
  bool expression(uint32_t index, bool optional = false) const {
    return index == LATHE_NONE ? optional : index < plan.expressions.size();
  }
  static bool inside(LatheSpan span, size_t count) { return span.first <= count && span.count <= count - span.first; }
  /// A span of indices, each below `limit`.
  bool list(LatheSpan span, uint32_t maxCount, size_t limit) const {
    if (!inside(span, plan.indices.size()) || span.count > maxCount)
      return false;
    for (uint32_t index : plan.list(span))
      if (index >= limit)
        return false;
    return true;
  }

  bool read() {
    LathePlanHeader header;
    if (section.size() < sizeof header)
      return fail("is shorter than its header");
    std::memcpy(&header, section.data(), sizeof header);
    return array("strings", header.strings, plan.strings_) && array("symbols", header.symbols, plan.symbols) &&
           array("expressions", header.expressions, plan.expressions) &&
           array("operations", header.operations, plan.operations) && array("indices", header.indices, plan.indices) &&
           array("buffers", header.buffers, plan.buffers) && array("weights", header.weights, plan.weights) &&
           array("pieces", header.pieces, plan.pieces) && array("files", header.files, plan.files) &&
           array("kernels", header.kernels, plan.kernels) && array("launches", header.launches, plan.launches) &&
           array("functions", header.functions, plan.functions) && array("stages", header.stages, plan.stages) &&
           array("steps", header.steps, plan.steps) && strings() && names() && expressions() && buffers() &&
           weights() && launches() && functions() && steps();
  }

  bool strings() {
    if (!plan.strings_.empty() && plan.strings_.back() != 0)
      return fail("the last string is not terminated");
    size_t start = 0;
    for (size_t i = 0; i < plan.strings_.size(); ++i)
      if (plan.strings_[i] == 0) {
        if (i - start > Plan::maxName)
          return fail("a string is longer than " + std::to_string(Plan::maxName) + " bytes");
        start = i + 1;
      }
    return true;
  }

  bool names() {
    if (plan.symbols.size() > Plan::maxSymbols)
      return fail("has " + std::to_string(plan.symbols.size()) + " symbols, at most " +
                  std::to_string(Plan::maxSymbols) + " are allowed");
    for (size_t i = 0; i < plan.symbols.size(); ++i)
      if (!name(plan.symbols[i], false))
        return fail(at("symbol", i) + " has no name");
    for (size_t i = 0; i < plan.files.size(); ++i)
      if (!name(plan.files[i], false))
        return fail(at("file", i) + " has no name");
    for (size_t i = 0; i < plan.kernels.size(); ++i)
      if (!name(plan.kernels[i].entry, false) || !name(plan.kernels[i].description, true))
        return fail(at("kernel", i) + " has no name");
    return true;
  }

  bool expressions() {
    uint64_t total = 0;
    for (size_t i = 0; i < plan.expressions.size(); ++i) {
      LatheSpan span = plan.expressions[i].operations;
      total += span.count;
      if (!inside(span, plan.operations.size()) || total > plan.operations.size())
        return fail(at("expression", i) + " lies outside the operations");
      uint32_t depth = 0;
      for (const LatheOperation &operation : plan.operations.subspan(span.first, span.count)) {
        if (operation.opcode > LATHE_EXPR_LESS)
          return fail(at("expression", i) + " has the unknown opcode " + std::to_string(operation.opcode));
        if (operation.opcode > LATHE_EXPR_SYMBOL) {
          if (depth < 2)
            return fail(at("expression", i) + " takes more values than it has");
          --depth;
          continue;
        }
        if (operation.opcode == LATHE_EXPR_SYMBOL &&
            (operation.value < 0 || uint64_t(operation.value) >= plan.symbols.size()))
          return fail(at("expression", i) + " refers to symbol " + std::to_string(operation.value) + " of " +
                      std::to_string(plan.symbols.size()));
        if (++depth > Plan::maxStack)
          return fail(at("expression", i) + " is deeper than " + std::to_string(Plan::maxStack) + " values");
      }
      if (depth != 1)
        return fail(at("expression", i) + " leaves " + std::to_string(depth) + " values instead of one");
    }
    return true;
  }

  bool buffers() {
    for (size_t i = 0; i < plan.buffers.size(); ++i) {
      const LatheBuffer &buffer = plan.buffers[i];
      bool placed = buffer.arena == LATHE_ARENA_SCRATCH || buffer.arena == LATHE_ARENA_STATE;
      bool external = buffer.arena == LATHE_ARENA_INPUT || buffer.arena == LATHE_ARENA_OUTPUT;
      if (buffer.arena > LATHE_ARENA_RESULT || buffer.pool >= Plan::maxPools || !isElementType(buffer.type) ||
          !name(buffer.name, !external) ||
          (buffer.arena == LATHE_ARENA_WEIGHT && buffer.weight >= plan.weights.size()) ||
          !list(buffer.dims, Plan::maxRank, plan.expressions.size()) || !expression(buffer.offset, !placed) ||
          !expression(buffer.bytes))
        return fail(at("buffer", i) + " is malformed");
    }
    return true;
  }

  bool weights() {
    uint64_t totalPieces = 0;
    for (size_t i = 0; i < plan.weights.size(); ++i) {
      const LatheWeight &weight = plan.weights[i];
      totalPieces += weight.pieces.count;
      uint64_t elements;
      if (!name(weight.name, true) || !isElementType(weight.type) || weight.layout > LATHE_LAYOUT_LANES ||
          (weight.interleave != 0 && weight.interleave != 2) || !inside(weight.pieces, plan.pieces.size()) ||
          totalPieces > plan.pieces.size() || __builtin_mul_overflow(weight.rows, weight.columns, &elements))
        return fail(at("weight", i) + " is malformed");
      if (Plan::isEmbedded(weight)) {
        if (weight.offset % 64 != 0 || weight.offset > weightBytes || weight.bytes > weightBytes - weight.offset)
          return fail(at("weight", i) + " (" + std::to_string(weight.bytes) + " bytes at offset " +
                      std::to_string(weight.offset) + ") lies outside the " + std::to_string(weightBytes) +
                      " bytes of weights");
        continue;
      }
      uint64_t rows = 0, sourceBytes = 0;
      for (const LatheWeightPiece &piece : plan.piecesOf(weight)) {
        if (!isElementType(piece.type) || piece.file >= plan.files.size() || piece.transposed > 1 ||
            (piece.transposed && isBlockType(LatheType(piece.type))) || piece.columns != weight.columns ||
            __builtin_add_overflow(rows, piece.rows, &rows) ||
            __builtin_add_overflow(sourceBytes, piece.bytes, &sourceBytes))
          return fail(at("weight", i) + " has a malformed piece");
        auto expected = piece.transposed ? bytesOfRows(LatheType(piece.type), piece.columns, piece.rows)
                                         : bytesOfRows(LatheType(piece.type), piece.rows, piece.columns);
        if (!expected || *expected != piece.bytes)
          return fail(at("weight", i) + " has a piece of " + std::to_string(piece.bytes) + " bytes for " +
                      std::to_string(piece.rows) + " x " + std::to_string(piece.columns) + " " +
                      elementTypeName(piece.type));
      }
      if (rows != weight.rows)
        return fail(at("weight", i) + " has " + std::to_string(weight.rows) + " rows, its pieces have " +
                    std::to_string(rows));
      // Packing at most widens 4 bits to 64 and pads 16 rows: a larger claim is not about these pieces.
      if (weight.bytes / 16 > sourceBytes + weight.columns * 8 + 65536)
        return fail(at("weight", i) + " claims " + std::to_string(weight.bytes) + " bytes for pieces of " +
                    std::to_string(sourceBytes));
    }
    return true;
  }

  bool launches() {
    for (size_t i = 0; i < plan.launches.size(); ++i) {
      const LatheLaunch &launch = plan.launches[i];
      if (launch.kernel >= plan.kernels.size() || !name(launch.name, true) ||
          !list(launch.operands, Plan::maxOperands, plan.buffers.size()) ||
          !list(launch.params, Plan::maxOperands, plan.expressions.size()) || !expression(launch.grid) ||
          !list(launch.checks, Plan::maxOperands, plan.expressions.size()) || launch.checks.count % 2 ||
          !expression(launch.scratch, true) || !expression(launch.condition, true) ||
          !expression(launch.bytesRead, true))
        return fail(at("launch", i) + " is malformed");
    }
    return true;
  }

  bool functions() {
    if (plan.functions.size() > Plan::maxFunctions)
      return fail("has " + std::to_string(plan.functions.size()) + " functions, at most " +
                  std::to_string(Plan::maxFunctions) + " are allowed");
    for (size_t i = 0; i < plan.functions.size(); ++i) {
      const LatheFunction &function = plan.functions[i];
      if (!name(function.name, false) || !expression(function.scratchBytes) || !expression(function.stateBytes) ||
          !list(function.inputs, Plan::maxOperands, plan.buffers.size()) ||
          !list(function.outputs, Plan::maxOperands, plan.buffers.size()) ||
          !inside(function.launches, plan.launches.size()) || !inside(function.stages, plan.stages.size()) ||
          function.pools > Plan::maxPools)
        return fail(at("function", i) + " is malformed");
      for (uint32_t index : plan.list(function.inputs))
        if (plan.buffers[index].arena != LATHE_ARENA_INPUT)
          return fail(at("function", i) + " has an input that is not in the input arena");
      for (uint32_t index : plan.list(function.outputs))
        if (plan.buffers[index].arena != LATHE_ARENA_OUTPUT)
          return fail(at("function", i) + " has an output that is not in the output arena");
    }
    return true;
  }

  /// Stages cover their function's launches in order; steps are theirs alone and call functions before it, so that no
  /// function calls itself.
  bool steps() {
    size_t nextStage = 0, nextStep = 0;
    for (size_t i = 0; i < plan.functions.size(); ++i) {
      const LatheFunction &function = plan.functions[i];
      if (function.stages.count == 0)
        continue;
      if (function.stages.first != nextStage)
        return fail(at("function", i) + " shares its stages with another one");
      nextStage += function.stages.count;
      uint32_t nextLaunch = function.launches.first;
      for (const LatheStage &stage : plan.stagesOf(function)) {
        if (stage.launches.first != nextLaunch || !inside(stage.launches, plan.launches.size()) ||
            stage.steps.first != nextStep || !inside(stage.steps, plan.steps.size()) || stage.pool >= function.pools ||
            !expression(stage.scratchBytes))
          return fail(at("function", i) + " has a malformed stage");
        nextLaunch += stage.launches.count;
        nextStep += stage.steps.count;
        for (const LatheStep &step : plan.stepsOf(stage))
          if (!this->step(step, i))
            return fail(at("function", i) + " has a malformed step" +
                        (name(step.name, false) ? " '" + std::string(plan.string(step.name)) + "'" : ""));
      }
      if (nextLaunch != function.launches.first + function.launches.count)
        return fail(at("function", i) + " has launches that are in no stage");
    }
    return true;
  }

  bool step(const LatheStep &step, size_t caller) {
    auto isScalar = [&](uint32_t index, LatheType type, bool optional) {
      return index == LATHE_NONE ? optional : index < plan.buffers.size() && plan.buffers[index].type == type;
    };
    if (step.kind > LATHE_STEP_LOOP || !name(step.name, true) ||
        !list(step.operands, Plan::maxOperands, plan.buffers.size()) ||
        !list(step.results, Plan::maxOperands, plan.buffers.size()))
      return false;
    for (uint32_t index : plan.list(step.results))
      if (plan.buffers[index].arena != LATHE_ARENA_RESULT)
        return false;
    if (step.kind == LATHE_STEP_SIZE)
      return step.symbol < plan.symbols.size() && isScalar(step.value, LATHE_I64, false);
    bool isLoop = step.kind == LATHE_STEP_LOOP;
    if (!isScalar(step.value, LATHE_BOOL, isLoop) || !isScalar(step.limit, LATHE_I64, true) ||
        (isLoop && step.functions[1] != LATHE_NONE) || (isLoop && step.carried > step.operands.count) ||
        (isLoop && step.carried > step.results.count))
      return false;
    for (uint32_t callee : {step.functions[0], isLoop ? step.functions[0] : step.functions[1]}) {
      if (callee >= caller)
        return false;
      const LatheFunction &function = plan.functions[callee];
      if (function.inputs.count != step.operands.count + (isLoop ? 2 : 0) ||
          function.outputs.count != step.results.count + (isLoop ? 1 : 0))
        return false;
      auto inputs = plan.list(function.inputs), outputs = plan.list(function.outputs);
      if (isLoop && (plan.buffers[inputs[0]].type != LATHE_I64 || plan.buffers[inputs[1]].type != LATHE_BOOL ||
                     plan.buffers[outputs[0]].type != LATHE_BOOL))
        return false;
      // Types and ranks fit on all sides.
      auto same = [&](uint32_t a, uint32_t b, uint32_t extra = 0) {
        return plan.buffers[a].type == plan.buffers[b].type &&
               plan.buffers[a].dims.count == plan.buffers[b].dims.count + extra;
      };
      auto operands = plan.list(step.operands), results = plan.list(step.results);
      for (size_t i = 0; i < operands.size(); ++i)
        if (!same(operands[i], inputs[i + (isLoop ? 2 : 0)]))
          return false;
      for (size_t i = 0; i < results.size(); ++i)
        if (!same(results[i], outputs[i + (isLoop ? 1 : 0)], isLoop && i >= step.carried ? 1 : 0) ||
            (isLoop && i < step.carried && !same(results[i], operands[i])))
          return false;
    }
    return true;
  }
};

Result<Plan> Plan::read(std::span<const std::byte> section, uint64_t weightBytes) {
  PlanReader reader{section, weightBytes, {}, {}};
  if (!reader.read())
    return Status::failure("plan: " + reader.problem);
  return reader.plan;
}

} // namespace lathe
