// fold-constants: ops over small constants become constants. Relies on the reference evaluator for every value.
#include "passes/Passes.h"

#include "ir/reference/Evaluator.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_FOLDCONSTANTS
#include "passes/Passes.h.inc"

namespace {

struct FoldConstants : impl::FoldConstantsBase<FoldConstants> {
  using FoldConstantsBase::FoldConstantsBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    for (Operation &op : ::llvm::make_early_inc_range(function.getBody().front()))
      if (DenseElementsAttr value = valueOf(&op)) {
        OpBuilder builder(&op);
        auto constant = builder.create<llm::ConstantOp>(op.getLoc(), value);
        op.getResult(0).replaceAllUsesWith(constant.getResult());
        op.erase();
        ++foldedCount;
      }
    // A constant may have a type with more sizes than what it replaced.
    function.setFunctionType(FunctionType::get(&getContext(), function.getArgumentTypes(),
                                               function.getBody().front().getTerminator()->getOperandTypes()));
  }

  bool isSmall(Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && isa<FloatType, IntegerType>(tensor.getElementType()) &&
           tensor.getNumElements() <= maxElements;
  }

  /// The result of an op whose operands are constants, or null.
  DenseElementsAttr valueOf(Operation *op) {
    if (op->getNumResults() != 1 || op->getNumOperands() == 0 || op->getNumRegions() != 0 || !isMemoryEffectFree(op) ||
        isa<llm::ShapeOfOp>(op) || !isSmall(op->getResult(0).getType()))
      return {};
    std::vector<reference::Tensor> operands;
    int64_t largest = 64;
    for (Value operand : op->getOperands()) {
      auto constant = operand.getDefiningOp<llm::ConstantOp>();
      if (!constant || !isSmall(operand.getType()))
        return {};
      Result<reference::Tensor> tensor = reference::tensorOf(constant.getValue());
      if (!tensor)
        return {};
      largest = std::max(largest, tensor->size());
      operands.push_back(std::move(*tensor));
    }
    // A table that is a product of rows and columns says more by them: a mask, distances times slopes.
    if (isa<llm::Pointwise>(op) && cast<RankedTensorType>(op->getResult(0).getType()).getNumElements() > largest)
      return {};
    Result<reference::Tensor> result = reference::evaluateOp(op, operands);
    if (!result || result->size() > maxElements)
      return {};
    Result<DenseElementsAttr> elements = reference::elementsOf(&getContext(), *result);
    if (!elements)
      return {};
    auto raw = (*elements).getRawData();
    int64_t count = result->size();
    if (count > 1 && !elements->isSplat() && raw.size() % count == 0) {
      size_t width = raw.size() / count;
      bool same = true;
      for (int64_t i = 1; same && i < count; ++i)
        same = raw.slice(i * width, width) == raw.take_front(width);
      if (same && !elements->getElementType().isInteger(1))
        return DenseElementsAttr::getFromRawBuffer(elements->getType(), raw.take_front(width));
    }
    return *elements;
  }
};

} // namespace
} // namespace lathe
