// schedule-launches: a function of plan.groups over value tensors => a plan.program of launches over buffers, stage by
// stage and there in the function's order. Weight expressions become plan.weight with their pieces; llm.size, llm.if
// and llm.loop become steps, after which a stage begins.
#include "passes/Passes.h"
#include "passes/plan/Stages.h"
#include "passes/plan/Views.h"
#include "passes/plan/WeightPieces.h"

#include "ir/llm/ControlOps.h"
#include "ir/llm/SymbolicShapes.h"
#include "ir/plan/Plan.h"
#include "kernels-templates/Catalog.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_SCHEDULELAUNCHES
#define GEN_PASS_DEF_VERIFYSCHEDULED
#include "passes/Passes.h.inc"

namespace {

std::string labelOf(Location location) {
  if (auto named = dyn_cast<NameLoc>(location))
    return named.getName().str();
  if (auto fused = dyn_cast<FusedLoc>(location); fused && !fused.getLocations().empty())
    return labelOf(fused.getLocations().front());
  return "";
}

class Scheduling {
public:
  Scheduling(func::FuncOp function, OpBuilder &builder)
      : function(function), builder(builder), shapes(function), context(function.getContext()) {}

  LogicalResult run() {
    FailureOr<plan::Stages> stages = plan::stagesOf(function);
    if (failed(stages))
      return failure();
    SmallVector<StringRef> names(shapes.symbols().begin(), shapes.symbols().end());
    auto program =
        builder.create<plan::ProgramOp>(function.getLoc(), function.getName(), builder.getStrArrayAttr(names),
                                        ArrayAttr(), DenseI64ArrayAttr(), DenseI64ArrayAttr());
    builder.setInsertionPointToStart(&program.getBody().emplaceBlock());
    for (BlockArgument argument : function.getArguments())
      if (failed(addArgument(argument)))
        return failure();
    auto returned = cast<func::ReturnOp>(function.getBody().front().getTerminator());
    for (OpOperand &result : returned->getOpOperands())
      if (failed(addResult(result)))
        return failure();
    for (const plan::Stage &stage : *stages) {
      for (plan::GroupOp group : stage.groups)
        if (failed(addLaunch(group)))
          return failure();
      for (Operation *step : stage.steps)
        if (failed(addStep(step)))
          return failure();
    }
    return success();
  }

private:
  func::FuncOp function;
  OpBuilder &builder;
  llm::SymbolicShapes shapes;
  MLIRContext *context;
  DenseMap<Value, Value> buffers; // a value that is no view -> its buffer
  DenseMap<std::pair<Value, Attribute>, Value> weights;

  AffineMap map(ArrayRef<AffineExpr> dims) { return AffineMap::get(0, shapes.symbols().size(), dims, context); }

  FailureOr<Value> makeBuffer(Value value, plan::Arena arena, StringRef label, Location location) {
    if (auto cache = dyn_cast<llm::KvCacheType>(value.getType())) {
      AffineExpr pages;
      if (auto argument = dyn_cast<BlockArgument>(value))
        if (auto dims = function.getArgAttrOfType<AffineMapAttr>(argument.getArgNumber(), "llm.dims");
            dims && dims.getValue().getNumResults() == 1)
          pages = dims.getValue().getResult(0);
      if (!pages)
        return emitError(location, "a cache is an argument whose llm.dims gives its pages"), failure();
      // Keys and values of all heads for the positions of a page.
      int64_t elements = 2 * cache.getHeads() * cache.getHeadDim() * cache.getPageTokens();
      AffineExpr bytes = pages * kernels::bytesOfElements(cache.getElementType(), elements);
      return builder.create<plan::BufferOp>(location, arena, label, builder.getI8Type(), map({bytes}), IntegerAttr())
          .getResult();
    }
    auto shape = shapes.shapeOf(value);
    if (!shape)
      return emitError(location, "the size of ")
                 << value.getType() << " is not known as an expression of the inputs' sizes",
             failure();
    Type element = cast<RankedTensorType>(value.getType()).getElementType();
    return builder.create<plan::BufferOp>(location, arena, label, element, map(*shape), IntegerAttr()).getResult();
  }

  LogicalResult addArgument(BlockArgument argument) {
    auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "llm.name");
    bool isCache = isa<llm::KvCacheType>(argument.getType());
    std::string label = name ? name.str() : (isCache ? "cache." : "input.") + std::to_string(argument.getArgNumber());
    auto buffer = makeBuffer(argument, isCache ? plan::Arena::state : plan::Arena::input, label, argument.getLoc());
    if (failed(buffer))
      return failure();
    buffers[argument] = *buffer;
    return success();
  }

  LogicalResult addResult(OpOperand &result) {
    Value source = plan::viewed(result.get());
    if (isa<llm::KvCacheType>(source.getType()))
      return success(); // updated in place
    auto name = function.getResultAttrOfType<StringAttr>(result.getOperandNumber(), "llm.name");
    std::string label = name ? name.str() : "output." + std::to_string(result.getOperandNumber());
    if (!source.getDefiningOp<plan::GroupOp>() || buffers.contains(source))
      return result.getOwner()->emitError("the result '") << label << "' is an input, a constant or returned twice";
    auto buffer = makeBuffer(result.get(), plan::Arena::output, label, result.getOwner()->getLoc());
    if (failed(buffer))
      return failure();
    buffers[source] = *buffer;
    return success();
  }

  FailureOr<Value> operandBuffer(Value operand, Attribute packing, Location location) {
    if (kernels::isWeight(operand)) {
      Value &buffer = weights[{operand, packing}];
      if (!buffer) {
        auto weight = plan::makeWeight(builder, operand, cast<StringAttr>(packing));
        if (failed(weight))
          return failure();
        buffer = *weight;
      }
      return buffer;
    }
    Value source = plan::viewed(operand);
    if (kernels::isWeight(source)) // seen in another shape
      return operandBuffer(source, packing, location);
    while (auto size = source.getDefiningOp<llm::SizeOp>())
      source = plan::viewed(size.getValue());
    Value &buffer = buffers[source];
    if (buffer)
      return buffer;
    if (auto constant = source.getDefiningOp<llm::ConstantOp>()) {
      buffer = builder.create<plan::ConstantOp>(location, constant.getValue());
      return buffer;
    }
    return emitError(location, "reads a value that no launch computes: ") << source, failure();
  }

  LogicalResult addLaunch(plan::GroupOp group) {
    SmallVector<Value> operands;
    SmallVector<int64_t> updates;
    SmallVector<int64_t> caches; // operands that are caches
    for (auto [index, input] : ::llvm::enumerate(group.getInputs())) {
      auto buffer = operandBuffer(input, group.getPacking()[index], group.getLoc());
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
      if (isa<llm::KvCacheType>(input.getType()))
        caches.push_back(index);
    }
    int64_t reads = operands.size();
    std::string label = labelOf(group.getLoc());
    for (Value output : group.getOutputs()) {
      if (isa<llm::KvCacheType>(output.getType())) {
        int64_t operand = caches[updates.size()];
        updates.push_back(operand);
        buffers[output] = operands[operand];
        continue;
      }
      Value &buffer = buffers[output];
      if (!buffer) {
        auto made = makeBuffer(output, plan::Arena::scratch, label, group.getLoc());
        if (failed(made))
          return failure();
        buffers[output] = *made;
      }
      operands.push_back(buffers[output]);
    }
    int64_t writes = operands.size() - reads;
    for (auto [bytes, persistent] : ::llvm::zip(group.getWorkspaces().getResults(), group.getPersistent()))
      operands.push_back(
          builder.create<plan::BufferOp>(group.getLoc(), persistent ? plan::Arena::state : plan::Arena::scratch,
                                         label + ".workspace", builder.getI8Type(), map({bytes}), IntegerAttr()));
    builder.create<plan::LaunchOp>(group.getLoc(), operands, group.getKernel(), group.getParameters(),
                                   group.getFunctors(), group.getParams(), group.getGrid(), group.getThreadScratch(),
                                   group.getBytesRead(), reads, writes, updates, group.getChecksAttr());
    return success();
  }

  LogicalResult addStep(Operation *step) {
    auto packing = builder.getStringAttr("");
    SmallVector<Value> operands, results;
    for (Value operand : step->getOperands()) {
      auto buffer = operandBuffer(operand, packing, step->getLoc());
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    std::string label = labelOf(step->getLoc());
    if (auto size = dyn_cast<llm::SizeOp>(step)) {
      builder.create<plan::SizeOp>(step->getLoc(), operands[0], size.getSymbol());
      return success();
    }
    for (Value result : step->getResults()) {
      auto buffer = makeBuffer(result, plan::Arena::result, label, step->getLoc());
      if (failed(buffer))
        return failure();
      results.push_back(buffers[result] = *buffer);
    }
    if (auto branch = dyn_cast<llm::IfOp>(step)) {
      builder.create<plan::IfOp>(step->getLoc(), operands[0], branch.getThenAttr(), branch.getOtherwiseAttr(),
                                 ArrayRef<Value>(operands).drop_front(), results);
    } else {
      auto loop = cast<llm::LoopOp>(step);
      builder.create<plan::LoopOp>(step->getLoc(), loop.getBodyAttr(), operands[0], operands[1],
                                   ArrayRef<Value>(operands).drop_front(2), loop.getCarriedAttr(), results);
    }
    return success();
  }
};

struct ScheduleLaunches : impl::ScheduleLaunchesBase<ScheduleLaunches> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (func::FuncOp function : ::llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      OpBuilder builder(function);
      Scheduling scheduling(function, builder);
      if (failed(scheduling.run()))
        return signalPassFailure();
      function.erase();
    }
    module.walk([&](plan::LaunchOp) { ++launchCount; });
  }
};

struct VerifyScheduled : impl::VerifyScheduledBase<VerifyScheduled> {
  void runOnOperation() override {
    for (plan::ProgramOp program : getOperation().getOps<plan::ProgramOp>()) {
      DenseSet<Value> written;
      auto needsWriter = [](plan::BufferOp buffer) {
        return buffer && (buffer.getArena() == plan::Arena::scratch || buffer.getArena() == plan::Arena::output ||
                          buffer.getArena() == plan::Arena::result);
      };
      for (Operation &op : program.getBody().front()) {
        OperandRange reads = op.getOperands(), writes = reads.drop_front(reads.size());
        if (auto launch = dyn_cast<plan::LaunchOp>(op)) {
          writes = launch.getBuffers().slice(launch.getReads(), launch.getWrites());
          reads = launch.getBuffers().take_front(launch.getReads());
        } else if (isa<plan::IfOp, plan::LoopOp>(op)) {
          writes = isa<plan::IfOp>(op) ? cast<plan::IfOp>(op).getOutputs() : cast<plan::LoopOp>(op).getOutputs();
          reads = reads.drop_back(writes.size());
        }
        for (Value read : reads)
          if (auto buffer = read.getDefiningOp<plan::BufferOp>(); needsWriter(buffer) && !written.contains(read)) {
            op.emitOpError("reads the buffer '") << buffer.getLabel() << "' before any launch wrote it";
            return signalPassFailure();
          }
        written.insert(writes.begin(), writes.end());
      }
      for (plan::BufferOp buffer : program.getBody().getOps<plan::BufferOp>())
        if (buffer.getArena() == plan::Arena::output && !written.contains(buffer.getResult())) {
          buffer.emitOpError("output '") << buffer.getLabel() << "' is written by no launch";
          return signalPassFailure();
        }
    }
  }
};

} // namespace
} // namespace lathe
