// Pointwise ops, chains of them with the broadcasts in between, and expand: one pass over the result.
#include "kernels-templates/Dense.h"
#include "kernels-templates/Functors.h"

using namespace mlir;

namespace lathe::kernels {

namespace {

constexpr size_t mostOps = 48, mostInputs = 12;
constexpr int64_t tileElements = 4096;

struct ElementwiseKernel : Kernel {
  StringRef name() const override { return "elementwise"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    if (!isFunctorOp(root) && !isa<llm::ExpandOp>(root))
      return;
    std::optional<Expressions> shape = context.shapes.shapeOf(root->getResult(0));
    if (!shape)
      return;
    SetVector<Operation *> chain = chainOf(root, *shape, context);
    if (chain.size() > 1)
      append(chain, root, *shape, context, launches);
    chain.clear();
    chain.insert(root);
    append(chain, root, *shape, context, launches);
  }

private:
  /// `root` and the producers of its operands, and theirs, as far as nothing else uses them and they have its shape.
  static SetVector<Operation *> chainOf(Operation *root, ArrayRef<AffineExpr> shape, const MatchContext &context) {
    SetVector<Operation *> chain;
    chain.insert(root);
    bool grown = true;
    while (grown && chain.size() < mostOps) {
      grown = false;
      for (size_t i = 0; i < chain.size(); ++i) {
        if (isa<llm::ExpandOp>(chain[i]))
          continue; // reads its operand with a broadcast
        for (Value operand : chain[i]->getOperands()) {
          Operation *producer = operand.getDefiningOp();
          if (!producer || chain.contains(producer) || producer->getBlock() != root->getBlock() ||
              context.isTaken(producer) || (!isFunctorOp(producer) && !isa<llm::ExpandOp>(producer)) ||
              isWeight(operand) || isFunctorLiteral(operand))
            continue;
          if (!::llvm::all_of(producer->getUsers(), [&](Operation *user) { return chain.contains(user); }))
            continue;
          std::optional<Expressions> own = context.shapes.shapeOf(operand);
          if (!own || ArrayRef<AffineExpr>(*own) != shape)
            continue;
          chain.insert(producer);
          grown = true;
        }
      }
    }
    return chain;
  }

  static void append(const SetVector<Operation *> &chain, Operation *root, ArrayRef<AffineExpr> shape,
                     const MatchContext &context, SmallVectorImpl<Launch> &launches) {
    Launch launch;
    launch.ops.assign(chain.begin(), chain.end());
    ::llvm::sort(launch.ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    launch.outputs.push_back(root->getResult(0));

    // An expand is not computed: the functor's argument is what it broadcasts.
    SmallVector<Operation *> computed;
    SmallVector<Value> arguments;
    auto argument = [&](Value seen, Value read) {
      if (::llvm::is_contained(arguments, seen))
        return;
      arguments.push_back(seen);
      launch.inputs.push_back(read);
    };
    for (Operation *op : launch.ops) {
      if (auto expand = dyn_cast<llm::ExpandOp>(op)) {
        argument(expand.getResult(), expand.getX());
        continue;
      }
      computed.push_back(op);
      for (Value operand : op->getOperands())
        if (!isFunctorLiteral(operand) && !(operand.getDefiningOp() && chain.contains(operand.getDefiningOp())))
          argument(operand, operand);
    }
    if (launch.inputs.size() > mostInputs || !isPlain(launch.inputs) || !isPlain(root->getResult(0)))
      return;
    std::optional<std::string> functor =
        printFunctor("element", computed, arguments, root->getResult(0), FunctorForm::Typed);
    if (!functor)
      return;
    launch.functors = *functor;
    if (!describe(launch, root->getResult(0), shape, context))
      return;
    launches.push_back(std::move(launch));
  }

  /// Types, sizes and the grid; neighbouring axes that all inputs have, or all lack, become one.
  static bool describe(Launch &launch, Value result, ArrayRef<AffineExpr> shape, const MatchContext &context) {
    MLIRContext *mlirContext = result.getContext();
    AffineExpr one = getAffineConstantExpr(1, mlirContext);
    SmallVector<Expressions> inputs;
    for (Value input : launch.inputs) {
      std::optional<Expressions> own = context.shapes.shapeOf(input);
      if (!own || own->size() > shape.size())
        return false;
      own->insert(own->begin(), shape.size() - own->size(), one);
      inputs.push_back(std::move(*own));
    }
    Expressions sizes;
    SmallVector<Expressions> inputSizes(inputs.size());
    SmallVector<int8_t> before; // per input: 0 broadcasts along the last merged axis, 1 has it, 2 not known
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      if (shape[axis] == one)
        continue;
      SmallVector<int8_t> kinds;
      for (const Expressions &input : inputs)
        kinds.push_back(input[axis] == one ? 0 : input[axis] == shape[axis] ? 1 : 2);
      bool merges = !sizes.empty() && kinds == before && !::llvm::is_contained(kinds, int8_t(2));
      AffineExpr merged = merges ? productOf(context, {sizes.back(), shape[axis]}) : AffineExpr();
      if (merged) {
        for (size_t i = 0; i < inputs.size(); ++i)
          inputSizes[i].back() = kinds[i] ? merged : one;
        sizes.back() = merged;
        continue;
      }
      sizes.push_back(shape[axis]);
      for (size_t i = 0; i < inputs.size(); ++i)
        inputSizes[i].push_back(inputs[i][axis]);
      before = kinds;
    }
    if (sizes.empty()) {
      sizes.push_back(one);
      for (Expressions &own : inputSizes)
        own.push_back(one);
    }

    Builder builder(mlirContext);
    std::string types = "lathe::Types<";
    for (Value input : launch.inputs)
      types += (types.back() == '<' ? "" : ", ") + elementTypeText(elementTypeOf(input));
    launch.setType(builder, "Inputs", types + ">");
    launch.setType(builder, "Output", elementTypeText(elementTypeOf(result)));
    launch.set(builder, "rank", static_cast<int64_t>(sizes.size()));
    launch.params.assign(sizes.begin(), sizes.end());
    for (const Expressions &own : inputSizes)
      launch.params.append(own.begin(), own.end());
    // A size that is neither 1 nor that of the result, as far as is known, is one of the two when it runs.
    const llm::SizeExpressions &arithmetic = context.shapes.sizes();
    for (const Expressions &own : inputSizes)
      for (auto [size, whole] : ::llvm::zip(own, sizes))
        if (size != one && size != whole)
          launch.checks.push_back({arithmetic.mul(arithmetic.sub(size, one), arithmetic.sub(size, whole)),
                                   getAffineConstantExpr(0, mlirContext)});
    launch.grid = tilesOf(productOf(context, sizes), tileElements);
    return true;
  }
};

} // namespace

} // namespace lathe::kernels

LATHE_KERNEL(elementwise, lathe::kernels::ElementwiseKernel)
