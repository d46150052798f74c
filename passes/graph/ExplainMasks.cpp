// explain-masks: says of each attention mask what MaskPredicate proves of it.
#include "passes/Passes.h"
#include "passes/graph/MaskPredicate.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_EXPLAINMASKS
#include "passes/Passes.h.inc"

namespace {

struct ExplainMasks : impl::ExplainMasksBase<ExplainMasks> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    llm::SymbolicShapes shapes(function);
    function.walk([&](Operation *op) {
      ::llvm::TypeSwitch<Operation *>(op)
          .Case<llm::SoftmaxOp>([&](llm::SoftmaxOp softmax) {
            auto sizes = shapes.shapeOf(softmax.getX());
            Operation *scores = softmax.getX().getDefiningOp();
            if (!sizes || sizes->size() != 4 || !scores)
              return;
            SmallVector<Value, 2> masks;
            if (auto select = dyn_cast<llm::SelectOp>(scores))
              masks = {select.getCondition()};
            else if (auto add = dyn_cast<llm::AddOp>(scores))
              masks = {add.getRhs(), add.getLhs()};
            if (!masks.empty())
              explain(op, masks, *sizes, shapes);
          })
          .Case<llm::AttentionOp>([&](llm::AttentionOp attention) {
            auto query = shapes.shapeOf(attention.getQuery()), key = shapes.shapeOf(attention.getKey());
            if (query && key && attention.getMask())
              explain(op, {attention.getMask()}, {(*query)[0], (*query)[2], (*query)[1], (*key)[1]}, shapes);
          });
    });
  }

  /// `masks`: candidates, the likeliest first.
  void explain(Operation *op, ArrayRef<Value> masks, ArrayRef<AffineExpr> sizes, const llm::SymbolicShapes &shapes) {
    MaskPredicate predicate;
    for (Value mask : masks) {
      MaskPredicate read = readMask(mask, sizes, shapes);
      if (mask == masks.front() || read.isKnown())
        predicate = read;
      if (read.isKnown())
        break;
    }
    if (!predicate.isKnown()) {
      ++unknownCount;
      InFlightDiagnostic remark = op->emitRemark("mask: unknown: ") << predicate.unknown;
      if (predicate.unknownOp)
        remark.attachNote(predicate.unknownOp->getLoc()) << "here";
      return;
    }
    ++knownCount;
    std::string text;
    ::llvm::raw_string_ostream stream(text);
    if (predicate.causal)
      stream << ", s <= t + " << predicate.causal;
    if (auto window = predicate.window(shapes))
      stream << ", window " << *window;
    else if (predicate.windowFrom)
      stream << ", s >= t + " << predicate.windowFrom;
    if (predicate.padding) {
      auto argument = cast<BlockArgument>(predicate.padding);
      auto name = getOperation().getArgAttrOfType<StringAttr>(argument.getArgNumber(), "llm.name");
      stream << ", padding '" << (name ? name.getValue() : "?") << "'";
    }
    op->emitRemark("mask: ") << (text.empty() ? "everything" : text.substr(2));
  }
};

} // namespace
} // namespace lathe
