// fold-shapes and verify-canonical: integer tensors whose elements are known become llm.dims or llm.constant; types get
// the sizes that are static. Relies on SymbolicShapes for all knowledge.
#include "passes/Passes.h"

#include "ir/llm/ControlOps.h"
#include "ir/llm/SymbolicShapes.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_FOLDSHAPES
#define GEN_PASS_DEF_VERIFYCANONICAL
#include "passes/Passes.h.inc"

namespace {

/// Ops that already are a normal form of what they give, or say more than their elements: also the squeeze, unsqueeze, reshape or
/// cast that gives an llm.dims the type of a scalar, a matrix or narrower integers.
bool isNormal(Operation *op) {
  if (isa<llm::DimsOp, llm::ConstantOp, llm::WeightOp, llm::PositionsOp, llm::SizeOp>(op))
    return true;
  if (auto cast = dyn_cast<llm::CastOp>(op); cast && cast.getX().getDefiningOp())
    op = isa<llm::CastOp>(cast.getX().getDefiningOp()) ? op : cast.getX().getDefiningOp();
  if (isa<llm::SqueezeOp, llm::UnsqueezeOp, llm::ReshapeOp>(op) && op->getOperand(0).getDefiningOp())
    op = op->getOperand(0).getDefiningOp();
  return isa<llm::DimsOp>(op);
}

bool allNumbers(ArrayRef<AffineExpr> expressions) {
  return ::llvm::all_of(expressions, [](AffineExpr expression) { return llm::constantValue(expression).has_value(); });
}

/// The type with the sizes that are known to be numbers; null when it has them already.
RankedTensorType refinedType(Value value, const llm::SymbolicShapes &shapes) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.hasStaticShape())
    return {};
  SmallVector<int64_t> sizes(type.getShape());
  bool changed = false;
  for (auto [axis, size] : ::llvm::enumerate(sizes))
    if (auto number = llm::constantValue(shapes.sizeOf(value, axis)); number && ShapedType::isDynamic(size)) {
      size = *number;
      changed = true;
    }
  return changed ? RankedTensorType::get(sizes, type.getElementType(), type.getEncoding()) : RankedTensorType();
}

struct FoldShapes : impl::FoldShapesBase<FoldShapes> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    llm::SymbolicShapes shapes(function);
    OpBuilder builder(&getContext());
    DenseMap<std::pair<Attribute, Type>, Value> made; // one op for equal shapes
    // Dead shape arithmetic goes with the ops it was for, so from the end.
    for (Operation &op : ::llvm::make_early_inc_range(::llvm::reverse(function.getBody().front()))) {
      if (op.use_empty() && isMemoryEffectFree(&op) && !op.hasTrait<OpTrait::IsTerminator>()) {
        op.erase();
        continue;
      }
    }
    builder.setInsertionPointToStart(&function.getBody().front());
    definitions.clear();
    for (Operation &op : function.getBody().front())
      for (StringRef symbol : llm::definedSymbols(&op))
        if (auto position = llm::symbolPosition(&op, symbol))
          definitions[*position] = &op;
    SmallVector<Operation *> dead;
    for (Operation &op : ::llvm::make_early_inc_range(function.getBody().front())) {
      for (Value result : op.getResults())
        if (auto type = refinedType(result, shapes)) {
          result.setType(type);
          ++refinedCount;
        }
      if (op.getNumResults() != 1 || isNormal(&op) || op.getNumRegions() != 0)
        continue;
      auto content = shapes.contentOf(op.getResult(0));
      if (!content)
        continue;
      auto type = cast<RankedTensorType>(op.getResult(0).getType());
      if (!type.hasStaticShape())
        continue;
      Attribute key;
      if (allNumbers(*content)) {
        SmallVector<APInt> numbers;
        unsigned width = type.getElementTypeBitWidth();
        for (AffineExpr element : *content)
          numbers.push_back(APInt(width, *llm::constantValue(element), /*isSigned=*/true));
        key = DenseElementsAttr::get(type, numbers);
      } else {
        key = AffineMapAttr::get(shapes.map(*content));
      }
      Value &value = made[{key, type}];
      if (!value) {
        placeAfterSizes(builder, *content, function);
        value = isa<AffineMapAttr>(key)
                    ? makeDims(builder, op.getLoc(), type, cast<AffineMapAttr>(key))
                    : builder.create<llm::ConstantOp>(op.getLoc(), cast<ElementsAttr>(key)).getResult();
      }
      op.getResult(0).replaceAllUsesWith(value);
      dead.push_back(&op);
      ++foldedCount;
    }
    for (Operation *op : ::llvm::reverse(dead))
      op->erase();
    function.setFunctionType(FunctionType::get(&getContext(), function.getArgumentTypes(),
                                               function.getBody().front().getTerminator()->getOperandTypes()));
    normalizeBounds(function, shapes, builder);
  }

  /// At the start of the function, or where the last one of the expressions' symbols becomes known.
  void placeAfterSizes(OpBuilder &builder, ArrayRef<AffineExpr> expressions, func::FuncOp function) {
    Block &block = function.getBody().front();
    builder.setInsertionPointToStart(&block);
    if (definitions.empty())
      return;
    Operation *last = nullptr;
    for (AffineExpr expression : expressions)
      expression.walk([&](AffineExpr part) {
        auto symbol = dyn_cast<AffineSymbolExpr>(part);
        Operation *definition = symbol ? definitions.lookup(symbol.getPosition()) : nullptr;
        if (definition && (!last || last->isBeforeInBlock(definition)))
          last = definition;
      });
    if (last)
      builder.setInsertionPointAfter(last);
  }
  DenseMap<unsigned, Operation *> definitions; // symbols that data decides -> the op that makes them known

  /// The expressions as a tensor of any type of integers.
  Value makeDims(OpBuilder &builder, Location location, RankedTensorType type, AffineMapAttr expressions) {
    Type i64 = builder.getI64Type();
    int64_t count = expressions.getValue().getNumResults();
    Value value = builder.create<llm::DimsOp>(location, RankedTensorType::get({count}, i64), expressions);
    if (type.getRank() == 0) {
      value = builder.create<llm::SqueezeOp>(location, value, ArrayRef<int64_t>{0});
    } else if (type.getRank() > 1) {
      Value shape = builder.create<llm::ConstantOp>(
          location, DenseIntElementsAttr::get(RankedTensorType::get({type.getRank()}, i64), type.getShape()));
      value = builder.create<llm::ReshapeOp>(location, RankedTensorType::get(type.getShape(), i64), value, shape);
    }
    if (!type.getElementType().isInteger(64))
      value = builder.create<llm::CastOp>(location, type, value);
    return value;
  }

  /// Shapes of reshape and expand as llm.dims of the result's sizes (no -1 and 0 any more), where these are known.
  void normalizeBounds(func::FuncOp function, const llm::SymbolicShapes &shapes, OpBuilder &builder) {
    for (Operation &op : ::llvm::make_early_inc_range(function.getBody().front())) {
      if (!isa<llm::ReshapeOp, llm::ExpandOp>(op))
        continue;
      auto wanted = shapes.shapeOf(op.getResult(0));
      if (!wanted)
        continue;
      auto present = shapes.contentOf(op.getOperand(1));
      if (present && *present == *wanted)
        continue;
      builder.setInsertionPoint(&op);
      auto type = RankedTensorType::get({static_cast<int64_t>(wanted->size())}, builder.getI64Type());
      Value shape;
      if (allNumbers(*wanted)) {
        SmallVector<int64_t> numbers;
        for (AffineExpr size : *wanted)
          numbers.push_back(*llm::constantValue(size));
        shape = builder.create<llm::ConstantOp>(op.getLoc(), DenseIntElementsAttr::get(type, numbers));
      } else {
        shape = builder.create<llm::DimsOp>(op.getLoc(), type, AffineMapAttr::get(shapes.map(*wanted)));
      }
      Operation *before = op.getOperand(1).getDefiningOp();
      op.setOperand(1, shape);
      if (before && before->use_empty() && isMemoryEffectFree(before))
        before->erase();
      ++foldedCount;
    }
  }
};

struct VerifyCanonical : impl::VerifyCanonicalBase<VerifyCanonical> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    llm::SymbolicShapes shapes(function);
    for (Operation &op : function.getBody().front()) {
      for (Value result : op.getResults())
        if (auto type = refinedType(result, shapes)) {
          op.emitOpError("has the type ") << result.getType() << ", but its sizes are known: " << type;
          return signalPassFailure();
        }
      if (op.getNumResults() != 1 || isNormal(&op) || op.getNumRegions() != 0)
        continue;
      if (auto content = shapes.contentOf(op.getResult(0)); content) {
        InFlightDiagnostic diagnostic = op.emitOpError("computes a tensor whose elements are known: ");
        ::llvm::interleaveComma(*content, diagnostic, [&](AffineExpr element) {
          std::string text;
          ::llvm::raw_string_ostream(text) << element;
          diagnostic << text;
        });
        return signalPassFailure();
      }
    }
  }
};

} // namespace
} // namespace lathe
