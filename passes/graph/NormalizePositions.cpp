// normalize-positions: integer tensors that are past + t become llm.positions. Relies on ElementValues for the proof.
#include "passes/Passes.h"
#include "passes/graph/ElementValues.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_NORMALIZEPOSITIONS
#include "passes/Passes.h.inc"

namespace {

struct NormalizePositions : impl::NormalizePositionsBase<NormalizePositions> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    llm::SymbolicShapes shapes(function);
    std::optional<unsigned> tokens;
    for (auto [index, name] : ::llvm::enumerate(shapes.symbols()))
      if (name == "tokens")
        tokens = index;
    if (!tokens)
      return;
    AffineExpr length = getAffineSymbolExpr(*tokens, &getContext());
    for (Operation &op : ::llvm::make_early_inc_range(function.getBody().front()))
      if (AffineExpr past = pastOf(&op, shapes, length)) {
        OpBuilder builder(&op);
        Value value = op.getResult(0);
        auto sizes = *shapes.shapeOf(value);
        auto positions = builder.create<llm::PositionsOp>(op.getLoc(), value.getType(),
                                                          AffineMapAttr::get(shapes.map({sizes[0], sizes[1], past})));
        value.replaceAllUsesWith(positions.getResult());
        op.erase();
        ++positionsCount;
      }
  }

  /// `past` when the op's result [b, t] is past + t, else null.
  AffineExpr pastOf(Operation *op, const llm::SymbolicShapes &shapes, AffineExpr length) {
    if (op->getNumResults() != 1 || isa<llm::PositionsOp, llm::ConstantOp, llm::WeightOp>(op))
      return {};
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || type.getRank() != 2 || !(type.getElementType().isInteger(64) || type.getElementType().isInteger(32)))
      return {};
    auto sizes = shapes.shapeOf(op->getResult(0));
    if (!sizes || (*sizes)[1] != length)
      return {};
    Coordinates coordinates(shapes, *sizes, &getContext());
    ElementValues values(shapes, coordinates);
    AffineExpr element = values.wholeAt(op->getResult(0), {coordinates[0], coordinates[1]});
    AffineExpr past = element ? shapes.sizes().sub(element, coordinates[1]) : AffineExpr();
    return past && !coordinates.contains(past) && shapes.sizes().isAtLeast(past, 0) ? past : AffineExpr();
  }
};

} // namespace
} // namespace lathe
