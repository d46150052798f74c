// select-kernels: llm ops => plan.group, each with the kernel of the catalogue that computes it. Relies on static
// knowledge of the target and on symbolic shapes; weight expressions, constants, shapes and views stay outside of
// groups.
#include "passes/Passes.h"
#include "passes/plan/Views.h"

#include "ir/llm/ControlOps.h"
#include "ir/llm/SymbolicShapes.h"
#include "ir/plan/Plan.h"
#include "kernels-templates/Catalog.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_SELECTKERNELS
#define GEN_PASS_DEF_VERIFYSELECTED
#include "passes/Passes.h.inc"

namespace {

/// What needs no launch: its value is known when the plan is made, or is the same bytes as its operand.
bool needsNoKernel(Operation *op) {
  return isa<llm::WeightOp, llm::ConstantOp, llm::DimsOp, plan::GroupOp, llm::SizeOp, llm::IfOp, llm::LoopOp>(op) ||
         op->hasTrait<OpTrait::IsTerminator>() || plan::isView(op) ||
         (op->getNumResults() == 1 && kernels::isWeight(op->getResult(0)));
}

class Selection {
public:
  Selection(func::FuncOp function, const Target &target)
      : function(function), shapes(function), builder(function.getContext()), context{target, shapes, isTaken} {}

  int64_t groups = 0, fused = 0;

  void run() {
    copyResults();
    copyOperands();
    SmallVector<Operation *> worklist;
    for (Operation &op : function.getBody().front())
      worklist.push_back(&op);
    for (Operation *op : ::llvm::reverse(worklist)) {
      if (erased.contains(op) || op->hasTrait<OpTrait::IsTerminator>())
        continue;
      if (op->use_empty() && isMemoryEffectFree(op)) {
        op->erase();
        continue;
      }
      // A shape is read as data where a launch takes it for an operand.
      if ((isa<llm::DimsOp>(op) && isRead(op->getResult(0))) || !needsNoKernel(op))
        cover(op);
    }
  }

private:
  func::FuncOp function;
  llm::SymbolicShapes shapes;
  Builder builder;
  DenseSet<Operation *> taken, erased;
  std::function<bool(Operation *)> isTaken = [this](Operation *op) { return taken.contains(op); };
  kernels::MatchContext context;

  /// A result is a buffer of its own: what is an input, a constant, a weight, or returned twice is copied.
  void copyResults() {
    Operation *returned = function.getBody().front().getTerminator();
    DenseSet<Value> sources;
    for (OpOperand &result : returned->getOpOperands()) {
      Value source = plan::viewed(result.get());
      if (!isa<RankedTensorType>(source.getType()))
        continue;
      Operation *producer = source.getDefiningOp();
      bool isNew = sources.insert(source).second;
      if (isNew && producer && !isa<llm::DimsOp>(producer) && !needsNoKernel(producer))
        continue;
      copy(result);
    }
  }
  /// What a function is called with is a buffer in the shape that the function sees.
  void copyOperands() {
    for (Operation &op : function.getBody().front())
      if (isa<llm::IfOp, llm::LoopOp>(op))
        for (OpOperand &operand : op.getOpOperands()) {
          Operation *producer = operand.get().getDefiningOp();
          if (producer && !isa<llm::DimsOp, llm::IfOp, llm::LoopOp>(producer) && needsNoKernel(producer))
            copy(operand);
        }
  }
  static void copy(OpOperand &operand) {
    OpBuilder before(operand.getOwner());
    Location location = operand.get().getLoc();
    auto type = cast<RankedTensorType>(operand.get().getType());
    if (!kernels::isWeight(operand.get())) {
      operand.set(before.create<llm::CastOp>(location, type, operand.get()));
      return;
    }
    // A cast of a weight would be a weight again.
    Value shape = before.create<llm::ConstantOp>(location, before.getI64TensorAttr(type.getShape()));
    operand.set(before.create<llm::ExpandOp>(location, type, operand.get(), shape));
  }

  /// Whether a launch reads the value, perhaps through views.
  static bool isRead(Value value) {
    return ::llvm::any_of(value.getUsers(), [&](Operation *user) {
      return isa<plan::GroupOp, llm::SizeOp, llm::IfOp, llm::LoopOp>(user) ||
             (plan::isView(user) && user->getOperand(0) == value && isRead(user->getResult(0)));
    });
  }

  void cover(Operation *root) {
    for (const auto &kernel : kernels::catalog()) {
      SmallVector<kernels::Launch, 1> launches;
      kernel->match(root, context, launches);
      for (kernels::Launch &launch : launches)
        if (isValid(root, launch)) {
          makeGroup(*kernel, launch);
          return;
        }
    }
  }

  /// Ops are free, used outside only through outputs, and nothing between the ops and the root needs their results
  /// earlier.
  bool isValid(Operation *root, kernels::Launch &launch) {
    if (launch.ops.empty() || launch.ops.back() != root || !launch.grid)
      return false;
    SmallPtrSet<Operation *, 8> inside(launch.ops.begin(), launch.ops.end());
    SmallPtrSet<Value, 8> outputs(launch.outputs.begin(), launch.outputs.end());
    for (Operation *op : launch.ops) {
      if (taken.contains(op) || op->getBlock() != root->getBlock() || (op != root && !op->isBeforeInBlock(root)))
        return false;
      for (Value result : op->getResults())
        for (Operation *user : result.getUsers()) {
          if (inside.contains(user) || launch.recomputed.contains(op))
            continue;
          if (!outputs.contains(result) || !root->isBeforeInBlock(user))
            return false;
        }
    }
    return ::llvm::all_of(launch.inputs, [&](Value input) {
      Operation *producer = input.getDefiningOp();
      return !producer || (!inside.contains(producer) && producer->isBeforeInBlock(root));
    });
  }

  AffineMap map(ArrayRef<AffineExpr> expressions) {
    size_t symbols = shapes.symbols().size();
    return AffineMap::get(0, symbols, expressions, builder.getContext());
  }
  AffineMap one(AffineExpr expression) { return map(expression ? expression : builder.getAffineConstantExpr(0)); }

  void makeGroup(const kernels::Kernel &kernel, kernels::Launch &launch) {
    Operation *root = launch.ops.back();
    SmallVector<Attribute> packing;
    for (size_t i = 0; i < launch.inputs.size(); ++i) {
      kernels::Packing kind = i < launch.packing.size() ? launch.packing[i] : kernels::Packing::Plain;
      packing.push_back(builder.getStringAttr(kind == kernels::Packing::Plain   ? ""
                                              : kind == kernels::Packing::Lanes ? "lanes"
                                                                                : "lanes2"));
    }
    SmallVector<AffineExpr> workspaces;
    SmallVector<int64_t> persistent;
    for (const kernels::Workspace &workspace : launch.workspaces) {
      workspaces.push_back(workspace.bytes);
      persistent.push_back(workspace.persistent);
    }
    SmallVector<Type> types;
    for (Value output : launch.outputs)
      types.push_back(output.getType());
    SmallVector<Location> locations;
    for (Operation *op : launch.ops)
      locations.push_back(op->getLoc());

    OpBuilder at(root);
    auto group = at.create<plan::GroupOp>(
        root->getLoc(), types, launch.inputs, kernel.name(), builder.getDictionaryAttr(launch.parameters),
        launch.functors, map(launch.params), one(launch.grid), one(launch.threadScratch), one(launch.bytesRead),
        builder.getArrayAttr(packing), map(workspaces), persistent, checksOf(launch));
    Block &block = group.getBody().emplaceBlock();
    IRMapping mapping;
    for (Value input : launch.inputs)
      mapping.map(input, block.addArgument(input.getType(), input.getLoc()));
    OpBuilder inside = OpBuilder::atBlockEnd(&block);
    cloneShapes(launch, mapping, inside);
    for (Operation *op : launch.ops)
      inside.clone(*op, mapping);
    SmallVector<Value> yielded;
    for (Value output : launch.outputs)
      yielded.push_back(mapping.lookup(output));
    inside.create<plan::YieldOp>(root->getLoc(), yielded);

    for (auto [output, result] : ::llvm::zip(launch.outputs, group.getOutputs()))
      output.replaceAllUsesWith(result);
    for (Operation *op : ::llvm::reverse(launch.ops))
      if (op->use_empty()) {
        erased.insert(op);
        op->erase();
      }
    ++groups;
    fused += launch.ops.size() > 1;
  }

  /// Those of the kernel, and that inputs which are views in another shape have as many elements as what they show.
  AffineMapAttr checksOf(const kernels::Launch &launch) {
    SmallVector<AffineExpr> pairs;
    auto add = [&](AffineExpr left, AffineExpr right) {
      if (left && right && left != right)
        pairs.append({left, right});
    };
    for (auto [left, right] : launch.checks)
      add(left, right);
    for (Value input : launch.inputs)
      if (Value source = plan::viewed(input); source != input && !kernels::isWeight(input))
        add(shapes.elementCount(source), shapes.elementCount(input));
    return pairs.empty() ? AffineMapAttr() : AffineMapAttr::get(map(pairs));
  }

  /// Shapes and constants that ops of the launch use but the kernel does not read (bounds, sizes, scalars computed from
  /// shapes) come along into the region.
  void cloneShapes(const kernels::Launch &launch, IRMapping &mapping, OpBuilder &inside) {
    SmallPtrSet<Operation *, 8> own(launch.ops.begin(), launch.ops.end());
    for (Operation *op : launch.ops)
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp(); producer && !own.contains(producer))
          cloneKnown(operand, mapping, inside);
  }
  void cloneKnown(Value value, IRMapping &mapping, OpBuilder &inside) {
    Operation *op = value.getDefiningOp();
    if (!op || mapping.contains(value) || isa<plan::GroupOp>(op) ||
        !(isa<llm::ConstantOp, llm::DimsOp>(op) || shapes.contentOf(value)))
      return;
    if (isa<llm::SizeOp>(op)) { // as its symbol
      auto type = RankedTensorType::get({1}, builder.getI64Type());
      Value dims = inside.create<llm::DimsOp>(op->getLoc(), type, AffineMapAttr::get(map(*shapes.contentOf(value))));
      mapping.map(value, inside.create<llm::SqueezeOp>(op->getLoc(), dims, ArrayRef<int64_t>{0}).getResult());
      return;
    }
    for (Value operand : op->getOperands())
      cloneKnown(operand, mapping, inside);
    if (::llvm::all_of(op->getOperands(), [&](Value operand) { return mapping.contains(operand); }))
      inside.clone(*op, mapping);
  }
};

struct SelectKernels : impl::SelectKernelsBase<SelectKernels> {
  using SelectKernelsBase::SelectKernelsBase;

  void runOnOperation() override {
    Result<Target> parsed = Target::parse(target);
    if (!parsed) {
      getOperation().emitError(parsed.message());
      return signalPassFailure();
    }
    Selection selection(getOperation(), *parsed);
    selection.run();
    groupCount += selection.groups;
    fusedCount += selection.fused;
  }
};

struct VerifySelected : impl::VerifySelectedBase<VerifySelected> {
  void runOnOperation() override {
    for (Operation &op : getOperation().getBody().front())
      if (!needsNoKernel(&op)) {
        InFlightDiagnostic diagnostic = op.emitError("no kernel computes '") << op.getName() << "' of ";
        ::llvm::interleaveComma(op.getOperandTypes(), diagnostic);
        diagnostic << " to ";
        ::llvm::interleaveComma(op.getResultTypes(), diagnostic);
        signalPassFailure();
      }
  }
};

} // namespace
} // namespace lathe
