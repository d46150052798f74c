// See PlanSection.h.
#include "codegen/PlanSection.h"

#include "codegen/Instantiate.h"
#include "frontend/files/Quoted.h"
#include "runtime/ContentHash.h"
#include "runtime/ElementType.h"
#include "runtime/cpu/Pack.h"

#include <mlir/IR/AffineMap.h>
#include <mlir/IR/BuiltinAttributes.h>

#include <filesystem>
#include <map>

using namespace mlir;

namespace lathe {
namespace {

constexpr uint64_t alignment = 64;
uint64_t aligned(uint64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

class SectionBuilder {
public:
  SectionBuilder(const WeightTable &table, WeightStorage storage) : table(table), storage(storage) {
    strings.push_back('\0');
  }

  /// The program after those that it calls.
  Status add(plan::ProgramOp program) {
    auto [known, isNew] = functionIndex.try_emplace(program.getName(), LATHE_NONE);
    if (!isNew)
      return known->second != LATHE_NONE
                 ? Status::success()
                 : Status::failure("program " + lathe::quoted(program.getName().str()) + " calls itself");
    for (Operation &op : program.getBody().front())
      for (StringRef name : calledPrograms(&op)) {
        auto callee =
            SymbolTable::lookupNearestSymbolFrom<plan::ProgramOp>(program, StringAttr::get(op.getContext(), name));
        if (!callee)
          return Status::failure("program " + lathe::quoted(name.str()) + " is called, but is not in the module");
        if (Status status = add(callee); !status)
          return status;
      }
    if (Status status = addFunction(program); !status)
      return status;
    functionIndex[program.getName()] = functions.size() - 1;
    return Status::success();
  }

  PlanSection finish() {
    PlanSection section;
    section.bytes.resize(sizeof(LathePlanHeader));
    LathePlanHeader header{};
    auto put = [&](LatheArray &array, const auto &values) {
      while (section.bytes.size() % 8)
        section.bytes.push_back(std::byte{0});
      array = {section.bytes.size(), values.size()};
      auto bytes = std::as_bytes(std::span(values.data(), values.size()));
      section.bytes.insert(section.bytes.end(), bytes.begin(), bytes.end());
    };
    put(header.strings, strings);
    put(header.symbols, symbols);
    put(header.expressions, expressions);
    put(header.operations, operations);
    put(header.indices, indices);
    put(header.buffers, buffersOut);
    put(header.weights, weights);
    put(header.pieces, pieces);
    put(header.files, files);
    put(header.kernels, kernels);
    put(header.launches, launches);
    put(header.functions, functions);
    put(header.stages, stages);
    put(header.steps, steps);
    std::memcpy(section.bytes.data(), &header, sizeof header);
    section.embedded = std::move(embedded);
    section.weightBytes = weightBytes;
    return section;
  }

private:
  struct Slot {
    AffineMap sizes;
    int64_t stage;
  };

  const WeightTable &table;
  WeightStorage storage;
  std::vector<char> strings;
  std::vector<uint32_t> symbols, indices, files;
  std::vector<LatheExpression> expressions;
  std::vector<LatheOperation> operations;
  std::vector<LatheBuffer> buffersOut;
  std::vector<LatheWeight> weights;
  std::vector<LatheWeightPiece> pieces;
  std::vector<LatheKernel> kernels;
  std::vector<LatheLaunch> launches;
  std::vector<LatheFunction> functions;
  std::vector<LatheStage> stages;
  std::vector<LatheStep> steps;
  std::map<StringRef, uint32_t> functionIndex; // LATHE_NONE while it is under way
  std::vector<EmbeddedWeight> embedded;
  uint64_t weightBytes = 0;

  std::map<std::string, uint32_t, std::less<>> stringIndex, fileIndex, kernelIndex;
  std::map<std::vector<std::pair<uint32_t, int64_t>>, uint32_t> expressionIndex;
  std::map<std::string, uint32_t> weightIndex; // what plan.weight says -> weight
  DenseMap<AffineExpr, uint32_t> expressionOf;
  std::vector<uint32_t> symbolIndex; // the program's symbols -> the plan's

  uint32_t string(StringRef text) {
    if (text.empty())
      return LATHE_NONE;
    auto [entry, isNew] = stringIndex.try_emplace(text.take_front(4000).str(), strings.size());
    if (isNew) {
      strings.insert(strings.end(), entry->first.begin(), entry->first.end());
      strings.push_back('\0');
    }
    return entry->second;
  }
  uint32_t symbolNumber(StringRef name) {
    uint32_t text = string(name);
    for (uint32_t i = 0; i < symbols.size(); ++i)
      if (symbols[i] == text)
        return i;
    symbols.push_back(text);
    return symbols.size() - 1;
  }
  LatheSpan list(const std::vector<uint32_t> &values) {
    LatheSpan span{static_cast<uint32_t>(indices.size()), static_cast<uint32_t>(values.size())};
    indices.insert(indices.end(), values.begin(), values.end());
    return span;
  }

  // ---- functions

  Status addFunction(plan::ProgramOp program) {
    symbolIndex.clear();
    for (Attribute symbol : program.getSymbols())
      symbolIndex.push_back(symbolNumber(cast<StringAttr>(symbol).getValue()));
    expressionOf.clear();
    LatheFunction function{};
    function.name = string(program.getName());
    std::vector<Slot> slots;
    if (ArrayAttr sizes = program.getSlotsAttr())
      for (Attribute slot : sizes)
        slots.push_back({cast<AffineMapAttr>(slot).getValue(), 0});
    if (auto stages = program.getSlotStages())
      for (auto [slot, stage] : ::llvm::zip(slots, *stages))
        slot.stage = stage;
    ArrayRef<int64_t> pools = program.getStagePools().value_or(ArrayRef<int64_t>());
    DenseMap<Value, uint32_t> buffers;
    std::vector<uint32_t> inputs, outputs;
    std::vector<LatheOperation> state;
    number(state, 0);
    for (Operation &op : program.getBody().front()) {
      LatheBuffer buffer{};
      if (auto made = dyn_cast<plan::BufferOp>(op)) {
        buffer = describe(made);
        if (made.getArena() == plan::Arena::scratch) {
          std::vector<LatheOperation> offset;
          size_t slot = static_cast<size_t>(*made.getSlot());
          slotOffset(offset, slots, slots[slot].stage, slot);
          buffer.offset = expression(offset);
          buffer.pool = pools.empty() ? 0 : pools[slots[slot].stage];
        } else if (made.getArena() == plan::Arena::state) {
          buffer.offset = expression(state);
          const std::vector<LatheOperation> bytes = operationsOf(buffer.bytes);
          state.insert(state.end(), bytes.begin(), bytes.end());
          roundUp(state);
          operation(state, LATHE_EXPR_ADD);
        }
      } else if (auto weight = dyn_cast<plan::WeightOp>(op)) {
        Result<LatheBuffer> described = describe(weight);
        if (!described)
          return described.status();
        buffer = *described;
      } else if (auto constant = dyn_cast<plan::ConstantOp>(op)) {
        buffer = describe(constant);
      } else {
        continue;
      }
      uint32_t index = buffersOut.size();
      buffers[op.getResult(0)] = index;
      if (buffer.arena == LATHE_ARENA_INPUT)
        inputs.push_back(index);
      if (buffer.arena == LATHE_ARENA_OUTPUT)
        outputs.push_back(index);
      buffersOut.push_back(buffer);
    }
    std::vector<LatheStage> ownStages;
    auto open = [&] {
      int64_t stage = ownStages.size();
      std::vector<LatheOperation> scratch;
      slotOffset(scratch, slots, stage, slots.size());
      uint32_t pool = pools.empty() ? 0 : pools[stage];
      function.pools = std::max(function.pools, pool + 1);
      ownStages.push_back({{static_cast<uint32_t>(launches.size()), 0},
                           {static_cast<uint32_t>(steps.size()), 0},
                           pool,
                           expression(scratch)});
    };
    function.launches.first = launches.size();
    open();
    for (Operation &op : program.getBody().front()) {
      if (auto launch = dyn_cast<plan::LaunchOp>(op)) {
        if (ownStages.back().steps.count)
          open();
        launches.push_back(describe(launch, buffers));
        ++ownStages.back().launches.count;
      } else if (isa<plan::SizeOp, plan::IfOp, plan::LoopOp>(op)) {
        steps.push_back(describeStep(&op, buffers));
        ++ownStages.back().steps.count;
      }
    }
    function.launches.count = launches.size() - function.launches.first;
    if (ownStages.size() > 1 || ownStages.back().steps.count) {
      function.stages = {static_cast<uint32_t>(stages.size()), static_cast<uint32_t>(ownStages.size())};
      stages.insert(stages.end(), ownStages.begin(), ownStages.end());
    }
    function.scratchBytes = ownStages.front().scratchBytes;
    function.inputs = list(inputs);
    function.outputs = list(outputs);
    function.stateBytes = expression(state);
    functions.push_back(function);
    return Status::success();
  }

  // ---- expressions

  static void operation(std::vector<LatheOperation> &out, LatheOpcode opcode, int64_t value = 0) {
    out.push_back({uint32_t(opcode), 0, value});
  }
  static void number(std::vector<LatheOperation> &out, int64_t value) { operation(out, LATHE_EXPR_CONSTANT, value); }
  static void roundUp(std::vector<LatheOperation> &out) {
    number(out, alignment);
    operation(out, LATHE_EXPR_CEILDIV);
    number(out, alignment);
    operation(out, LATHE_EXPR_MUL);
  }
  void emit(std::vector<LatheOperation> &out, AffineExpr expression) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expression))
      return number(out, constant.getValue());
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expression))
      return operation(out, LATHE_EXPR_SYMBOL, symbolIndex[symbol.getPosition()]);
    auto binary = cast<AffineBinaryOpExpr>(expression);
    emit(out, binary.getLHS());
    emit(out, binary.getRHS());
    switch (binary.getKind()) {
    case AffineExprKind::Add:
      return operation(out, LATHE_EXPR_ADD);
    case AffineExprKind::Mul:
      return operation(out, LATHE_EXPR_MUL);
    case AffineExprKind::FloorDiv:
      return operation(out, LATHE_EXPR_FLOORDIV);
    case AffineExprKind::CeilDiv:
      return operation(out, LATHE_EXPR_CEILDIV);
    default:
      return operation(out, LATHE_EXPR_MOD);
    }
  }
  uint32_t expression(const std::vector<LatheOperation> &code) {
    std::vector<std::pair<uint32_t, int64_t>> key;
    for (const LatheOperation &step : code)
      key.emplace_back(step.opcode, step.value);
    auto [entry, isNew] = expressionIndex.try_emplace(key, expressions.size());
    if (isNew) {
      expressions.push_back({{static_cast<uint32_t>(operations.size()), static_cast<uint32_t>(code.size())}});
      operations.insert(operations.end(), code.begin(), code.end());
    }
    return entry->second;
  }
  uint32_t expression(AffineExpr affine) {
    auto [entry, isNew] = expressionOf.try_emplace(affine, 0);
    if (isNew) {
      std::vector<LatheOperation> code;
      emit(code, affine);
      entry->second = expression(code);
    }
    return entry->second;
  }
  std::vector<LatheOperation> operationsOf(uint32_t index) const {
    LatheSpan span = expressions[index].operations;
    return {operations.begin() + span.first, operations.begin() + span.first + span.count};
  }
  /// The sum of the sizes of the slots of a stage before `slot`, each rounded up.
  void slotOffset(std::vector<LatheOperation> &out, const std::vector<Slot> &slots, int64_t stage, size_t slot) {
    number(out, 0);
    for (size_t i = 0; i < slot; ++i) {
      if (slots[i].stage != stage)
        continue;
      for (auto [index, size] : ::llvm::enumerate(slots[i].sizes.getResults())) {
        emit(out, size);
        if (index)
          operation(out, LATHE_EXPR_MAX);
      }
      roundUp(out);
      operation(out, LATHE_EXPR_ADD);
    }
  }

  // ---- buffers

  LatheBuffer describe(plan::BufferOp op) {
    LatheBuffer buffer{};
    buffer.name = string(op.getLabel());
    buffer.arena = op.getArena() == plan::Arena::input    ? LATHE_ARENA_INPUT
                   : op.getArena() == plan::Arena::output ? LATHE_ARENA_OUTPUT
                   : op.getArena() == plan::Arena::state  ? LATHE_ARENA_STATE
                   : op.getArena() == plan::Arena::result ? LATHE_ARENA_RESULT
                                                          : LATHE_ARENA_SCRATCH;
    LatheType type = *llm::latheType(op.getElement());
    buffer.type = type;
    buffer.weight = LATHE_NONE;
    std::vector<uint32_t> dims;
    std::vector<LatheOperation> bytes;
    number(bytes, bytesPerBlock(type));
    for (AffineExpr dim : op.getDims().getResults()) {
      dims.push_back(expression(dim));
      emit(bytes, dim);
      operation(bytes, LATHE_EXPR_MUL);
    }
    buffer.dims = list(dims);
    buffer.offset = LATHE_NONE;
    buffer.bytes = expression(bytes);
    return buffer;
  }

  uint32_t constantExpression(uint64_t value) {
    std::vector<LatheOperation> code;
    number(code, static_cast<int64_t>(value));
    return expression(code);
  }
  LatheBuffer weightBuffer(StringRef label, uint32_t weight) {
    const LatheWeight &described = weights[weight];
    LatheBuffer buffer{};
    buffer.name = string(label);
    buffer.arena = LATHE_ARENA_WEIGHT;
    buffer.type = described.type;
    buffer.weight = weight;
    buffer.dims = list({constantExpression(described.rows), constantExpression(described.columns)});
    buffer.offset = LATHE_NONE;
    buffer.bytes = constantExpression(described.bytes);
    return buffer;
  }

  LatheBuffer describe(plan::ConstantOp op) {
    auto elements = cast<DenseElementsAttr>(op.getValue());
    LatheType type = *llm::latheType(elements.getElementType());
    // Splats and booleans have a raw form of their own.
    std::vector<std::byte> raw(elements.getNumElements() * bytesPerBlock(type));
    if (type == LATHE_BOOL) {
      for (auto [index, value] : ::llvm::enumerate(elements.getValues<bool>()))
        raw[index] = std::byte(value);
    } else {
      ArrayRef<char> data = elements.getRawData();
      size_t size = bytesPerBlock(type);
      for (size_t at = 0; at < raw.size(); at += size)
        std::memcpy(raw.data() + at, data.data() + (elements.isSplat() ? 0 : at), size);
    }
    LatheWeight weight{};
    weight.name = LATHE_NONE;
    weight.type = type;
    weight.layout = LATHE_LAYOUT_PLAIN;
    weight.rows = 1;
    weight.columns = elements.getNumElements();
    weight.bytes = raw.size();
    constants.push_back(std::move(raw));
    LatheWeightPiece piece{};
    piece.file = LATHE_NONE;
    piece.type = type;
    piece.bytes = weight.bytes;
    piece.rows = 1;
    piece.columns = weight.columns;
    embed(weight, {piece}, {constants.back()});
    LatheBuffer buffer = weightBuffer("constant", weights.size() - 1);
    std::vector<uint32_t> dims;
    for (int64_t size : elements.getType().getShape())
      dims.push_back(constantExpression(static_cast<uint64_t>(size)));
    buffer.dims = list(dims);
    return buffer;
  }
  std::deque<std::vector<std::byte>> constants;

  void embed(LatheWeight &weight, std::vector<LatheWeightPiece> weightPieces,
             std::vector<std::span<const std::byte>> bytes) {
    weight.offset = weightBytes;
    weight.pieces = {0, 0};
    weightBytes += aligned(weight.bytes);
    weights.push_back(weight);
    embedded.push_back({weight, std::move(weightPieces), std::move(bytes)});
  }

  Result<LatheBuffer> describe(plan::WeightOp op) {
    std::string key = op.getPacking().str();
    ::llvm::raw_string_ostream stream(key);
    stream << op.getElement() << op.getRows() << "x" << op.getColumns() << op.getPieces();
    auto [known, isNew] = weightIndex.try_emplace(key, 0);
    if (!isNew)
      return weightBuffer(op.getLabel(), known->second);

    LatheWeight weight{};
    weight.name = string(op.getLabel());
    weight.type = *llm::latheType(op.getElement());
    weight.layout = op.getPacking().empty() ? LATHE_LAYOUT_PLAIN : LATHE_LAYOUT_LANES;
    weight.interleave = op.getPacking() == "lanes2" ? 2 : 0;
    weight.rows = op.getRows();
    weight.columns = op.getColumns();
    auto bytes =
        packedBytes(LatheType(weight.type), LatheLayout(weight.layout), weight.rows, weight.columns, weight.interleave);
    if (!bytes)
      return Status::failure("weight " + lathe::quoted(op.getLabel().str()) + " of " + std::to_string(weight.rows) +
                             " x " + std::to_string(weight.columns) + " " + elementTypeName(weight.type) +
                             " cannot be packed");
    weight.bytes = *bytes;
    std::vector<LatheWeightPiece> weightPieces;
    std::vector<std::span<const std::byte>> data;
    bool inMemory = false;
    std::vector<std::string> paths;
    for (Attribute attribute : op.getPieces()) {
      auto dictionary = cast<DictionaryAttr>(attribute);
      std::string name = dictionary.getAs<StringAttr>("name").str();
      const Weight *entry = table.find(name);
      if (!entry)
        return Status::failure("weight " + lathe::quoted(name) + " is not in the model's files");
      Result<LatheWeightPiece> piece = describePiece(*entry, dictionary, weight);
      if (!piece)
        return piece.status();
      std::span<const uint8_t> whole = entry->data();
      data.push_back(std::as_bytes(whole.subspan(piece->offset - entry->offset, piece->bytes)));
      inMemory |= entry->inMemory();
      paths.push_back(entry->file->path());
      weightPieces.push_back(*piece);
    }
    if (storage == WeightStorage::Embed || inMemory) {
      embed(weight, std::move(weightPieces), std::move(data));
    } else {
      weight.offset = UINT64_MAX;
      weight.pieces = {static_cast<uint32_t>(pieces.size()), static_cast<uint32_t>(weightPieces.size())};
      for (size_t i = 0; i < weightPieces.size(); ++i) {
        weightPieces[i].file = fileNumber(paths[i]);
        weightPieces[i].hash = storage == WeightStorage::Reference ? contentHash(data[i]) : 0;
        pieces.push_back(weightPieces[i]);
      }
      weights.push_back(weight);
    }
    known->second = weights.size() - 1;
    return weightBuffer(op.getLabel(), known->second);
  }

  Result<LatheWeightPiece> describePiece(const Weight &entry, DictionaryAttr dictionary, const LatheWeight &weight) {
    int64_t first = dictionary.getAs<IntegerAttr>("first").getInt();
    LatheWeightPiece piece{};
    piece.type = entry.type;
    piece.rows = dictionary.getAs<IntegerAttr>("rows").getInt();
    piece.columns = weight.columns;
    piece.transposed = dictionary.contains("transposed");
    auto bytes = piece.transposed ? bytesOfRows(entry.type, piece.columns, piece.rows)
                                  : bytesOfRows(entry.type, piece.rows, piece.columns);
    auto skipped = bytesOfRows(entry.type, first, piece.transposed ? piece.rows : piece.columns);
    if (!bytes || !skipped || *skipped > entry.bytes || *bytes > entry.bytes - *skipped)
      return Status::failure("weight " + lathe::quoted(entry.name) + " is " + elementTypeName(entry.type) +
                             shapeText(entry.shape) + " in the file, the graph uses rows " + std::to_string(first) +
                             " to " + std::to_string(first + piece.rows) + " of " + std::to_string(piece.columns) +
                             " columns");
    piece.offset = entry.offset + *skipped;
    piece.bytes = *bytes;
    return piece;
  }

  uint32_t fileNumber(const std::string &path) {
    auto [entry, isNew] = fileIndex.try_emplace(path, files.size());
    if (isNew) {
      std::error_code error;
      std::filesystem::path absolute = std::filesystem::absolute(path, error);
      files.push_back(string(error ? path : absolute.string()));
    }
    return entry->second;
  }

  // ---- launches and steps

  static SmallVector<StringRef> calledPrograms(Operation *op) {
    if (auto branch = dyn_cast<plan::IfOp>(op))
      return {branch.getThen(), branch.getOtherwise()};
    if (auto loop = dyn_cast<plan::LoopOp>(op))
      return {loop.getBody()};
    return {};
  }

  LatheStep describeStep(Operation *op, const DenseMap<Value, uint32_t> &buffers) {
    LatheStep step{};
    if (auto named = dyn_cast<NameLoc>(op->getLoc()))
      step.name = string(named.getName().getValue());
    else
      step.name = LATHE_NONE;
    step.symbol = step.value = step.limit = step.functions[0] = step.functions[1] = LATHE_NONE;
    auto listOf = [&](ValueRange values) {
      std::vector<uint32_t> numbers;
      for (Value value : values)
        numbers.push_back(buffers.lookup(value));
      return list(numbers);
    };
    for (auto [index, name] : ::llvm::enumerate(calledPrograms(op)))
      step.functions[index] = functionIndex.at(name);
    if (auto size = dyn_cast<plan::SizeOp>(op)) {
      step.kind = LATHE_STEP_SIZE;
      step.symbol = symbolNumber(size.getSymbol());
      step.value = buffers.lookup(size.getValue());
    } else if (auto branch = dyn_cast<plan::IfOp>(op)) {
      step.kind = LATHE_STEP_IF;
      step.value = buffers.lookup(branch.getCondition());
      step.operands = listOf(branch.getInputs());
      step.results = listOf(branch.getOutputs());
    } else {
      auto loop = cast<plan::LoopOp>(op);
      step.kind = LATHE_STEP_LOOP;
      step.carried = loop.getCarried();
      if (loop.getLimit())
        step.limit = buffers.lookup(loop.getLimit());
      if (loop.getCondition())
        step.value = buffers.lookup(loop.getCondition());
      step.operands = listOf(loop.getInputs());
      step.results = listOf(loop.getOutputs());
    }
    return step;
  }

  LatheLaunch describe(plan::LaunchOp op, const DenseMap<Value, uint32_t> &buffers) {
    KernelSource source = instantiate(op);
    auto [kernel, isNew] = kernelIndex.try_emplace(source.symbol, kernels.size());
    if (isNew)
      kernels.push_back({string(source.symbol), string(source.description)});
    LatheLaunch launch{};
    launch.kernel = kernel->second;
    std::string label;
    if (auto named = dyn_cast<NameLoc>(op.getLoc()))
      label = named.getName().str();
    launch.name = string(label);
    std::vector<uint32_t> operands, params;
    for (Value buffer : op.getBuffers())
      operands.push_back(buffers.lookup(buffer));
    for (AffineExpr param : op.getParams().getResults())
      params.push_back(expression(param));
    launch.operands = list(operands);
    launch.params = list(params);
    launch.grid = expression(op.getGrid().getResult(0));
    auto optional = [&](AffineMap map) {
      auto constant = dyn_cast<AffineConstantExpr>(map.getResult(0));
      return constant && constant.getValue() == 0 ? LATHE_NONE : expression(map.getResult(0));
    };
    launch.scratch = optional(op.getThreadScratch());
    launch.condition = LATHE_NONE;
    launch.bytesRead = optional(op.getBytesRead());
    std::vector<uint32_t> checks;
    if (auto pairs = op.getChecks())
      for (AffineExpr side : pairs->getResults())
        checks.push_back(expression(side));
    launch.checks = list(checks);
    return launch;
  }

public:
  std::deque<std::vector<std::byte>> takeConstants() { return std::move(constants); }
};

} // namespace

Result<PlanSection> makePlanSection(ModuleOp module, const WeightTable &weights, WeightStorage storage) {
  SectionBuilder builder(weights, storage);
  for (plan::ProgramOp program : module.getOps<plan::ProgramOp>())
    if (Status status = builder.add(program); !status)
      return status;
  PlanSection section = builder.finish();
  section.constants = builder.takeConstants();
  return section;
}

} // namespace lathe
