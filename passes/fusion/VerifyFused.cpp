// verify-fused: the end of the phase fuse. Composite ops fit their operands by symbolic sizes, which the ops' own
// verifiers do not know; attention that stayed spelled out is remarked.
#include "passes/Passes.h"
#include "passes/fusion/FusePatterns.h"

#include "ir/llm/SymbolicShapes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_VERIFYFUSED
#include "passes/Passes.h.inc"

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

bool isBetween(Operation *op) {
  return isa<llm::Pointwise, llm::TransposeOp, llm::ReshapeOp, llm::UnsqueezeOp, llm::SqueezeOp, llm::ConcatOp,
             llm::SliceOp>(op);
}

bool isScores(Value value, int depth = 0) {
  Operation *op = value.getDefiningOp();
  if (!op || depth > 12)
    return false;
  if (auto product = dyn_cast<llm::MatmulOp>(op))
    return tensorOf(product.getLhs()).getRank() >= 3 && tensorOf(product.getRhs()).getRank() >= 3;
  return isBetween(op) &&
         ::llvm::any_of(op->getOperands(), [&](Value operand) { return isScores(operand, depth + 1); });
}

bool isWeighting(Value value, int depth = 0) {
  return ::llvm::any_of(value.getUsers(), [&](Operation *user) {
    return isa<llm::MatmulOp>(user) || (depth < 8 && isBetween(user) && isWeighting(user->getResult(0), depth + 1));
  });
}

class Verifier {
public:
  explicit Verifier(const llm::SymbolicShapes &shapes) : shapes(shapes) {}

  LogicalResult check(Operation *op) {
    return ::llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case<llm::RmsNormOp, llm::LayerNormOp>([&](auto norm) { return checkNorm(norm, norm.getEpsilon()); })
        .Case([&](llm::RopeOp rope) { return checkRope(rope); })
        .Case([&](llm::AttentionOp attention) { return checkAttention(attention); })
        .Case([&](llm::SoftmaxOp softmax) { return remarkSoftmax(softmax); })
        .Default([](Operation *) { return success(); });
  }

private:
  const llm::SymbolicShapes &shapes;

  /// Both known, and not the same.
  static bool differ(AffineExpr a, AffineExpr b) { return a && b && a != b; }

  static std::string text(AffineExpr size) {
    std::string result;
    ::llvm::raw_string_ostream(result) << size;
    return result;
  }

  LogicalResult checkNorm(Operation *op, const APFloat &epsilon) {
    if (epsilon.isNegative() || !epsilon.isFinite())
      return op->emitError("has an epsilon of ") << epsilon.convertToDouble() << ", which is below 0 or no number";
    return success();
  }

  LogicalResult checkRope(llm::RopeOp op) {
    for (int64_t axis : {0, 1})
      if (differ(shapes.sizeOf(op.getX(), axis), shapes.sizeOf(op.getPositions(), axis)))
        return op.emitError("rotates ") << op.getX().getType() << " by positions of another "
                                        << (axis ? "length" : "batch size") << ": "
                                        << text(shapes.sizeOf(op.getX(), axis)) << " and "
                                        << text(shapes.sizeOf(op.getPositions(), axis));
    return success();
  }

  LogicalResult checkAttention(llm::AttentionOp op) {
    if (!op.getScale().isFinite())
      return op.emitError("has a scale that is no number");
    if (op.getWindow() != 0 && !op.getCausal() && static_cast<int64_t>(op.getAhead()) < 0)
      return op.emitError("has a window of ") << op.getWindow() << " but is not causal, nor looks ahead only so far";
    AffineExpr batch = shapes.sizeOf(op.getQuery(), 0);
    for (Value other : {op.getKey(), op.getValue()})
      if (differ(batch, shapes.sizeOf(other, 0)))
        return op.emitError("has queries and keys of different batch sizes: ")
               << text(batch) << " and " << text(shapes.sizeOf(other, 0));
    if (op.getLengths() && differ(batch, shapes.sizeOf(op.getLengths(), 0)))
      return op.emitError("needs a length for each sequence, got ")
             << text(shapes.sizeOf(op.getLengths(), 0)) << " for " << text(batch);
    if (!op.getMask())
      return success();
    SmallVector<AffineExpr> sizes = {batch, shapes.sizeOf(op.getQuery(), 2), shapes.sizeOf(op.getQuery(), 1),
                                     shapes.sizeOf(op.getKey(), 1)};
    int64_t rank = tensorOf(op.getMask()).getRank();
    for (int64_t axis = 0; axis < rank; ++axis) {
      AffineExpr size = shapes.sizeOf(op.getMask(), axis), wanted = sizes[4 - rank + axis];
      if (size && llm::constantValue(size) != 1 && differ(size, wanted))
        return op.emitError("has a mask with ")
               << text(size) << " along axis " << axis << ", where the scores have " << text(wanted);
    }
    return success();
  }

  LogicalResult remarkSoftmax(llm::SoftmaxOp op) {
    if (looksLikeAttention(op))
      op.emitRemark("attention was not fused");
    return success();
  }
};

struct VerifyFused : impl::VerifyFusedBase<VerifyFused> {
  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    llm::SymbolicShapes shapes(getOperation());
    Verifier verifier(shapes);
    bool failed = false;
    getOperation().walk([&](Operation *op) { failed |= mlir::failed(verifier.check(op)); });
    if (failed)
      signalPassFailure();
  }
};

} // namespace

bool looksLikeAttention(llm::SoftmaxOp softmax) { return isScores(softmax.getX()) && isWeighting(softmax.getResult()); }

} // namespace lathe
