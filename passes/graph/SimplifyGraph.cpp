// simplify-graph: one spelling for what exporters spell differently. Runs the patterns of SimplifyPatterns.h with the
// folds and canonicalisation patterns of the ops to a fixed point.
#include "passes/Passes.h"
#include "passes/graph/SimplifyPatterns.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_SIMPLIFYGRAPH
#include "passes/Passes.h.inc"

RankedTensorType typeOf(ArrayRef<AffineExpr> sizes, Type element) {
  SmallVector<int64_t> shape;
  for (AffineExpr size : sizes)
    shape.push_back(llm::constantValue(size).value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, element);
}

Value makeShape(PatternRewriter &rewriter, Location location, const llm::SymbolicShapes &shapes,
                ArrayRef<AffineExpr> sizes) {
  auto type = RankedTensorType::get({static_cast<int64_t>(sizes.size())}, rewriter.getI64Type());
  SmallVector<int64_t> numbers;
  for (AffineExpr size : sizes)
    if (auto number = llm::constantValue(size))
      numbers.push_back(*number);
  if (numbers.size() == sizes.size())
    return rewriter.create<llm::ConstantOp>(location, DenseIntElementsAttr::get(type, numbers));
  return rewriter.create<llm::DimsOp>(location, type, AffineMapAttr::get(shapes.map(sizes)));
}

void replaceKeepingSizes(PatternRewriter &rewriter, Operation *op, Value value) {
  auto from = cast<RankedTensorType>(op->getResult(0).getType()), to = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> sizes(to.getShape());
  for (auto [size, known] : ::llvm::zip(sizes, from.getShape()))
    size = ShapedType::isDynamic(size) ? known : size;
  if (Operation *producer = value.getDefiningOp(); producer && ArrayRef<int64_t>(sizes) != to.getShape())
    rewriter.modifyOpInPlace(producer, [&] { value.setType(RankedTensorType::get(sizes, to.getElementType())); });
  rewriter.replaceOp(op, value);
}

bool haveSameShape(const llm::SymbolicShapes &shapes, Value a, Value b) {
  auto left = shapes.shapeOf(a), right = shapes.shapeOf(b);
  return left && right && *left == *right;
}

bool isWeightExpression(Value value) {
  SmallVector<Value> worklist = {value};
  bool weight = false;
  for (int steps = 0; !worklist.empty(); ++steps) {
    Operation *op = worklist.pop_back_val().getDefiningOp();
    if (!op || steps > 64)
      return false;
    weight |= isa<llm::WeightOp>(op);
    if (isa<llm::WeightOp, llm::ConstantOp>(op))
      continue;
    if (!isa<llm::TransposeOp, llm::CastOp, llm::ConcatOp, llm::SliceOp, llm::ReshapeOp, llm::SqueezeOp,
             llm::UnsqueezeOp>(op))
      return false;
    worklist.append(op->operand_begin(), op->operand_end());
  }
  return weight;
}

namespace {

struct SimplifyGraph : impl::SimplifyGraphBase<SimplifyGraph> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    MLIRContext *context = &getContext();
    llm::SymbolicShapes shapes(function);
    RewritePatternSet patterns(context);
    for (RegisteredOperationName name : context->getRegisteredOperations())
      if (name.getDialectNamespace() == "llm")
        name.getCanonicalizationPatterns(patterns, context);
    addMovePatterns(patterns, shapes);
    addSlicePatterns(patterns, shapes);
    addMathPatterns(patterns, shapes);
    addScatterPatterns(patterns, shapes);
    auto count = [&] { return static_cast<int64_t>(function.getBody().front().getOperations().size()); };
    int64_t before = count();
    GreedyRewriteConfig config;
    config.useTopDownTraversal = true;
    config.maxIterations = 32;
    if (failed(applyPatternsAndFoldGreedily(function, std::move(patterns), config)))
      function.emitWarning("simplify-graph did not come to an end after ") << config.maxIterations << " rounds";
    rewriteCount += before - count();
    function.setFunctionType(FunctionType::get(context, function.getArgumentTypes(),
                                               function.getBody().front().getTerminator()->getOperandTypes()));
  }
};

} // namespace
} // namespace lathe
