// See RowWise.h. The row axis of a value is the one whose size is the symbol `tokens` or `outputs`, or a multiple
// of it (rows of heads); an op must keep it apart.
#include "passes/cache/RowWise.h"
#include "passes/fusion/FusionLog.h"

#include "ir/llm/MoeOps.h"
#include "ir/llm/SymbolicShapes.h"

using namespace mlir;

namespace lathe {
namespace {

class RowCheck {
public:
  explicit RowCheck(func::FuncOp step) : step(step), shapes(step) {
    for (auto [index, name] : ::llvm::enumerate(shapes.symbols()))
      if (name == "tokens" || name == "outputs")
        rowSymbols.push_back(getAffineSymbolExpr(index, step.getContext()));
  }

  std::string run() {
    for (Operation &op : step.getBody().front().without_terminator()) {
      const char *why = check(&op);
      if (why) {
        std::string text;
        ::llvm::raw_string_ostream(text) << "'" << op.getName() << "' at " << placeText(op.getLoc()) << " " << why;
        return text;
      }
    }
    return "";
  }

private:
  static constexpr int64_t none = -1, unclear = -2;
  static constexpr const char *mixes = "mixes the tokens of a step",
                              *counts = "makes values from the number of tokens in a step";

  func::FuncOp step;
  llm::SymbolicShapes shapes;
  SmallVector<AffineExpr> rowSymbols;

  bool mentionsRows(AffineExpr expression) {
    bool found = false;
    expression.walk([&](AffineExpr part) { found |= ::llvm::is_contained(rowSymbols, part); });
    return found;
  }
  /// A row symbol, or one times a number: rows of several heads, one after another.
  bool isMultipleOfRows(AffineExpr size) {
    return ::llvm::any_of(rowSymbols, [&](AffineExpr symbol) {
      AffineExpr quotient = shapes.sizes().exactDiv(size, symbol);
      return quotient && isa<AffineConstantExpr>(quotient);
    });
  }
  static int64_t rankOf(Value value) { return cast<RankedTensorType>(value.getType()).getRank(); }

  /// The axis of the rows, `none`, or `unclear`.
  int64_t rowAxis(Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      return none;
    int64_t found = none;
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      AffineExpr size = shapes.sizeOf(value, axis);
      if (!size)
        return unclear;
      if (!mentionsRows(size))
        continue;
      if (!isMultipleOfRows(size) || found != none)
        return unclear;
      found = axis;
    }
    return found;
  }

  /// Whether every operand has its rows where the result has them, counted from the last axis.
  bool isAligned(Operation *op, ValueRange operands) {
    Value result = op->getResult(0);
    int64_t row = rowAxis(result);
    return ::llvm::all_of(operands, [&](Value operand) {
      int64_t axis = rowAxis(operand);
      return axis == none || (axis >= 0 && axis + rankOf(result) - rankOf(operand) == row);
    });
  }

  AffineExpr before(Value value, int64_t axis) {
    auto shape = shapes.shapeOf(value);
    return shape ? shapes.sizes().product(ArrayRef<AffineExpr>(*shape).take_front(axis)) : AffineExpr();
  }

  const char *check(Operation *op) {
    if (isa<llm::ConstantOp, llm::WeightOp>(op))
      return nullptr;
    if (auto dims = dyn_cast<llm::DimsOp>(op)) {
      if (::llvm::none_of(dims.getExpressions().getResults(), [&](AffineExpr size) { return mentionsRows(size); }))
        return nullptr;
      for (OpOperand &use : dims->getUses())
        if (!isa<llm::ReshapeOp, llm::ExpandOp>(use.getOwner()) || use.getOperandNumber() != 1)
          return counts;
      return nullptr;
    }
    bool hasRows = false;
    for (ValueRange values : {ValueRange(op->getOperands()), ValueRange(op->getResults())})
      for (Value value : values) {
        int64_t axis = rowAxis(value);
        if (axis == unclear)
          return "has a result or operand in which the tokens of a step cannot be told apart";
        hasRows |= axis >= 0;
      }
    if (!hasRows)
      return isa<llm::ShapeOfOp>(op) ? counts : nullptr;
    return isRowWise(op)                                                           ? nullptr
           : isa<llm::ShapeOfOp, llm::RangeOp, llm::PositionsOp, llm::TriluOp>(op) ? counts
                                                                                   : mixes;
  }

  bool isRowWise(Operation *op) {
    auto row = [&](Value value) { return rowAxis(value); };
    auto last = [](Value value) { return rankOf(value) - 1; };
    if (isa<llm::Pointwise>(op))
      return isAligned(op, op->getOperands());
    if (auto linear = dyn_cast<llm::LinearOp>(op))
      return row(linear.getX()) != last(linear.getX()) && row(linear.getWeight()) == none;
    if (isa<llm::RmsNormOp, llm::LayerNormOp>(op))
      return row(op->getOperand(0)) != last(op->getOperand(0));
    if (auto glu = dyn_cast<llm::GluOp>(op))
      return isAligned(op, op->getOperands()) && row(glu.getGate()) != last(glu.getGate());
    if (auto moe = dyn_cast<llm::MoeOp>(op))
      return isAligned(op, {moe.getX(), moe.getLogits()}) && row(moe.getX()) != last(moe.getX()) &&
             row(moe.getLogits()) != last(moe.getLogits());
    if (auto softmax = dyn_cast<llm::SoftmaxOp>(op))
      return row(softmax.getX()) != static_cast<int64_t>(softmax.getAxis());
    if (auto cumsum = dyn_cast<llm::CumSumOp>(op))
      return row(cumsum.getX()) != static_cast<int64_t>(cumsum.getAxis());
    if (auto reduce = dyn_cast<llm::ReduceOp>(op))
      return !::llvm::is_contained(reduce.getAxes(), row(reduce.getX()));
    if (auto embedding = dyn_cast<llm::EmbeddingOp>(op))
      return row(embedding.getTable()) == none;
    if (auto gather = dyn_cast<llm::GatherOp>(op)) {
      int64_t axis = gather.getAxis();
      if (row(gather.getX()) == none)
        return true;
      bool chooses = isa<BlockArgument>(gather.getIndices()) && row(gather.getX()) == axis && // output_rows
                     ::llvm::is_contained(rowSymbols, shapes.sizeOf(gather.getX(), axis));
      return chooses || (row(gather.getIndices()) == none && row(gather.getX()) != axis);
    }
    if (auto rope = dyn_cast<llm::RopeOp>(op))
      return row(rope.getX()) == 1 && row(rope.getPositions()) == 1;
    if (auto append = dyn_cast<llm::CacheAppendOp>(op))
      return row(append.getKey()) == 1 && row(append.getValue()) == 1;
    if (auto attention = dyn_cast<llm::CachedAttentionOp>(op))
      return row(attention.getQuery()) == 1;
    if (isa<llm::TransposeOp>(op))
      return true;
    if (isa<llm::ReshapeOp, llm::SqueezeOp, llm::UnsqueezeOp>(op)) {
      Value from = op->getOperand(0), to = op->getResult(0);
      AffineExpr outside = row(from) >= 0 ? before(from, row(from)) : AffineExpr();
      return row(to) >= 0 && outside && outside == before(to, row(to));
    }
    if (isa<llm::ExpandOp>(op))
      return isAligned(op, op->getOperand(0));
    if (auto slice = dyn_cast<llm::SliceOp>(op))
      return !::llvm::is_contained(slice.getAxes(), row(slice.getX())) && row(slice.getX()) >= 0;
    if (auto concat = dyn_cast<llm::ConcatOp>(op))
      return row(concat.getResult()) != static_cast<int64_t>(concat.getAxis()) && isAligned(op, op->getOperands());
    if (auto matmul = dyn_cast<llm::MatmulOp>(op)) {
      bool isBatched = row(matmul.getRhs()) != none;
      return row(matmul.getLhs()) != last(matmul.getLhs()) &&
             (!isBatched || (row(matmul.getRhs()) < last(matmul.getRhs()) - 1 && isAligned(op, op->getOperands())));
    }
    return false;
  }
};

} // namespace

std::string findMixedRows(func::FuncOp step) { return RowCheck(step).run(); }

} // namespace lathe
