// See Stages.h.
#include "passes/plan/Stages.h"

#include "ir/llm/ControlOps.h"
#include "ir/llm/SymbolicShapes.h"

using namespace mlir;

namespace lathe::plan {

void collectSymbols(AffineMap map, SmallVectorImpl<unsigned> &positions) {
  for (AffineExpr expression : map.getResults())
    expression.walk([&](AffineExpr part) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(part);
          symbol && !::llvm::is_contained(positions, symbol.getPosition()))
        positions.push_back(symbol.getPosition());
    });
  ::llvm::sort(positions);
}

namespace {

class Staging {
public:
  explicit Staging(func::FuncOp function) : function(function), shapes(function) {}

  FailureOr<Stages> run() {
    Block &block = function.getBody().front();
    size_t steps = 0;
    for (Operation &op : block)
      if (!llm::definedSymbols(&op).empty() || isa<llm::IfOp, llm::LoopOp>(op))
        ++steps;
    if (steps == 0) {
      Stages one(1);
      for (GroupOp group : block.getOps<GroupOp>())
        one[0].groups.push_back(group);
      return one;
    }
    // An op may stand before the one that defines a symbol of its sizes (a shape as data), so until nothing changes.
    for (size_t round = 0; update(block); ++round)
      if (round > steps + 1)
        return function.emitError("has sizes that depend on each other"), failure();
    Stages stages(1);
    for (Operation &op : block) {
      size_t stage = stageOf.lookup(&op);
      if (isStep(&op) || isa<GroupOp>(op))
        stages.resize(std::max(stages.size(), stage + 1));
      if (auto group = dyn_cast<GroupOp>(op))
        stages[stage].groups.push_back(group);
      else if (isStep(&op))
        stages[stage].steps.push_back(&op);
    }
    return stages;
  }

private:
  func::FuncOp function;
  llm::SymbolicShapes shapes;
  DenseMap<Operation *, size_t> stageOf;
  DenseMap<unsigned, size_t> knownFrom; // symbols that a step defines -> the first stage that may use them

  static bool isStep(Operation *op) { return isa<llm::SizeOp, llm::IfOp, llm::LoopOp>(op); }

  /// Whether a stage changed.
  bool update(Block &block) {
    bool changed = false;
    for (Operation &op : block) {
      size_t stage = 0;
      for (Value operand : op.getOperands())
        if (Operation *producer = operand.getDefiningOp())
          stage = std::max(stage, stageOf.lookup(producer) + (isa<llm::IfOp, llm::LoopOp>(producer) ? 1 : 0));
      if (auto group = dyn_cast<GroupOp>(op))
        for (unsigned symbol : symbolsOf(group))
          stage = std::max(stage, knownFrom.lookup(symbol));
      size_t &own = stageOf[&op];
      changed |= own != stage;
      own = stage;
      for (StringRef name : llm::definedSymbols(&op))
        if (auto position = llm::symbolPosition(&op, name))
          knownFrom[*position] = stage + 1;
    }
    return changed;
  }

  SmallVector<unsigned> symbolsOf(GroupOp group) {
    SmallVector<unsigned> symbols;
    for (AffineMap map :
         {group.getParams(), group.getGrid(), group.getThreadScratch(), group.getBytesRead(), group.getWorkspaces()})
      collectSymbols(map, symbols);
    if (auto checks = group.getChecks())
      collectSymbols(*checks, symbols);
    for (Value output : group.getOutputs())
      if (auto shape = shapes.shapeOf(output))
        collectSymbols(shapes.map(*shape), symbols);
    return symbols;
  }
};

} // namespace

FailureOr<Stages> stagesOf(func::FuncOp function) { return Staging(function).run(); }

} // namespace lathe::plan
